"""Renewals without an opportunity: a contract that runs out is a deal of its own.

Such a deal is `contract:` and the contract's id. It is open from 90 days before the contract's last
day, won when the contract is renewed, and lost when it is cancelled or has lapsed: 60 days past its
last day. From the moment at which the CRM knows a renewal opportunity of the account for this end,
the opportunity is the deal and the contract's is over: neither won nor lost, but handed over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import known_from, value_at
from features.schema import (
    ACCOUNT_ID,
    AS_OF,
    DEAL_TYPES,
    ENTITY_ID,
    OPPORTUNITY_ID,
    OWNER_REP_ID,
    TABLES,
    TEXT,
)
from features.snapshot.moments import moments_of

PREFIX = "contract:"
"""Before the id of a contract where it is a deal."""
OPEN_DAYS = timedelta(days=90)
"""How long before its contract's last day a renewal is worked on."""
LAPSE_DAYS = timedelta(days=60)
"""A contract that ended so many days ago without a renewal is no longer waited for."""
OPENED_EARLY = timedelta(days=180)
"""A renewal opportunity opened longer before a contract's last day is not for that end."""

_TOLD = ("type", "created_at", "amount", OWNER_REP_ID, "committed_on")


def has_contract_deals(book: Book, spine: pl.LazyFrame | None = None) -> bool:
    """Whether contracts may be deals: the CRM says when they end and when they were renewed.

    Where renewals are never recorded, every contract would seem to lapse. A spine of coded ids
    holds opportunities only.
    """
    is_of_text = spine is None or spine.collect_schema()[ENTITY_ID] == TEXT
    return is_of_text and book.has("contracts", "contracts.renewed_at")


def contract_deals(book: Book, calendar: Calendar) -> pl.LazyFrame:
    """Every contract as a deal, whenever it was open.

    Everything is told by moments, so that what happened by as_of is a comparison with it.

    Returns:
        entity_id, account_id, ends_on, annual_value (as it stands today), created_at (the start of
        the day 90 days before ends_on), opens_at (that, or later when the CRM learnt of the
        contract only then), closed_at (the first of renewal, cancellation, hand-over and lapse,
        the end of the 60th day after ends_on), outcome (won, lost, null when handed over). One
        row per contract whose deal's id is not an opportunity's.
    """
    ends_on = pl.col("ends_on")
    contracts = book["contracts"].select(
        (pl.lit(PREFIX) + pl.col("contract_id")).alias(ENTITY_ID),
        *(ACCOUNT_ID, "starts_on", "ends_on", "annual_value", "renewed_at", "cancelled_at"),
        calendar.start_of(ends_on - OPEN_DAYS).alias("created_at"),
        calendar.end_of(ends_on + LAPSE_DAYS).alias("lapsed_at"),
        known_from(TABLES["contracts"], calendar).alias("known"),
    )
    closed_at = pl.min_horizontal("renewed_at", "cancelled_at", "lapsed_at", "handed_at")
    outcome = (
        pl.when(pl.col("renewed_at") == pl.col("closed_at"))
        .then(pl.lit("won"))
        .when(pl.col("handed_at").ne_missing(pl.col("closed_at")))
        .then(pl.lit("lost"))
    )
    opportunities = book["opportunities"].select(pl.col(OPPORTUNITY_ID).alias(ENTITY_ID))
    return (
        contracts.join(opportunities, on=ENTITY_ID, how="anti")
        .join(_handed(book, contracts, calendar), on=ENTITY_ID, how="left")
        .with_columns(closed_at.alias("closed_at"))
        .select(
            *(ENTITY_ID, ACCOUNT_ID, "ends_on", "annual_value", "created_at"),
            pl.max_horizontal("known", "created_at").alias("opens_at"),
            "closed_at",
            outcome.alias("outcome"),
        )
    )


def contract_deal_spine(book: Book, as_ofs: Sequence[datetime], calendar: Calendar) -> pl.LazyFrame:
    """The contract deals open at each as_of: entity_id, account_id, as_of; in no order."""
    is_open = (pl.col("opens_at") < pl.col(AS_OF)) & (pl.col("closed_at") >= pl.col(AS_OF))
    return (
        contract_deals(book, calendar)
        .join(moments_of(as_ofs), how="cross")
        .filter(is_open)
        .select(ENTITY_ID, ACCOUNT_ID, AS_OF)
    )


def with_contract_deals(
    state: pl.LazyFrame, book: Book, spine: pl.LazyFrame, calendar: Calendar
) -> pl.LazyFrame:
    """Fill the rows of contract deals in what is known of opportunities.

    The owner is the account's as of as_of. The annual value has no history: it is told from the
    book's `observed_until` on, and is null before. There is no stage.

    Args:
        state: entity_id, as_of, type, created_at, amount, owner_rep_id, committed_on.
        spine: entity_id, account_id, as_of.
    """
    asked = spine.filter(pl.col(ENTITY_ID).str.starts_with(PREFIX)).select(
        ENTITY_ID, ACCOUNT_ID, AS_OF
    )
    accounts = asked.select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), AS_OF).unique()
    owners = value_at(accounts, book, OWNER_REP_ID).select(
        pl.col(ENTITY_ID).alias(ACCOUNT_ID), AS_OF, OWNER_REP_ID
    )
    is_today = pl.col(AS_OF) >= book.observed_until
    told = (
        asked.join(contract_deals(book, calendar).drop(ACCOUNT_ID), on=ENTITY_ID)
        .join(owners, on=[ACCOUNT_ID, AS_OF], how="left")
        .select(
            *(ENTITY_ID, AS_OF, OWNER_REP_ID, "created_at"),
            pl.lit("renewal").cast(pl.Enum(DEAL_TYPES)).alias("type"),
            pl.when(is_today).then("annual_value").alias("amount"),
            pl.col("ends_on").alias("committed_on"),
        )
    )
    return (
        state.join(told, on=[ENTITY_ID, AS_OF], how="left", suffix="_told")
        .with_columns(pl.coalesce(name, f"{name}_told").alias(name) for name in _TOLD)
        .drop(f"{name}_told" for name in _TOLD)
    )


def as_described(state: pl.DataFrame) -> pl.DataFrame:
    """The state as features may read it: without amounts that are known for today only.

    No past amount of a contract deal is ever known, so a model would meet at scoring what it has
    not seen in training.
    """
    if state.schema[ENTITY_ID] != TEXT:
        return state
    is_contract = pl.col(ENTITY_ID).str.starts_with(PREFIX)
    return state.with_columns(pl.when(~is_contract).then("amount").alias("amount"))


def _handed(book: Book, contracts: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """entity_id, handed_at: when the first renewal opportunity for the contract's end was known.

    It is one of the account's, opened in the contract's term, at most 180 days before its end and
    not after it has lapsed. Contracts do not name opportunities; two that end together share one.
    """
    opened_on = calendar.local_day(pl.col("opened_at"))
    renewals = (
        book["opportunities"]
        .filter(pl.col("type") == "renewal")
        .select(
            ACCOUNT_ID,
            pl.col("created_at").alias("opened_at"),
            known_from(TABLES["opportunities"]).alias("handed_at"),
        )
    )
    is_for_this_end = (
        (opened_on >= pl.col("starts_on"))
        & (opened_on >= pl.col("ends_on") - OPENED_EARLY)
        & (opened_on <= pl.col("ends_on") + LAPSE_DAYS)
    )
    return (
        contracts.join(renewals, on=ACCOUNT_ID)
        .filter(is_for_this_end)
        .group_by(ENTITY_ID)
        .agg(pl.col("handed_at").min())
    )
