"""Seeded leaks: small features that know the future, each by one mistake that people make."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.feature import Entity
from features.history import known_from
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, RECORDED_AT, TABLES
from features.snapshot import account_spine
from training.leaks import Describe, Probe, SpineOf

NAME = "leaky"
KEYS = (ENTITY_ID, AS_OF)
DAY = timedelta(days=1)

Leak = Callable[[Book, pl.LazyFrame, Calendar], pl.LazyFrame]
"""Book, spine and calendar → entity_id, as_of, leaky."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """One leak: whose feature it is, what it does wrong, and what must catch it."""

    kind: str
    entity: Entity
    leak: Leak
    caught_by: tuple[str, ...]
    spine_of: SpineOf | None = None


def plugged(leak: Leak) -> Describe:
    """The leak as the gate takes it."""

    def describe(
        book: Book, spine: pl.DataFrame, _probe: Probe, calendar: Calendar
    ) -> pl.DataFrame:
        told = leak(book, spine.lazy(), calendar).select(*KEYS, pl.col(NAME).cast(pl.Float32))
        return told.collect()

    return describe


def beside(spine: pl.LazyFrame, rows: pl.LazyFrame, *, by: str = ACCOUNT_ID) -> pl.LazyFrame:
    """Every row of the table next to the spine row of its account or deal."""
    left = ACCOUNT_ID if by == ACCOUNT_ID and ACCOUNT_ID in spine.collect_schema() else ENTITY_ID
    return spine.join(rows, left_on=left, right_on=by)


def told(pairs: pl.LazyFrame, value: pl.Expr) -> pl.LazyFrame:
    return pairs.group_by(KEYS).agg(value.alias(NAME))


def counted(table: str, keep: pl.Expr) -> Leak:
    """How many rows of the account's table the filter lets through."""
    return lambda book, spine, _: told(beside(spine, book[table]), keep.sum())


def whole(known: pl.LazyFrame, value: pl.Expr, of_all: pl.LazyFrame) -> pl.LazyFrame:
    """A value by spine row next to one number that the whole table gives."""
    return told(known, value.alias(NAME)).join(of_all, how="cross")


def happened_before(column: str, *, late: timedelta = timedelta(0)) -> pl.Expr:
    return (pl.col(column) < pl.col(AS_OF) + late) & (pl.col(RECORDED_AT) < pl.col(AS_OF) + late)


def at_or_before(column: str) -> pl.Expr:
    return (pl.col(column) <= pl.col(AS_OF)) & (pl.col(RECORDED_AT) <= pl.col(AS_OF))


def past(table: str) -> pl.Expr:
    return known_from(TABLES[table]) < pl.col(AS_OF)


