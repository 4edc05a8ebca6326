"""When a row became known, and what a mutable column said at a moment.

The change history is read in the order in which changes became known: that is what a user of the
CRM saw at the time, back-dated entries included. `as_known` breaks the ties.
"""

from collections.abc import Mapping
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
    is_deal_spine = ACCOUNT_ID in spine.collect_schema().names()
    is_of_deal = is_deal_spine and field in TABLES["opportunities"].schema
    table, key = ("opportunities", OPPORTUNITY_ID) if is_of_deal else ("accounts", ACCOUNT_ID)
    column = TABLES[table].column(field)
    if column.known_at != HISTORY:
        raise ValueError(f"table {table}, column {field}: expected a column with history")
    left = ACCOUNT_ID if is_deal_spine and not is_of_deal else ENTITY_ID
    changes = _changes(book, table, field)
    current = book[table].select(pl.col(key).alias(left), pl.col(field).alias("_current"))
    newest = changes.rename({key: left, "_known": "_before", "_new": "_after_it"}).drop("_old")
    coming = changes.rename({key: left, "_known": "_next"}).drop("_new")
    covered_from = _covered_from(book, table, changes, field)
    return (
        _beside_changes(spine, newest, coming, key=left)
        .join(current, on=left, how="left")
        .join(covered_from, how="cross")
        .with_columns(_decided(column.dtype, book.observed_until).alias(field))
        .drop("_before", "_after_it", "_next", "_old", "_current", "_covered_from")
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


def pushes(book: Book) -> pl.LazyFrame:
    """opportunity_id, known: each change of a close date to a later day, when it became known."""
    before, after = (_typed(pl.col(side), DAY) for side in ("old", "new"))
    changes = book["opportunity_changes"].filter((pl.col("field") == "close_date"), after > before)
    return changes.select(OPPORTUNITY_ID, known_from(TABLES["opportunity_changes"]).alias("known"))


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


def _decided(dtype: pl.DataType, observed_until: datetime) -> pl.Expr:
    """The value among the newest change, the next one's `old` and the current value."""
    has_run = (pl.col("_covered_from") < pl.col(AS_OF)).fill_null(value=False)
    is_covered = has_run | (pl.col(AS_OF) >= observed_until)
    unchanged = (
        pl.when(pl.col("_next").is_not_null())
        .then(_typed(pl.col("_old"), dtype))
        .otherwise(pl.col("_current"))
    )
    return (
        pl.when(pl.col("_before").is_not_null())
        .then(_typed(pl.col("_after_it"), dtype))
        .when(is_covered)
        .then(unchanged)
    )


def _changes(book: Book, table: str, field: str) -> pl.LazyFrame:
    """Key, _known, _old, _new of one field's changes, as they became known."""
    history = "opportunity_changes" if table == "opportunities" else "account_changes"
    key = OPPORTUNITY_ID if table == "opportunities" else ACCOUNT_ID
    names = _NAMES_IN_HISTORY.get(field, (field,))
    return (
        book[history]
        .filter(pl.col("field").is_in(names))
        .sort(*as_known(TABLES[history]))
        .select(
            key,
            known_from(TABLES[history]).alias("_known"),
            pl.col("old").alias("_old"),
            pl.col("new").alias("_new"),
        )
    )


def _covered_from(book: Book, table: str, changes: pl.LazyFrame, field: str) -> pl.LazyFrame:
    """One row, _covered_from: when a change of the field was first known in the whole book."""
    if book.value_starts is None:
        return changes.select(pl.col("_known").min().alias("_covered_from"))
    start = book.value_starts[table, field]
    return pl.LazyFrame({"_covered_from": [start]}, schema={"_covered_from": TIME})


def _beside_changes(
    spine: pl.LazyFrame, newest: pl.LazyFrame, coming: pl.LazyFrame, *, key: str
) -> pl.LazyFrame:
    """The spine with the last change before as_of and the first one at or after it."""
    before = spine.sort(AS_OF, maintain_order=True).join_asof(
        newest,
        left_on=AS_OF,
        right_on="_before",
        by=key,
        strategy="backward",
        allow_exact_matches=False,
        coalesce=False,
        check_sortedness=False,  # both sides are sorted just above; by-groups cannot be checked
    )
    return before.join_asof(
        coming,
        left_on=AS_OF,
        right_on="_next",
        by=key,
        strategy="forward",
        coalesce=False,
        check_sortedness=False,
    )


def _typed(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == DAY:
        return text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    return text.cast(dtype, strict=False)
