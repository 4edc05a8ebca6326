"""The account side of the export: accounts and their history, people, targets."""

import numpy as np
import polars as pl

from features.crm.synthetic.accounts import COUNTRIES, INDUSTRIES, REGIONS, SEGMENTS
from features.crm.synthetic.contacts import Contacts
from features.crm.synthetic.log import Log
from features.crm.synthetic.names import company_names, person_names
from features.crm.synthetic.pipeline import Pipeline, World
from features.crm.synthetic.steps import DAY, HOUR, Ints
from features.crm.synthetic.tables import (
    ACCOUNT_IDS,
    CONTACT_IDS,
    REP_IDS,
    by_moment,
    dates,
    flags,
    table,
    times,
    words,
)
from features.schema import SENIORITIES

PROSPECT, CUSTOMER, FORMER = range(3)
ACCOUNT_TYPES = ("prospect", "customer", "former_customer")
OWNER_CHANGE, SEGMENT_CHANGE, TYPE_CHANGE = range(3)
CHANGED_FIELDS = ("owner", "segment", "account_type")


def account_frame(rng: np.random.Generator, pipeline: Pipeline) -> pl.DataFrame:
    """Accounts with the values that they have at the end."""
    accounts, steps = pipeline.world.accounts, pipeline.world.steps
    index = np.arange(accounts.count)
    columns = {
        "account_id": ACCOUNT_IDS.of(index),
        "name": pl.Series("name", company_names(rng, accounts.industry), dtype=pl.String),
        "owner_rep_id": REP_IDS.of(pipeline.world.reps.owner[-1]),
        "account_type": words(ACCOUNT_TYPES, _types(pipeline)[-1]),
        "segment": words(SEGMENTS, accounts.segment_later),
        "industry": words(INDUSTRIES, accounts.industry),
        "country": words(COUNTRIES, accounts.country),
        "region": words(REGIONS, accounts.country),
        "employees": pl.Series("employees", accounts.employees),
        "annual_revenue": pl.Series("annual_revenue", accounts.revenue),
        "created_at": times(steps.opening(accounts.arrives)),
    }
    return table("accounts", columns, steps)


def account_change_frame(pipeline: Pipeline) -> pl.DataFrame:
    """Owner, segment and type of every account from its creation on."""
    world, steps = pipeline.world, pipeline.world.steps
    accounts, owner, kinds = world.accounts, world.reps.owner, _types(pipeline)
    index, born = np.arange(accounts.count), accounts.arrives
    log = Log("account", "moment", "field", "old", "new")
    created, nothing = steps.opening(born), np.full(accounts.count, -1)
    first = (owner[born, index], accounts.segment, kinds[born, index])
    for field, value in enumerate(first):
        log.add(index, created, np.full(accounts.count, field), nothing, value)
    _moves(log, world, OWNER_CHANGE, owner)
    _moves(log, world, TYPE_CHANGE, kinds)
    grown = np.flatnonzero(accounts.segment_later != accounts.segment)
    moment = steps.opening(accounts.segment_step[grown]) + HOUR
    log.add(
        grown,
        moment,
        np.full(len(grown), SEGMENT_CHANGE),
        accounts.segment[grown],
        accounts.segment_later[grown],
    )
    order = by_moment(log["moment"], log["account"], log["field"])
    account, moment, fields = (log[column][order] for column in ("account", "moment", "field"))
    columns = {
        "account_id": ACCOUNT_IDS.of(account),
        "changed_at": times(moment),
        "field": words(CHANGED_FIELDS, fields),
        "old": _value(fields, log["old"][order]),
        "new": _value(fields, log["new"][order]),
        "changed_by": REP_IDS.of(world.reps.team.manager[world.reps.owner[0]][account]),
    }
    return table("account_changes", columns, steps)


def _moves(log: Log, world: World, field: int, grid: Ints) -> None:
    """Log every step in which a grid's value differs from the step before."""
    step, account = np.nonzero(grid[1:] != grid[:-1])
    step = step + 1
    later = step > world.accounts.arrives[account]
    step, account = step[later], account[later]
    log.add(
        account,
        world.steps.opening(step),
        np.full(len(step), field),
        grid[step - 1, account],
        grid[step, account],
    )


