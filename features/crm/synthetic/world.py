"""The making of a world: hidden state first, then deals, then what the CRM gets to see."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic import account_tables, deal_tables, event_tables
from features.crm.synthetic.accounts import make_accounts, make_latent
from features.crm.synthetic.activity import make_activities
from features.crm.synthetic.billing import make_invoices
from features.crm.synthetic.contacts import attach, make_contacts
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.pipeline import Pipeline, World
from features.crm.synthetic.pursuit import run_pipeline
from features.crm.synthetic.reps import make_reps
from features.crm.synthetic.service import (
    make_covenants,
    make_referrals,
    make_tickets,
    make_usage,
)
from features.crm.synthetic.weeks import make_weeks

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
)
"""Every part draws from a stream of its own. New parts go to the end: the order is the seed."""


def make_world(params: WorldParams) -> Mapping[str, pl.DataFrame]:
    """Make the CRM of one synthetic company, as it stands at `params.until`.

    Returns:
        Contract tables by name, each conforming to `features.schema`, sorted by the moment at
        which the CRM learnt of a row. Nothing in them is stamped at or after `until`, but for
        due dates, ends of contracts and the like.
    """
    streams = streams_of(params.seed)
    pipeline = run_pipeline(streams["pursuit"], make_stage(params))
    return _export(streams, pipeline)


def streams_of(seed: int) -> dict[str, np.random.Generator]:
    """One independent generator for each part."""
    children = np.random.SeedSequence(seed).spawn(len(PARTS))
    return {part: np.random.default_rng(child) for part, child in zip(PARTS, children, strict=True)}


def make_stage(params: WorldParams) -> World:
    """Calendar, accounts, hidden state and team: all that deals depend on."""
    streams = streams_of(params.seed)
    weeks = make_weeks(
        params.until,
        years=params.years,
        fiscal_year_start_month=params.fiscal_year_start_month,
    )
    accounts = make_accounts(streams["accounts"], params, weeks)
    latent = make_latent(streams["latent"], params.latent, (weeks.count, params.accounts))
    reps = make_reps(streams["reps"], params, weeks, accounts)
    return World(params, weeks, accounts, latent, reps)


def _export(
    streams: Mapping[str, np.random.Generator], pipeline: Pipeline
) -> Mapping[str, pl.DataFrame]:
    """Everything that follows from the deals, as contract tables."""
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
        "stages": deal_tables.stage_frame(world.weeks),
    }
