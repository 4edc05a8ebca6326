"""The world as it was known at a moment: the only door through which time enters the features.

A row is known strictly after both its moment and its `recorded_at`; a cell that belongs to a
stamp, strictly after the stamp; a mutable column has the value its change history gives. Columns
that have neither stamp nor history never pass this door.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import known_from, value_at
from features.schema import (
    ACCOUNT_ID,
    AS_OF,
    DAY,
    ENTITY_ID,
    HISTORY,
    NOW,
    OPPORTUNITY_ID,
    OWNER_REP_ID,
    ROW,
    TABLES,
    Column,
    Table,
)
from features.snapshot.contract_deals import (
    PREFIX,
    as_described,
    contract_deal_spine,
    contract_deals,
    has_contract_deals,
    with_contract_deals,
)
from features.snapshot.moments import first_events, first_merges, moments_of

__all__ = [
    "PREFIX",
    "Commitment",
    "account_spine",
    "account_state",
    "as_described",
    "contract_deals",
    "deal_spine",
    "deal_state",
    "has_contract_deals",
    "key_of",
    "known_at",
    "unstamped",
    "value_at",
    "with_account",
]


@dataclass(frozen=True, slots=True)
class Commitment:
    """When a deal is promised for, in a CRM that keeps no close dates.

    Attributes:
        stage: the stage whose first move starts the clock.
        days: calendar days from that move to the committed date.
    """

    stage: str
    days: int

    def __post_init__(self) -> None:
        if not self.stage or self.days < 0:
            raise ValueError(f"expected a stage and days >= 0, got {self.stage!r}, {self.days}")


def account_spine(book: Book, as_ofs: Sequence[datetime]) -> pl.LazyFrame:
    """The accounts known at each as_of.

    An account without `created_at` is known from its first event on. A merged account leaves with
    the known change of `merged_into`; a merge without a dated change counts from the book's
    `observed_until` on, because nothing says that it was known earlier.

    Returns:
        entity_id, as_of; in no order.
    """
    known = known_from(TABLES["accounts"]).alias("known")
    accounts = book["accounts"].join(first_merges(book), on=ACCOUNT_ID, how="left")
    accounts = accounts.with_columns(known)
    if not book["accounts"].filter(known.is_null()).limit(1).collect().is_empty():
        accounts = accounts.join(first_events(book), on=ACCOUNT_ID, how="left").with_columns(
            pl.col("known").fill_null(pl.col("first_event"))
        )
    undated = pl.col("merged_into").is_not_null() & (pl.col(AS_OF) >= book.observed_until)
    is_merged = undated | (pl.col("merged_at") < pl.col(AS_OF)).fill_null(value=False)
    return (
        accounts.join(moments_of(as_ofs), how="cross")
        .filter((pl.col("known") < pl.col(AS_OF)) & ~is_merged)
        .select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), AS_OF)
    )


def deal_spine(
    book: Book, as_ofs: Sequence[datetime], calendar: Calendar | None = None
) -> pl.LazyFrame:
    """The deals known and not yet closed at each as_of.

    Args:
        book: the CRM.
        as_ofs: duplicates count once.
        calendar: with it, renewals of contracts without an opportunity are there too, as
            `contract:` and the contract's id; they are told by days.

    Returns:
        entity_id (the opportunity), account_id, as_of; in no order.
    """
    is_closed = (pl.col("closed_at") < pl.col(AS_OF)).fill_null(value=False)
    deals = (
        book["opportunities"]
        .with_columns(known=known_from(TABLES["opportunities"]))
        .join(moments_of(as_ofs), how="cross")
        .filter((pl.col("known") < pl.col(AS_OF)) & ~is_closed)
        .select(pl.col(OPPORTUNITY_ID).alias(ENTITY_ID), ACCOUNT_ID, AS_OF)
    )
    if calendar is None or not has_contract_deals(book):
        return deals
    return pl.concat([deals, contract_deal_spine(book, as_ofs, calendar)])


def known_at(
    spine: pl.LazyFrame,
    book: Book,
    table: str,
    *,
    by: str | None = None,
    calendar: Calendar | None = None,
) -> pl.LazyFrame:
    """Pair each spine row with the rows of `table` known strictly before its as_of.

    Args:
        spine: entity_id and as_of; a deal spine also has account_id. Its other columns are kept.
        book: the CRM.
        table: a contract table whose rows have a moment.
        by: `account_id` or `opportunity_id`; unless given, the deal where both sides know it.
        calendar: needed where the table has days without an hour (contracts, usage): they are
            known at the end of the day in the organisation's zone.

    Returns:
        One row per (spine row, table row). Cells of a stamp at or after as_of are null (`outcome`
        is "open"); columns with history or without any time are left out. A column that the
        spine has too gets the suffix `_<table>`.

    Raises:
        ValueError: for a table without a moment, or one with days when no calendar is given.
    """
    spec = TABLES[table]
    is_deal_spine = ACCOUNT_ID in spine.collect_schema().names()
    key = by or key_of(spec, is_deal_spine=is_deal_spine)
    there = book[table].collect_schema().names()  # a part of a book leaves out what is not read
    safe = [
        column.name
        for column in spec.columns
        if column.known_at not in {HISTORY, NOW} and column.name in there
    ]
    rows = book[table].select(*safe, known_from(spec, calendar).alias("_known"))
    if key not in safe:
        rows = with_account(rows, book)
    left = ENTITY_ID if key == OPPORTUNITY_ID or not is_deal_spine else ACCOUNT_ID
    return (
        spine.join(rows, left_on=left, right_on=key, how="inner", suffix=f"_{table}")
        .filter(pl.col("_known") < pl.col(AS_OF))
        .drop("_known")
        .with_columns(*unstamped(spec, calendar))
    )


def deal_state(
    book: Book, spine: pl.LazyFrame, calendar: Calendar, commitment: Commitment | None = None
) -> pl.LazyFrame:
    """What stood in the deal's own record at as_of.

    Args:
        book: the CRM.
        spine: as `deal_spine` returns it.
        calendar: for the day of a committed move and the fiscal quarter.
        commitment: replaces the close date where the CRM has none.

    Returns:
        entity_id, account_id, as_of, type, stage, amount, owner_rep_id, committed_on (Date, null
        when not committed; the last day of the contract of a contract deal), period_end (Date, the
        end of the fiscal quarter of committed_on, of as_of when null), created_at, age_days
        (Float64).
    """
    state = spine.join(
        book["opportunities"].select(pl.col(OPPORTUNITY_ID).alias(ENTITY_ID), "type", "created_at"),
        on=ENTITY_ID,
        how="left",
    )
    for field in ("stage", "amount", OWNER_REP_ID):
        state = value_at(state, book, field)
    if commitment is None:
        state = value_at(state, book, "close_date").rename({"close_date": "committed_on"})
    else:
        state = state.join(
            _commitments(spine, book, calendar=calendar, commitment=commitment),
            on=[ENTITY_ID, AS_OF],
            how="left",
        )
    if has_contract_deals(book, spine):
        state = with_contract_deals(state, book, spine, calendar)
    today = calendar.local_day(pl.col(AS_OF))
    age = (pl.col(AS_OF) - pl.col("created_at")).dt.total_microseconds() / 86_400e6
    return state.select(
        *(ENTITY_ID, ACCOUNT_ID, AS_OF, "type", "stage", "amount", OWNER_REP_ID, "committed_on"),
        calendar.quarter_end(pl.coalesce("committed_on", today)).alias("period_end"),
        "created_at",
        age.alias("age_days"),
    )


def account_state(book: Book, spine: pl.LazyFrame) -> pl.LazyFrame:
    """Who owned the account at as_of, and how reports name it.

    Returns:
        entity_id, as_of, owner_rep_id; segment and name as they stand today, for reports only.
    """
    today = book["accounts"].select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), "segment", "name")
    return (
        value_at(spine, book, OWNER_REP_ID)
        .join(today, on=ENTITY_ID, how="left")
        .select(ENTITY_ID, AS_OF, OWNER_REP_ID, "segment", "name")
    )


def key_of(spec: Table, *, is_deal_spine: bool) -> str:
    """The column that ties a table to a spine: the deal where both know it, else the account."""
    names = spec.schema
    if (is_deal_spine and OPPORTUNITY_ID in names) or ACCOUNT_ID not in names:
        return OPPORTUNITY_ID if is_deal_spine else ACCOUNT_ID
    return ACCOUNT_ID


def with_account(rows: pl.LazyFrame, book: Book) -> pl.LazyFrame:
    """Rows of a deal's table with its account, known once the deal is known too."""
    deals = book["opportunities"].select(
        OPPORTUNITY_ID, ACCOUNT_ID, known_from(TABLES["opportunities"]).alias("_deal_known")
    )
    known = pl.max_horizontal("_known", "_deal_known")
    return (
        rows.join(deals, on=OPPORTUNITY_ID).with_columns(known.alias("_known")).drop("_deal_known")
    )


