"""When a row became known, and what a mutable column said at a moment.

The change history is read in the order in which changes became known: that is what a user of the
CRM saw at the time, back-dated entries included. `as_known` breaks the ties.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.schema import (
    ACCOUNT_ID,
    AS_OF,
    DAY,
    ENTITY_ID,
    HISTORY,
    OPPORTUNITY_ID,
    RECORDED_AT,
    TABLES,
    TIME,
    Table,
)

_OF_ACCOUNTS = "account_changes"

_PARTS = ("changed", "newest", "first", "covered")
"""What stands beside a spine while the value of a field is decided."""

_NAMES_IN_HISTORY = {
    "owner_rep_id": ("owner", "owner_rep_id"),
    "crm_probability": ("probability", "crm_probability"),
}


def happened(table: Table, calendar: Calendar | None = None) -> pl.Expr:
    """The row's own moment; the end of the day where the CRM gives a day only.

    Raises:
        ValueError: for a table without a moment, or a day when no calendar is given.
    """
    if table.moment is None:
        raise ValueError(f"table {table.name}: expected rows with a moment, the contract has none")
    if table.column(table.moment).dtype != DAY:
        return pl.col(table.moment)
    if calendar is None:
        raise ValueError(
            f"table {table.name}, column {table.moment}: expected a calendar for a day, got none"
        )
    return calendar.end_of(pl.col(table.moment))


def recorded(table: Table) -> pl.Expr:
    """When the CRM knew of the row; its moment where `recorded_at` is empty."""
    if table.column(table.moment or RECORDED_AT).dtype == DAY:
        return pl.col(RECORDED_AT)
    return pl.coalesce(RECORDED_AT, table.moment or RECORDED_AT)


def known_from(table: Table, calendar: Calendar | None = None) -> pl.Expr:
    """The later of both times of a row: it is known strictly after; null when it has no moment."""
    moment = happened(table, calendar)
    return pl.when(moment.is_not_null()).then(pl.max_horizontal(moment, recorded(table)))


def as_known(table: Table) -> tuple[pl.Expr, ...]:
    """Keys that sort the changes of one field as they became known, the deciding one last.

    Changes known at the same moment follow `changed_at`, then `recorded_at`, then the text of
    `new`, then that of `old`, a missing text first: an order of the rows themselves, because the
    order in which a source happens to give them says nothing.
    """
    return (known_from(table), pl.col("changed_at"), recorded(table), pl.col("new"), pl.col("old"))


def value_at(spine: pl.LazyFrame, book: Book, field: str) -> pl.LazyFrame:
    """Add the value that a mutable column had at as_of.

    The newest change known before as_of decides (the last one by `as_known`); before the first
    change, its `old`; without any change, the current value. The last two hold only where the
    history is known to cover the field: once any row's change of it was known before as_of, or
    when as_of is not before the book's `observed_until`. Elsewhere the value is null. Text that
    does not parse is null too.

    Args:
        spine: entity_id, as_of, and account_id for deals. Other columns are kept.
        book: the CRM.
        field: a column of `opportunities` (deal spine) or `accounts` whose rule is history.

    Returns:
        The spine with the column `field` in the contract's dtype; in no order.

    Raises:
        ValueError: when the column has no history in the contract.
    """
    return values_at(spine, book, (field,))


def values_at(spine: pl.LazyFrame, book: Book, fields: Sequence[str]) -> pl.LazyFrame:
    """Add the values that mutable columns of one table had at as_of, each as `value_at` has it.

    Raises:
        ValueError: when a column has no history in the contract, or is of another table than the
            first one.
    """
    names = spine.collect_schema().names()
    is_of_deal = ACCOUNT_ID in names and fields[0] in TABLES["opportunities"].schema
    table, key = ("opportunities", OPPORTUNITY_ID) if is_of_deal else ("accounts", ACCOUNT_ID)
    for field in fields:
        if field not in TABLES[table].schema or TABLES[table].column(field).known_at != HISTORY:
            raise ValueError(f"table {table}, column {field}: expected a column with history")
    left = ACCOUNT_ID if ACCOUNT_ID in names and not is_of_deal else ENTITY_ID
    changes = {field: _changes(book, table, field) for field in fields}
    told = spine.sort(AS_OF, maintain_order=True)
    for field in fields:
        newest = changes[field].select(
            pl.col(key).alias(left), "_known", pl.col("new").alias(f"_newest_{field}")
        )
        told = _beside_newest(told, newest, key=left).rename({"_known": f"_changed_{field}"})
    return (
        told.join(_at_first(book, table, changes).rename({key: left}), on=left, how="left")
        .join(_covered_from(book, table, changes), how="cross")
        .with_columns(_decided(field, book.observed_until) for field in fields)
        .drop(f"_{part}_{field}" for field in fields for part in _PARTS)
    )


def value_starts(book: Book) -> Mapping[tuple[str, str], datetime | None]:
    """Table and field of every mutable column → when a change of it was first known.

    A part of a book cannot tell by itself since when the whole book's history covers a field; it
    was told.
    """
    if book.value_starts is not None:
        return book.value_starts
    starts: dict[tuple[str, str], datetime | None] = {}
    for table, history in (("opportunities", "opportunity_changes"), ("accounts", _OF_ACCOUNTS)):
        known = known_from(TABLES[history])
        firsts = book[history].group_by("field").agg(known.min().alias("known"))
        first = dict(firsts.collect(engine="streaming").iter_rows())
        for column in TABLES[table].columns:
            if column.known_at == HISTORY:
                names = _NAMES_IN_HISTORY.get(column.name, (column.name,))
                there = [first[name] for name in names if first.get(name) is not None]
                starts[table, column.name] = min(there, default=None)
    return starts


def is_push() -> pl.Expr:
    """Whether a change of a deal moves its close date to a later day."""
    before, after = (_typed(pl.col(side), DAY) for side in ("old", "new"))
    return (pl.col("field") == "close_date") & (after > before)


def pushes(book: Book) -> pl.LazyFrame:
    """opportunity_id, known: each change of a close date to a later day, when it became known."""
    changes = _changes(book, "opportunities", "close_date").filter(pl.col("new") > pl.col("old"))
    return changes.select(OPPORTUNITY_ID, pl.col("_known").alias("known"))


def count_known(deals: pl.LazyFrame, rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """The deals (one row each) with how many of their rows were known at as_of or before.

    Args:
        deals: entity_id, as_of: the moment at which the close became known, not a feature's.
        rows: opportunity_id and known.
        name: of the count; Int64, 0 without rows.
    """
    counted = (
        deals.select(ENTITY_ID, AS_OF)
        .join(rows, left_on=ENTITY_ID, right_on=OPPORTUNITY_ID)
        .filter(pl.col("known") <= pl.col(AS_OF))
        .group_by(ENTITY_ID)
        .agg(pl.len().cast(pl.Int64).alias(name))
    )
    return deals.join(counted, on=ENTITY_ID, how="left").with_columns(pl.col(name).fill_null(0))


def counted_at(spine: pl.LazyFrame, rows: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Add how many rows of each deal were known strictly before as_of.

    Args:
        spine: entity_id (the deal) and as_of. Other columns are kept.
        rows: opportunity_id and known.
        name: of the count; Int64, 0 without rows.

    Returns:
        The spine with the count; in no order.
    """
    count = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(OPPORTUNITY_ID)
    counts = (
        rows.filter(pl.col("known").is_not_null())
        .sort("known")
        .select(
            pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
            pl.col("known").alias("_known"),
            count.alias(name),
        )
    )
    counted = _beside_newest(spine.sort(AS_OF, maintain_order=True), counts, key=ENTITY_ID)
    return counted.drop("_known").with_columns(pl.col(name).fill_null(0))