def changes_at_or_before(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
    pairs = beside(spine, book["opportunity_changes"], by=OPPORTUNITY_ID)
    return told(pairs, at_or_before("changed_at").sum())


def current(table: str, column: str) -> Leak:
    """The cell as the record has it on the day of the export."""
    key = TABLES[table].key[0]
    value = pl.col(column).hash() if TABLES[table].schema[column] == pl.String() else pl.col(column)
    return lambda book, spine, _: told(beside(spine, book[table], by=key), value.first())


def neighbouring_change(strategy: str) -> Leak:
    """The change next to as_of, on whichever side it lies."""

    def leak(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
        known = known_from(TABLES["opportunity_changes"]).alias("known")
        stages = pl.col("field") == "stage"
        moves = book["opportunity_changes"].filter(stages).with_columns(known).sort("known")
        return spine.sort(AS_OF).join_asof(
            moves.select(OPPORTUNITY_ID, "known", pl.col("new").hash().alias(NAME)),
            left_on=AS_OF,
            right_on="known",
            by_left=ENTITY_ID,
            by_right=OPPORTUNITY_ID,
            strategy=strategy,
            check_sortedness=False,
        )

    return leak


def scaled_on_all_time(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
    pairs = beside(spine, book["invoices"]).filter(past("invoices"))
    fitted = book["invoices"].select(mean=pl.col("amount").mean(), spread=pl.col("amount").std())
    sums = whole(pairs, pl.col("amount").sum(), fitted)
    return sums.with_columns((pl.col(NAME) - pl.col("mean")) / pl.col("spread"))


def encoded_on_all_time(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
    rate = (pl.col("outcome") == "won").mean().alias(NAME)
    encoding = book["opportunities"].group_by("lead_source", "type").agg(rate)
    deals = book["opportunities"].join(encoding, on=["lead_source", "type"], nulls_equal=True)
    return told(beside(spine, deals, by=OPPORTUNITY_ID), pl.col(NAME).first())


def imputed_on_all_time(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
    middle = book["activities"].select(fill=pl.col("duration_minutes").mean())
    pairs = beside(spine, book["activities"]).filter(past("activities"))
    filled = whole(
        pairs, pl.col("duration_minutes").filter(pl.col("kind") == "none").mean(), middle
    )
    return filled.with_columns(pl.col(NAME).fill_null(pl.col("fill")))


def peers_on_all_time(table: str, value: pl.Expr) -> Leak:
    """A sum of the account over the mean of all accounts, of all time."""

    def leak(book: Book, spine: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
        norm = book[table].select(norm=value.mean())
        known = known_from(TABLES[table], calendar) < pl.col(AS_OF)
        sums = whole(beside(spine, book[table]).filter(known), value.sum(), norm)
        return sums.with_columns(pl.col(NAME) / pl.col("norm"))

    return leak


def owner_rate(is_good: pl.Expr) -> Leak:
    """Share of good ones among the owner's deals created before as_of."""

    def leak(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
        deals = book["opportunities"]
        owner = deals.select(pl.col(OPPORTUNITY_ID).alias(ENTITY_ID), "lead_source", "type")
        pairs = spine.join(owner, on=ENTITY_ID).join(deals, on=["lead_source", "type"])
        return told(pairs.filter(past("opportunities")), is_good.mean())

    return leak


def newest_usage(book: Book, spine: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    key = (ACCOUNT_ID, "period_on", "metric")
    rows = book["usage"].sort(RECORDED_AT, maintain_order=True).unique(key, keep="last")
    known = known_from(TABLES["usage"], calendar) < pl.col(AS_OF)
    return told(beside(spine, rows).filter(known), pl.len())


def newest_quote(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
    rows = book["quotes"].sort("quoted_at", "quote_id").unique(OPPORTUNITY_ID, keep="last")
    deals = book["opportunities"].select(OPPORTUNITY_ID, ACCOUNT_ID)
    return told(beside(spine, rows.join(deals, on=OPPORTUNITY_ID)).filter(past("quotes")), pl.len())


def merged_events(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
    into = book["accounts"].select(ACCOUNT_ID, "merged_into")
    home = pl.coalesce("merged_into", ACCOUNT_ID).alias(ACCOUNT_ID)
    rows = book["activities"].join(into, on=ACCOUNT_ID).with_columns(home)
    return told(beside(spine, rows).filter(past("activities")), pl.len())


def without_merged(book: Book, as_ofs: object) -> pl.LazyFrame:
    gone = book["accounts"].filter(pl.col("merged_into").is_not_null())
    return account_spine(book, as_ofs).join(
        gone, left_on=ENTITY_ID, right_on=ACCOUNT_ID, how="anti"
    )  # type: ignore[arg-type]


def at_newest_rate(table: str) -> Leak:
    """Money at the newest rate of its currency, also where the row is older."""

    def leak(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
        rates = book["exchange_rates"].sort("valid_from").unique("currency", keep="last")
        rates = rates.select("currency", "rate_to_base")
        first = pl.col("currency").fill_null(rates.collect()["currency"].sort()[0])
        rows = book[table].with_columns(first).join(rates, on="currency")
        value = (pl.col("amount") * pl.col("rate_to_base")).sum()
        return told(beside(spine, rows.with_columns(_plain())).filter(past(table)), value)

    return leak


def _plain() -> pl.Expr:
    """Amounts of ten, so that only the rate can move."""
    return pl.lit(10.0).alias("amount")


def with_archive(table: str, closed: str) -> Leak:
    """Live rows as of as_of beside an archive of finished ones, which no filter passes."""

    def leak(book: Book, spine: pl.LazyFrame, _: Calendar) -> pl.LazyFrame:
        pairs = beside(spine, book[table])
        is_archived = pl.col(closed).is_not_null() & (
            pl.col(TABLES[table].moment or "") < pl.col(AS_OF)
        )
        return told(pairs, (past(table) | is_archived).sum() + 2 * is_archived.sum())

    return leak


def usage_from_midnight(book: Book, spine: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    begins = calendar.start_of(pl.col("period_on")) - timedelta(hours=9)
    is_known = (begins < pl.col(AS_OF)) & (pl.col(RECORDED_AT) < pl.col(AS_OF))
    return told(beside(spine, book["usage"]), is_known.sum())


def cell_of(table: str, value: pl.Expr) -> Leak:
    """A cell of rows known at as_of, as it stands on the day of the export."""

    def leak(book: Book, spine: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
        known = known_from(TABLES[table], calendar) < pl.col(AS_OF)
        return told(beside(spine, book[table]).filter(known), value)

    return leak


def in_label_window(table: str, column: str) -> Leak:
    after = (pl.col(column) >= pl.col(AS_OF)) & (pl.col(column) < pl.col(AS_OF) + 91 * DAY)
    return counted(table, after)


def final_date(column: str) -> Leak:
    """Days to the date that the deal ends up with."""
    days = (pl.col(column).cast(pl.Datetime("us", "UTC")) - pl.col(AS_OF)).dt.total_days()
    return lambda book, spine, _: told(
        beside(spine, book["opportunities"], by=OPPORTUNITY_ID), days.first()
    )


AHEAD, LATE, DROPPED, CELLS = (
    "rows dated ahead",
    "rows recorded late",
    "rows dropped",
    "cells edited",
)
PERMUTED, TIMES, HISTORY, MERGES = (
    "accounts permuted",
    "numbers multiplied",
    "history rewritten",
    "merges undone",
)
WON, IS_OVER = pl.col("outcome") == "won", pl.col("closed_at").is_not_null()
SHIFTED = (pl.col("occurred_at") - timedelta(hours=8) < pl.col(AS_OF)) & (
    pl.col(RECORDED_AT) - timedelta(hours=8) < pl.col(AS_OF)
)