def unstamped(spec: Table, calendar: Calendar | None) -> list[pl.Expr]:
    """The cells that belong to a stamp, emptied where the stamp is not before as_of."""
    cells = []
    for column in spec.columns:
        if column.known_at in {ROW, HISTORY, NOW} or column.name == spec.moment:
            continue
        stamp = _moment(spec.column(column.known_at), calendar)
        unknown = pl.lit("open").cast(column.dtype) if column.name == "outcome" else None
        is_known = stamp < pl.col(AS_OF)
        cells.append(
            pl.when(is_known).then(pl.col(column.name)).otherwise(unknown).alias(column.name)
        )
    return cells


def _moment(stamp: Column, calendar: Calendar | None) -> pl.Expr:
    if stamp.dtype != DAY:
        return pl.col(stamp.name)
    if calendar is None:
        raise ValueError(f"column {stamp.name}: expected a calendar for a day, got none")
    return calendar.end_of(pl.col(stamp.name))


def _commitments(
    spine: pl.LazyFrame, book: Book, *, calendar: Calendar, commitment: Commitment
) -> pl.LazyFrame:
    """entity_id, as_of, committed_on from the first known move to the committing stage."""
    is_move = (pl.col("field") == "stage") & (pl.col("new") == commitment.stage)
    moved_on = calendar.local_day(pl.col("changed_at").min())
    return (
        known_at(spine, book, "opportunity_changes")
        .filter(is_move)
        .group_by(ENTITY_ID, AS_OF)
        .agg(moved_on.dt.offset_by(f"{commitment.days}d").alias("committed_on"))
    )
