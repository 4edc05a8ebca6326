"""Forward tables: what forward worlds leave in the CRM, with the past that outcomes refer to.

Only what an outcome is judged by is there: accounts are called by their number, and neither
histories of change nor contacts, usage, promises and names are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic import deals as deal
from features.crm.synthetic.activity import KINDS, make_activities
from features.crm.synthetic.billing import make_invoices
from features.crm.synthetic.contacts import make_contacts, nobody
from features.crm.synthetic.forward import Futures, History
from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.service import make_referrals, make_tickets
from features.crm.synthetic.steps import DAY, Flags, Ints
from features.crm.synthetic.tables import amounts, dates, flags, times, words
from features.crm.synthetic.world import streams_of
from features.schema import DEAL_TYPES, DIRECTIONS, RECORDED_AT, TABLES, TIME

LOOK_BACK_DAYS: Final = 400
"""A year before a window, and some days."""
FRACTIONAL: Final = frozenset({"minutes", "amount", "csat"})
"""Columns of the logs that are not whole numbers."""
_MADE: Final = ("activities", "invoices", "tickets", "referrals")


@dataclass(frozen=True, slots=True)
class Traces:
    """What a world leaves behind beside deals and contracts; every log has a `step`."""

    activities: Log
    invoices: Log
    tickets: Log
    referrals: Log


def past_traces(history: History) -> Traces:
    """The traces of the whole history, exactly as they are exported."""
    streams = streams_of(history.world.params.seed, history.block)
    contacts = make_contacts(streams["contacts"], history.world)
    return Traces(
        activities=make_activities(streams["activities"], history.pipeline, contacts),
        invoices=make_invoices(streams["invoices"], history.pipeline),
        tickets=make_tickets(streams["tickets"], history.pipeline),
        referrals=make_referrals(streams["referrals"], history.pipeline),
    )


def recent_traces(
    history: History, past: Traces, moment: datetime, *, approach_days: int
) -> Traces:
    """The traces set in motion before a moment that outcomes after it refer to.

    Touches count from `approach_days` before a renewal that is not settled, and before today.
    Invoices are what growth is measured by only in a CRM without contracts, and what makes an
    account pursued only in one without deals and activities; elsewhere returns are enough.

    Args:
        history: a world with a state at `moment`.
        past: its traces.
        moment: where forward worlds part.
        approach_days: how long before a renewal touches count.
    """
    state, hidden = history.states[moment], history.world.params.hidden
    today = int(history.world.steps.day(state.step))
    contracts = state.portfolio.main >= 0
    due = np.where(contracts, np.minimum(state.portfolio.ends, today), today)
    # One day more: days begin elsewhere in other zones.
    first = (due - approach_days - 1) * DAY
    long_ago = (today - LOOK_BACK_DAYS) * DAY
    told, bills = past.activities, past.invoices
    is_touch = (told["moment"] >= first[told["account"]]) & (told["automated"] == 0)
    orders_matter = "contracts" in hidden or hidden >= {"opportunities", "activities"}
    is_bill = bills["moment"] >= (long_ago if orders_matter else (today - 1) * DAY)
    is_bill |= (bills.numbers("amount") < 0) & (bills["moment"] >= long_ago)
    return Traces(
        activities=_taken(told, is_touch, state.step),
        invoices=_taken(bills, is_bill, state.step),
        tickets=_taken(past.tickets, past.tickets["opened"] >= long_ago, state.step),
        referrals=_taken(past.referrals, past.referrals["given"] >= long_ago, state.step),
    )


def forward_tables(
    rng: np.random.Generator, futures: Futures, past: Traces, *, end: int
) -> Mapping[str, pl.LazyFrame]:
    """Contract tables of all forward worlds as one book.

    Args:
        rng: source of chance for what the futures leave behind.
        futures: the worlds, lived through.
        past: traces that they share, as `recent_traces` gives them.
        end: moment at which the history ends; what the CRM learns from then on is left out.
    """
    pipeline = futures.pipeline
    ahead = Traces(
        activities=make_activities(rng, pipeline, nobody(len(pipeline.portfolio.main))),
        invoices=make_invoices(rng, pipeline),
        tickets=make_tickets(rng, pipeline),
        referrals=make_referrals(rng, pipeline),
    )
    since = int(pipeline.world.steps.day(0)) - LOOK_BACK_DAYS
    columns = {name: _joined(getattr(past, name), getattr(ahead, name), futures) for name in _MADE}
    count = futures.worlds * futures.accounts
    created = times(np.full(count, since * DAY))
    frames = {
        "accounts": pl.DataFrame({"account_id": ids(np.arange(count)), "created_at": created}),
        "opportunities": _opportunities(pipeline),
        "quotes": _quotes(pipeline),
        "contracts": _contracts(pipeline),
        "activities": _activities(columns["activities"]),
        "invoices": _invoices(columns["invoices"]),
        "tickets": _tickets(columns["tickets"]),
        "referrals": _referrals(columns["referrals"]),
    }
    hidden = pipeline.world.params.hidden
    return {name: _whole(name, frame, end) for name, frame in frames.items() if name not in hidden}


def ids(index: Ints) -> pl.Series:
    """Accounts and deals of forward worlds are called by their number."""
    return pl.Series("id", index, dtype=pl.Int64).cast(pl.String)


def _taken(log: Log, is_wanted: Flags, step: int) -> Log:
    """The wanted rows of a log that were set in motion before the step."""
    kept = is_wanted & (log["step"] < step)
    taken = Log(*log.columns)
    taken.add(*(_column(log, name)[kept] for name in log.columns))
    return taken


def _column(log: Log, name: str) -> np.ndarray:
    return log.numbers(name) if name in FRACTIONAL else log[name]


def _joined(past: Log, ahead: Log, futures: Futures) -> Mapping[str, np.ndarray]:
    """Rows that were set in motion before the worlds parted, in every one, and what followed."""
    worlds, n = futures.worlds, futures.accounts
    joined: dict[str, np.ndarray] = {}
    for name in past.columns:
        shared = _column(past, name)
        then = np.tile(shared, worlds)
        if name == "account":
            then += np.repeat(np.arange(worlds) * n, len(shared))
        joined[name] = np.concatenate([then, _column(ahead, name)])
    return joined


def _opportunities(pipeline: Pipeline) -> pl.DataFrame:
    deals = pipeline.deals
    state = np.maximum(deals.stage - deal.NEGOTIATE, 0)
    return pl.DataFrame(
        {
            "opportunity_id": ids(np.arange(deals.count)),
            "account_id": ids(deals.account),
            "type": words(DEAL_TYPES, deals.kind),
            "amount": amounts(deals.amount),
            "discount_pct": amounts(deals.discount),
            "close_date": dates(deals.close_day),
            "created_at": times(deals.created),
            "closed_at": times(deals.closed),
            "outcome": words(("open", "won", "lost"), state),
        }
    )


def _quotes(pipeline: Pipeline) -> pl.DataFrame:
    quotes = pipeline.logs.quotes
    moment = quotes["moment"]
    return pl.DataFrame(
        {
            "quote_id": ids(np.arange(len(moment))),
            "opportunity_id": ids(quotes["deal"]),
            "quoted_at": times(moment),
            "list_amount": amounts(quotes.numbers("list_amount")),
            "amount": amounts(quotes.numbers("amount")),
        }
    )


def _contracts(pipeline: Pipeline) -> pl.DataFrame:
    contracts = pipeline.portfolio.contracts
    return pl.DataFrame(
        {
            "contract_id": ids(np.arange(len(contracts.account))),
            "account_id": ids(contracts.account),
            "starts_on": dates(contracts.starts),
            "ends_on": dates(contracts.ends),
            "annual_value": amounts(contracts.value),
            "auto_renews": flags(contracts.is_auto),
            "renewed_at": times(contracts.renewed),
            "cancelled_at": times(contracts.cancelled),
            RECORDED_AT: times(contracts.recorded),
        }
    )


def _activities(log: Mapping[str, np.ndarray]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "activity_id": ids(np.arange(len(log["moment"]))),
            "account_id": ids(log["account"]),
            "occurred_at": times(log["moment"]),
            "kind": words(KINDS, log["kind"]),
            "direction": words(DIRECTIONS, log["direction"]),
            "duration_minutes": amounts(log["minutes"]),
            "answered": flags(log["answered"]),
            "automated": flags(log["automated"]),
            RECORDED_AT: times(log["recorded"]),
        }
    ).filter(~pl.col("automated"))


def _invoices(log: Mapping[str, np.ndarray]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "invoice_id": ids(np.arange(len(log["moment"]))),
            "account_id": ids(log["account"]),
            "issued_at": times(log["moment"]),
            "amount": amounts(log["amount"]),
            "due_on": dates(log["due"]),
            "paid_at": times(log["paid"]),
            RECORDED_AT: times(log["recorded"]),
        }
    )


def _tickets(log: Mapping[str, np.ndarray]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "ticket_id": ids(np.arange(len(log["opened"]))),
            "account_id": ids(log["account"]),
            "opened_at": times(log["opened"]),
            "closed_at": times(log["closed"]),
            "escalated_at": times(log["escalated"]),
        }
    )


def _referrals(log: Mapping[str, np.ndarray]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "referral_id": ids(np.arange(len(log["given"]))),
            "account_id": ids(log["account"]),
            "given_at": times(log["given"]),
        }
    )


def _whole(name: str, frame: pl.DataFrame, end: int) -> pl.LazyFrame:
    """The contract's columns, absent ones null, without what is recorded after the end."""
    contract = TABLES[name]
    if contract.moment is not None and RECORDED_AT not in frame.columns:
        frame = frame.with_columns(pl.col(contract.moment).cast(TIME).alias(RECORDED_AT))
    columns = [
        (pl.col(column.name) if column.name in frame.columns else pl.lit(None))
        .cast(column.dtype)
        .alias(column.name)
        for column in contract.columns
    ]
    whole = frame.select(columns)
    if contract.moment is not None:
        whole = whole.filter(pl.col(RECORDED_AT) < pl.lit(end).cast(TIME))
    return whole.lazy()