def _decided(field: str, observed_until: datetime) -> pl.Expr:
    """What the newest change says; without one the first value, where the history covers it."""
    has_run = (pl.col(f"_covered_{field}") < pl.col(AS_OF)).fill_null(value=False)
    is_covered = has_run | (pl.col(AS_OF) >= observed_until)
    return (
        pl.when(pl.col(f"_changed_{field}").is_not_null())
        .then(f"_newest_{field}")
        .when(is_covered)
        .then(f"_first_{field}")
        .alias(field)
    )


def _changes(book: Book, table: str, field: str) -> pl.LazyFrame:
    """Key, _known, old, new of one field's changes, as they became known."""
    history = "opportunity_changes" if table == "opportunities" else "account_changes"
    key = OPPORTUNITY_ID if table == "opportunities" else ACCOUNT_ID
    names = _NAMES_IN_HISTORY.get(field, (field,))
    dtype = TABLES[table].column(field).dtype
    return (
        book[history]
        .filter(pl.col("field").is_in(names))
        .sort(*as_known(TABLES[history]))
        .select(
            key,
            known_from(TABLES[history]).alias("_known"),
            _typed(pl.col("old"), dtype).alias("old"),
            _typed(pl.col("new"), dtype).alias("new"),
        )
    )


def _covered_from(book: Book, table: str, changes: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row: when a change of each field was first known in the whole book."""
    if book.value_starts is None:
        firsts = [
            frame.select(pl.col("_known").min().alias(f"_covered_{field}"))
            for field, frame in changes.items()
        ]
        return pl.concat(firsts, how="horizontal")
    starts = {f"_covered_{field}": [book.value_starts[table, field]] for field in changes}
    return pl.LazyFrame(starts, schema=dict.fromkeys(starts, TIME))


def _at_first(book: Book, table: str, changes: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Key and what each field said before any change: the first `old`, else the value of now."""
    key = OPPORTUNITY_ID if table == "opportunities" else ACCOUNT_ID
    told = book[table].select(key, *(pl.col(field).alias(f"_first_{field}") for field in changes))
    for field, frame in changes.items():
        first = (
            frame.filter(pl.col("_known").is_not_null())
            .unique(key, keep="first", maintain_order=True)
            .select(key, "old", pl.lit(value=True).alias("_is_changed"))
        )
        at_first = pl.when("_is_changed").then("old").otherwise(f"_first_{field}")
        told = (
            told.join(first, on=key, how="full", coalesce=True)
            .with_columns(at_first.alias(f"_first_{field}"))
            .drop("old", "_is_changed")
        )
    return told


def _beside_newest(spine: pl.LazyFrame, rows: pl.LazyFrame, *, key: str) -> pl.LazyFrame:
    """The spine with the last row whose _known is before as_of; both sorted by time."""
    return spine.join_asof(
        rows,
        left_on=AS_OF,
        right_on="_known",
        by=key,
        strategy="backward",
        allow_exact_matches=False,
        coalesce=False,
        check_sortedness=False,  # both sides are sorted; by-groups cannot be checked
    )


def _typed(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == DAY:
        return text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return text.cast(dtype, strict=False)
