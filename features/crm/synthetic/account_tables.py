"""The account side of the export: accounts and their history, people, targets."""

import numpy as np
import polars as pl

from features.crm.synthetic.accounts import COUNTRIES, INDUSTRIES, REGIONS, SEGMENTS
from features.crm.synthetic.contacts import Contacts
from features.crm.synthetic.log import Log
from features.crm.synthetic.names import company_names, person_names
from features.crm.synthetic.pipeline import Pipeline, World
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
from features.crm.synthetic.weeks import HOUR, Ints
from features.schema import SENIORITIES

PROSPECT, CUSTOMER, FORMER = range(3)
ACCOUNT_TYPES = ("prospect", "customer", "former_customer")
OWNER_CHANGE, SEGMENT_CHANGE, TYPE_CHANGE = range(3)
CHANGED_FIELDS = ("owner", "segment", "account_type")


def account_frame(rng: np.random.Generator, pipeline: Pipeline) -> pl.DataFrame:
    """Accounts with the values that they have at the end."""
    accounts, weeks = pipeline.world.accounts, pipeline.world.weeks
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
        "created_at": times(weeks.opening(accounts.arrives)),
    }
    return table("accounts", columns, weeks)


def account_change_frame(pipeline: Pipeline) -> pl.DataFrame:
    """Owner, segment and type of every account from its creation on."""
    world, weeks = pipeline.world, pipeline.world.weeks
    accounts, owner, kinds = world.accounts, world.reps.owner, _types(pipeline)
    index, born = np.arange(accounts.count), accounts.arrives
    log = Log("account", "moment", "field", "old", "new")
    created, nothing = weeks.opening(born), np.full(accounts.count, -1)
    first = (owner[born, index], accounts.segment, kinds[born, index])
    for field, value in enumerate(first):
        log.add(index, created, np.full(accounts.count, field), nothing, value)
    _moves(log, world, OWNER_CHANGE, owner)
    _moves(log, world, TYPE_CHANGE, kinds)
    grown = np.flatnonzero(accounts.segment_later != accounts.segment)
    moment = weeks.opening(accounts.segment_week[grown]) + HOUR
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
        "changed_by": REP_IDS.of(world.reps.manager[world.reps.owner[0]][account]),
    }
    return table("account_changes", columns, weeks)


def _moves(log: Log, world: World, field: int, grid: Ints) -> None:
    """Log every week in which a grid's value differs from the week before."""
    week, account = np.nonzero(grid[1:] != grid[:-1])
    week = week + 1
    later = week > world.accounts.arrives[account]
    week, account = week[later], account[later]
    log.add(
        account,
        world.weeks.opening(week),
        np.full(len(week), field),
        grid[week - 1, account],
        grid[week, account],
    )


def _types(pipeline: Pipeline) -> Ints:
    """Account type as the CRM shows it, by week and account: a week behind the contracts."""
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
    reps, n = world.reps, world.reps.count
    names = pl.Series("name", person_names(rng, n), dtype=pl.String)
    address = names.str.to_lowercase().str.replace_all(" ", ".") + "@example.com"
    columns = {
        "rep_id": REP_IDS.of(np.arange(n)),
        "name": names,
        "email": address,
        "manager_id": REP_IDS.of(reps.manager),
        "is_active": flags(reps.is_active),
        "time_zone": pl.Series("time_zone", ["UTC"] * n),
        "selling_hours_per_month": pl.Series("hours", [world.params.reps.selling_hours] * n),
    }
    return table("reps", columns, world.weeks)


def target_frame(rng: np.random.Generator, world: World) -> pl.DataFrame:
    """A bookings target for each rep and fiscal quarter, from the value of the book."""
    weeks, managers = world.weeks, world.reps.managers
    ends = weeks.quarter_ends
    last = int(np.searchsorted(ends, weeks.first_day + 7 * weeks.count))
    first = int(np.searchsorted(ends, weeks.first_day))
    rep, start, end, amount = [], [], [], []
    for quarter in range(first, last + 1):
        week = int(weeks.week_of(ends[quarter - 1 : quarter] + 1)[0])
        held = world.accounts.present(week)
        book = np.bincount(
            world.reps.owner[week][held],
            weights=world.accounts.value[held],
            minlength=world.reps.count,
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
    return table("targets", columns, weeks)


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
    return table("contacts", columns, world.weeks)
