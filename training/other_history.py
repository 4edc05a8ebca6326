"""Another history: changes known from a moment on lead elsewhere, and today's values follow."""

from datetime import datetime

import numpy as np
import polars as pl

from features.book import Book
from features.history import known_from
from features.schema import (
    ACCOUNT_ID,
    DAY,
    HISTORY,
    NUMBER,
    RECORDED_AT,
    TABLES,
    TEXT,
    TIME,
    Column,
)

_HISTORY_OF = {"accounts": "account_changes", "opportunities": "opportunity_changes"}
_NAMES = {"owner_rep_id": ("owner",), "crm_probability": ("probability",)}


def values_rewritten(
    book: Book, at: datetime, later: pl.Series, draws: np.random.Generator
) -> Book:
    """Rewrite the changes known from `at` on, add more, and overwrite the values they explain.

    The first change of an entity keeps its `old`: that is what stood in the CRM before it.

    Args:
        book: the CRM.
        at: the moment of knowledge.
        later: moments from `at` on, enough for every row of a table.
        draws: where chance comes from.
    """
    tables = dict(book.tables)
    for table, history in _HISTORY_OF.items():
        changes = book[history].collect()
        if changes.height == 0:
            continue
        frame = book[table].collect()
        changes = _led_elsewhere(changes, history, at, draws)
        for column in TABLES[table].columns:
            if column.known_at == HISTORY:
                more = _more(frame, changes, table, column, at=at, later=later)
                changes = pl.concat([changes, more])
                frame = _followed(frame, changes, table, column, at=at)
        tables[history], tables[table] = changes.lazy(), frame.lazy()
    return Book(tables, book.present, book.observed_until)


def merges_rewritten(
    book: Book, at: datetime, later: pl.Series, draws: np.random.Generator
) -> Book:
    """Send accounts into others, or none, unless their merge was known before `at`.

    A merge without a date is known at `observed_until`; from then on nothing is rewritten.
    """
    if at >= book.observed_until:
        return book
    accounts, changes = book["accounts"].collect(), book["account_changes"].collect()
    known = known_from(TABLES["account_changes"])
    is_merge = (pl.col("field") == "merged_into") & pl.col("new").is_not_null()
    settled = changes.filter(is_merge & (known < at))[ACCOUNT_ID].unique().to_list()
    ids = accounts[ACCOUNT_ID]
    other = ids.gather(draws.permutation(ids.len()))
    is_drawn = pl.Series(draws.random(ids.len()) < 0.5) & ~ids.is_in(settled)
    merged = (
        pl.when(~is_drawn)
        .then(pl.col("merged_into"))
        .when(pl.col("merged_into").is_null() & (other != ids))
        .then(pl.lit(other))
    )
    rewritten = accounts.with_columns(merged.alias("merged_into"))
    tables = {**book.tables, "accounts": rewritten.lazy()}
    if changes.height:
        gone = rewritten.filter(is_drawn & pl.col("merged_into").is_not_null())
        news = _changes_of(gone, "accounts", "merged_into", later=later).with_columns(
            gone["merged_into"].alias("new")
        )
        tables["account_changes"] = pl.concat([changes, news]).lazy()
    return Book(tables, book.present, book.observed_until)


def other_value(column: Column) -> pl.Expr:
    """Another value of the column's dtype, for a filled cell and for an empty one."""
    value = pl.col(column.name)
    if column.name == "outcome":
        other = pl.when(value == "won").then(pl.lit("lost")).otherwise(pl.lit("won"))
        return other.cast(column.dtype)
    if column.dtype in (TIME, DAY):
        return value.dt.offset_by("11d")
    if column.dtype == NUMBER:
        return (value * -100.0 + 1.0).fill_null(7.0)
    if column.dtype == TEXT:
        return (pl.lit("other ") + value).fill_null("other")
    if column.dtype == pl.Boolean():
        return (~value).fill_null(value=True)
    return pl.lit(None, column.dtype)


def _led_elsewhere(
    changes: pl.DataFrame, history: str, at: datetime, draws: np.random.Generator
) -> pl.DataFrame:
    """Swap what the later changes led to, and say each of them again three days after."""
    entity, known = TABLES[history].columns[0].name, known_from(TABLES[history])
    future = changes.filter(known >= at).sort(known, maintain_order=True)
    if future.height == 0:
        return changes
    is_first = pl.int_range(pl.len()).over(entity, "field") == 0
    future = future.with_columns(
        future["new"].gather(draws.permutation(future.height)),
        pl.when(is_first).then(pl.col("old")).otherwise(pl.lit("other")).alias("old"),
    )
    again = future.with_columns(
        pl.col("changed_at", RECORDED_AT) + pl.duration(days=3), pl.lit("other").alias("old")
    )
    return pl.concat([changes.filter(known < at), future, again])


def _more(
    frame: pl.DataFrame,
    changes: pl.DataFrame,
    table: str,
    column: Column,
    *,
    at: datetime,
    later: pl.Series,
) -> pl.DataFrame:
    """A change of every second entity whose value was to stay as it is."""
    key, names = TABLES[table].key[0], (column.name, *_NAMES.get(column.name, ()))
    of_field = changes.filter(pl.col("field").is_in(names))
    known = known_from(TABLES[_HISTORY_OF[table]])
    moved = of_field.filter(known >= at)[key].unique().to_list()
    still = frame.filter(~pl.col(key).is_in(moved)).gather_every(2)
    field = of_field["field"][0] if of_field.height else column.name
    news = _changes_of(still, table, str(field), later=later)
    return news.with_columns(
        still[column.name].cast(TEXT).alias("old"),
        still.select(other_value(column).cast(TEXT)).to_series().alias("new"),
    )


def _changes_of(
    entities: pl.DataFrame, table: str, field: str, *, later: pl.Series
) -> pl.DataFrame:
    """One change per entity without old and new: made late, or recorded late, in turns."""
    spec = TABLES[_HISTORY_OF[table]]
    at = later.head(entities.height)
    before = at.dt.offset_by("-30d")
    turn = pl.int_range(pl.len()) % 3
    told = {
        "field": pl.lit(field),
        "changed_at": pl.when(turn == 0).then(pl.lit(before)).otherwise(pl.lit(at)),
        RECORDED_AT: pl.when(turn == 1).then(pl.lit(before)).otherwise(pl.lit(at)),
    }
    cells = [
        told.get(one.name, pl.lit(None)).cast(one.dtype).alias(one.name)
        for one in spec.columns
        if one.name != TABLES[table].key[0]
    ]
    return entities.select(TABLES[table].key[0], *cells)


def _followed(
    frame: pl.DataFrame, changes: pl.DataFrame, table: str, column: Column, *, at: datetime
) -> pl.DataFrame:
    """Overwrite the current values that a later change explains."""
    key, names = TABLES[table].key[0], (column.name, *_NAMES.get(column.name, ()))
    is_later = pl.col("field").is_in(names) & (known_from(TABLES[_HISTORY_OF[table]]) >= at)
    moved = changes.filter(is_later)[key].unique().to_list()
    value = pl.when(pl.col(key).is_in(moved)).then(other_value(column)).otherwise(column.name)
    return frame.with_columns(value.alias(column.name))