def _types(pipeline: Pipeline) -> Ints:
    """Account type as the CRM shows it, by step and account: a step behind the contracts."""
    was = np.vstack([pipeline.world.accounts.is_customer[None, :], pipeline.is_customer[:-1]])
    ever = np.maximum.accumulate(was, axis=0)
    return np.where(was, CUSTOMER, np.where(ever, FORMER, PROSPECT)).astype(np.int64)


def _value(field: Ints, code: Ints) -> pl.Series:
    """The text of a changed value."""
    parts = pl.DataFrame(
        {
            "field": field,
            "owner": REP_IDS.of(code),
            "segment": words(SEGMENTS, np.where(field == SEGMENT_CHANGE, code, -1)),
            "type": words(ACCOUNT_TYPES, np.where(field == TYPE_CHANGE, code, -1)),
        }
    )
    is_owner = pl.col("field") == OWNER_CHANGE
    text = pl.when(is_owner).then("owner").otherwise(pl.coalesce("segment", "type"))
    return parts.select(text.alias("value"))["value"]


def rep_frame(rng: np.random.Generator, world: World) -> pl.DataFrame:
    """The team; addresses are under a domain reserved for examples."""
    team, n = world.reps.team, world.reps.team.count
    names = pl.Series("name", person_names(rng, n), dtype=pl.String)
    address = names.str.to_lowercase().str.replace_all(" ", ".") + "@example.com"
    columns = {
        "rep_id": REP_IDS.of(np.arange(n)),
        "name": names,
        "email": address,
        "manager_id": REP_IDS.of(team.manager),
        "is_active": flags(world.reps.is_active(world.steps)),
        "time_zone": pl.Series("time_zone", ["UTC"] * n),
        "selling_hours_per_month": pl.Series("hours", [world.params.reps.selling_hours] * n),
    }
    return table("reps", columns, world.steps)


def target_frame(rng: np.random.Generator, world: World) -> pl.DataFrame:
    """A bookings target for each rep and fiscal quarter, from the value of the book."""
    steps, managers = world.steps, world.reps.team.managers
    ends = steps.quarter_ends
    last = int(np.searchsorted(ends, steps.end // DAY))
    first = int(np.searchsorted(ends, int(steps.edges[0])))
    rep, start, end, amount = [], [], [], []
    for quarter in range(first, last + 1):
        step = int(steps.step_of(ends[quarter - 1 : quarter] + 1)[0])
        held = world.accounts.present(step)
        book = np.bincount(
            world.reps.owner[step][held],
            weights=world.accounts.value[held],
            minlength=world.reps.team.count,
        )
        sellers = np.flatnonzero(book > 0)
        sellers = sellers[sellers >= managers]
        rep.append(sellers)
        start.append(np.full(len(sellers), ends[quarter - 1] + 1))
        end.append(np.full(len(sellers), ends[quarter]))
        amount.append(np.round(0.19 * book[sellers] * rng.lognormal(0, 0.08, len(sellers)), -3))
    columns = {
        "rep_id": REP_IDS.of(np.concatenate(rep)),
        "period_start": dates(np.concatenate(start)),
        "period_end": dates(np.concatenate(end)),
        "amount": pl.Series("amount", np.concatenate(amount)),
    }
    return table("targets", columns, steps)


def contact_frame(world: World, contacts: Contacts) -> pl.DataFrame:
    """Contacts without names: nothing that the product reads needs them."""
    columns = {
        "contact_id": CONTACT_IDS.of(np.arange(len(contacts.account))),
        "account_id": ACCOUNT_IDS.of(contacts.account),
        "seniority": words(SENIORITIES, contacts.seniority),
        "is_decision_maker": flags(contacts.is_decision_maker),
        "created_at": times(contacts.created),
        "left_at": times(contacts.left),
    }
    return table("contacts", columns, world.steps)
