"""The event side of the export: activities, contracts, invoices, tickets, usage, referrals."""

import numpy as np
import polars as pl

from features.crm.synthetic.activity import KINDS
from features.crm.synthetic.deal_tables import deal_order
from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline, World
from features.crm.synthetic.steps import NEVER
from features.crm.synthetic.tables import (
    ACCOUNT_IDS,
    ACTIVITY_IDS,
    CONTACT_IDS,
    CONTRACT_IDS,
    DEAL_IDS,
    INVOICE_IDS,
    REFERRAL_IDS,
    REP_IDS,
    TICKET_IDS,
    amounts,
    by_moment,
    dates,
    flags,
    table,
    times,
    words,
)
from features.schema import DIRECTIONS, PHASES, REFERRAL_KINDS

PRIORITIES = ("low", "normal", "high", "urgent")


def activity_frame(pipeline: Pipeline, log: Log) -> pl.DataFrame:
    """What the reps wrote down, numbered in the order of writing."""
    order = by_moment(log["recorded"], log["moment"], log["account"], log["kind"])
    which = log["deal"][order]
    rank = deal_order(pipeline)
    numbered = np.where(which >= 0, rank[which] if len(rank) else -1, -1)
    columns = {
        "activity_id": ACTIVITY_IDS.of(np.arange(len(order))),
        "account_id": ACCOUNT_IDS.of(log["account"][order]),
        "occurred_at": times(log["moment"][order]),
        "kind": words(KINDS, log["kind"][order]),
        "direction": words(DIRECTIONS, log["direction"][order]),
        "phase": words(PHASES, log["phase"][order]),
        "opportunity_id": DEAL_IDS.of(numbered),
        "contact_id": CONTACT_IDS.of(log["contact"][order]),
        "rep_id": REP_IDS.of(log["rep"][order]),
        "duration_minutes": amounts(log.numbers("minutes")[order]),
        "answered": flags(log["answered"][order]),
        "automated": flags(log["automated"][order]),
        "recorded_at": times(log["recorded"][order]),
    }
    return table("activities", columns, pipeline.world.steps)


def contract_frame(pipeline: Pipeline) -> pl.DataFrame:
    """Contracts, with the last day on which an auto-renewing one could be cancelled."""
    world, contracts = pipeline.world, pipeline.portfolio.contracts
    order = by_moment(contracts.recorded, contracts.account)
    notice = contracts.ends - world.params.contracts.notice_days
    columns = {
        "contract_id": CONTRACT_IDS.of(np.arange(len(order))),
        "account_id": ACCOUNT_IDS.of(contracts.account[order]),
        "starts_on": dates(contracts.starts[order]),
        "ends_on": dates(contracts.ends[order]),
        "annual_value": amounts(contracts.value[order]),
        "auto_renews": flags(contracts.is_auto[order]),
        "notice_on": dates(np.where(contracts.is_auto, notice, NEVER)[order]),
        "renewed_at": times(contracts.renewed[order]),
        "cancelled_at": times(contracts.cancelled[order]),
        "recorded_at": times(contracts.recorded[order]),
    }
    return table("contracts", columns, world.steps)


def invoice_frame(world: World, log: Log) -> pl.DataFrame:
    """Invoices and credit notes, numbered in the order in which they were entered."""
    order = by_moment(log["recorded"], log["moment"], log["account"])
    columns = {
        "invoice_id": INVOICE_IDS.of(np.arange(len(order))),
        "account_id": ACCOUNT_IDS.of(log["account"][order]),
        "issued_at": times(log["moment"][order]),
        "amount": amounts(log.numbers("amount")[order]),
        "due_on": dates(log["due"][order]),
        "paid_at": times(log["paid"][order]),
        "recorded_at": times(log["recorded"][order]),
    }
    return table("invoices", columns, world.steps)


def ticket_frame(world: World, log: Log) -> pl.DataFrame:
    """Support tickets."""
    order = by_moment(log["opened"], log["account"])
    columns = {
        "ticket_id": TICKET_IDS.of(np.arange(len(order))),
        "account_id": ACCOUNT_IDS.of(log["account"][order]),
        "opened_at": times(log["opened"][order]),
        "closed_at": times(log["closed"][order]),
        "priority": words(PRIORITIES, log["priority"][order]),
        "escalated_at": times(log["escalated"][order]),
        "csat": amounts(log.numbers("csat")[order]),
    }
    return table("tickets", columns, world.steps)


def usage_frame(world: World, log: Log) -> pl.DataFrame:
    """Active users by week; the CRM learns of a week when it is over."""
    order = by_moment(log["day"], log["account"])
    columns = {
        "account_id": ACCOUNT_IDS.of(log["account"][order]),
        "period_on": dates(log["day"][order]),
        "metric": words(("active_users",), np.zeros(len(order), dtype=np.int64)),
        "value": amounts(log.numbers("value")[order]),
        "recorded_at": times(log["recorded"][order]),
    }
    return table("usage", columns, world.steps)


def referral_frame(world: World, log: Log) -> pl.DataFrame:
    """Recommendations by customers."""
    order = by_moment(log["given"], log["account"])
    columns = {
        "referral_id": REFERRAL_IDS.of(np.arange(len(order))),
        "account_id": ACCOUNT_IDS.of(log["account"][order]),
        "given_at": times(log["given"][order]),
        "kind": words(REFERRAL_KINDS, log["kind"][order]),
    }
    return table("referrals", columns, world.steps)
