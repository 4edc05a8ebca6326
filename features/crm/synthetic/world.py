"""The making of a world: hidden state first, then deals, then what the CRM gets to see."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic import account_tables, deal_tables, event_tables
from features.crm.synthetic.accounts import make_accounts
from features.crm.synthetic.activity import make_activities
from features.crm.synthetic.billing import make_invoices
from features.crm.synthetic.blocks import sized, told_apart
from features.crm.synthetic.contacts import attach, make_contacts
from features.crm.synthetic.latent import draw_traits, first_mood, walk
from features.crm.synthetic.mess import MESS_PARTS, apply_mess
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.pipeline import Pipeline, World
from features.crm.synthetic.pursuit import run_pipeline
from features.crm.synthetic.reps import first_tenure, make_team, walk_books
from features.crm.synthetic.service import (
    make_covenants,
    make_referrals,
    make_tickets,
    make_usage,
)
from features.crm.synthetic.steps import make_steps

PARTS: Final = (
    "accounts",
    "latent",
    "reps",
    "pursuit",
    "contacts",
    "attach",
    "activities",
    "invoices",
    "tickets",
    "usage",
    "referrals",
    "covenants",
    "company names",
    "rep names",
    "deal words",
    "roles",
    "quotes",
    "targets",
    *MESS_PARTS,
)
"""Every part draws from a stream of its own. New parts go to the end: the order is the seed."""
REFERENCES: Final = {"opportunities": "opportunity_id", "contacts": "contact_id"}
"""What an activity names, and cannot name where the CRM does not keep it."""
SHARED_PARTS: Final = frozenset({"rates"})
"""Parts that draw the same for every block of a world."""


def make_world(params: WorldParams) -> Mapping[str, pl.DataFrame]:
    """Make the CRM of one synthetic company, as it stands at `params.until`.

    Returns:
        Contract tables by name, each conforming to `features.schema`. Nothing in them is stamped
        at or after `until`, but for due dates, ends of contracts and the like.
    """
    blocks = list(world_blocks(params))
    if len(blocks) == 1:
        return blocks[0]
    names = dict.fromkeys(name for block in blocks for name in block)
    return {name: pl.concat([block[name] for block in blocks if name in block]) for name in names}


def world_blocks(params: WorldParams) -> Iterator[Mapping[str, pl.DataFrame]]:
    """The same world, some accounts at a time, so that memory is bounded.

    Every block has a team of its own. Tables that are the same for all stand in the first.
    """
    for number, accounts in enumerate(sized(params.accounts, params.block)):
        block = replace(params, accounts=accounts)
        streams = streams_of(params.seed, number)
        pipeline = run_pipeline(streams["pursuit"], make_stage(block, streams))
        yield told_apart(publish(streams, pipeline), number)


def streams_of(seed: int, block: int = 0) -> dict[str, np.random.Generator]:
    """One independent generator for each part of a block."""
    streams = {}
    for place, part in enumerate(PARTS):
        own = (place,) if block == 0 or part in SHARED_PARTS else (place, block)
        streams[part] = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=own))
    return streams


def make_stage(params: WorldParams, streams: Mapping[str, np.random.Generator]) -> World:
    """Calendar, accounts, hidden state and team: all that deals depend on."""
    steps = make_steps(
        params.until,
        years=params.years,
        fiscal_year_start_month=params.fiscal_year_start_month,
    )
    n, rng = params.accounts, streams["latent"]
    accounts = make_accounts(streams["accounts"], params, steps)
    traits = draw_traits(rng, params.latent, n)
    mood = first_mood(rng, params.latent, n)
    latent = walk(rng, params.latent, traits=traits, mood=mood, steps=steps)
    rng = streams["reps"]
    team = make_team(rng, params, n)
    tenure = first_tenure(rng, params, team, accounts=n, today=int(steps.edges[0]))
    reps = walk_books(rng, params, team, tenure=tenure, accounts=accounts, steps=steps)
    return World(params, steps, accounts, latent, reps)


def publish(
    streams: Mapping[str, np.random.Generator], pipeline: Pipeline
) -> Mapping[str, pl.DataFrame]:
    """Everything that follows from the deals, as contract tables with their mess."""
    world = pipeline.world
    end = datetime.combine(world.params.until, time(), UTC)
    tables = apply_mess(streams, _clean(streams, pipeline), world.params.mess, end=end)
    hidden = world.params.hidden
    kept = {name: frame for name, frame in tables.items() if name not in hidden}
    for table, column in REFERENCES.items():
        if table in hidden and "activities" in kept:
            kept["activities"] = kept["activities"].with_columns(
                pl.lit(None, pl.String).alias(column)
            )
    return kept


def _clean(
    streams: Mapping[str, np.random.Generator], pipeline: Pipeline
) -> Mapping[str, pl.DataFrame]:
    """The contract tables as they would be if nobody made mistakes."""
    world = pipeline.world
    contacts = make_contacts(streams["contacts"], world)
    attached = attach(streams["attach"], pipeline, contacts)
    activities = make_activities(streams["activities"], pipeline, contacts)
    accounts = account_tables.account_frame(streams["company names"], pipeline)
    names = accounts.select("account_id", "name")
    return {
        "accounts": accounts,
        "account_changes": account_tables.account_change_frame(pipeline),
        "reps": account_tables.rep_frame(streams["rep names"], world),
        "opportunities": deal_tables.opportunity_frame(streams["deal words"], pipeline, names),
        "opportunity_changes": deal_tables.change_frame(pipeline),
        "activities": event_tables.activity_frame(pipeline, activities),
        "contacts": account_tables.contact_frame(world, contacts),
        "opportunity_contacts": deal_tables.opportunity_contact_frame(
            streams["roles"], pipeline, attached
        ),
        "contracts": event_tables.contract_frame(pipeline),
        "invoices": event_tables.invoice_frame(world, make_invoices(streams["invoices"], pipeline)),
        "tickets": event_tables.ticket_frame(world, make_tickets(streams["tickets"], pipeline)),
        "usage": event_tables.usage_frame(world, make_usage(streams["usage"], pipeline)),
        "referrals": event_tables.referral_frame(
            world, make_referrals(streams["referrals"], pipeline)
        ),
        "covenants": deal_tables.covenant_frame(
            pipeline, make_covenants(streams["covenants"], pipeline)
        ),
        "quotes": deal_tables.quote_frame(streams["quotes"], pipeline),
        "targets": account_tables.target_frame(streams["targets"], world),
        "stages": deal_tables.stage_frame(world.steps),
    }
