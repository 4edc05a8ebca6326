"""Disturbance: a copy of a book in which everything from a moment on is different."""

from datetime import datetime

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import known_from
from features.schema import ACCOUNT_ID, DAY, HISTORY, NOW, NUMBER, RECORDED_AT, TABLES, TIME, Table
from features.schema import TEXT as TEXT_TYPE

ADDED = "added:"
_HISTORIES = {"account_changes": "accounts", "opportunity_changes": "opportunities"}
_KEPT = frozenset({"parent_account_id", "merged_into"})
_DAYS_AT_MOST = 60


def disturbed(book: Book, at: datetime, calendar: Calendar, *, seed: int) -> Book:
    """Change whatever was not known strictly before `at`, and nothing else.

    Rows from then on: half of them vanish, the rest swap accounts and have their numbers times
    100 or -100. Late news are added: copies of old rows recorded from `at` on, and rows dated
    from `at` on though recorded before. Cells of old rows whose stamp is not before `at` change
    by their known-at rule; current values whose history goes on after `at` are overwritten; what
    has neither history nor stamp is overwritten everywhere.
    """
    tables = {}
    for number, (name, spec) in enumerate(TABLES.items()):
        frame = book[name].collect()
        generator = np.random.default_rng((seed, number))
        if frame.height and spec.moment is not None:
            if name in _HISTORIES:
                frame = _other_changes(frame, spec, at, generator)
            else:
                frame = _other_rows(frame, spec, at, calendar=calendar, generator=generator)
                frame = _other_current_values(frame, spec, at, book)
        tables[name] = frame.lazy()
    return Book(tables, book.present, book.observed_until)


def _other_rows(
    frame: pl.DataFrame,
    spec: Table,
    at: datetime,
    *,
    calendar: Calendar,
    generator: np.random.Generator,
) -> pl.DataFrame:
    known = known_from(spec, calendar)
    is_past = (known < at).fill_null(value=spec.name == "accounts")
    past, future = frame.filter(is_past), frame.filter(~is_past)
    past = past.with_columns(_other_cells(spec, at, calendar))
    if spec.name == "accounts":  # other tables point at them: they stay, with other numbers
        return pl.concat([past, _times(future, spec, generator)])
    kept = future.filter(pl.Series(generator.random(future.height) < 0.5))
    kept = _times(kept, spec, generator)
    if ACCOUNT_ID in kept.columns and kept.height:
        order = generator.permutation(kept.height)
        kept = kept.with_columns(kept[ACCOUNT_ID].gather(order))
    late = _news(past, spec, at, generator)
    return pl.concat([past, kept, *late])


def _news(
    past: pl.DataFrame, spec: Table, at: datetime, generator: np.random.Generator
) -> list[pl.DataFrame]:
    """Copies of old rows: recorded late, and dated ahead."""
    if past.height == 0:
        return []
    chosen = generator.integers(0, past.height, size=max(past.height // 4, 1))
    copy = _times(past[chosen], spec, generator)
    if spec.key and spec.key[0] != ACCOUNT_ID:
        copy = copy.with_columns(pl.format(ADDED + "{}", spec.key[0]).alias(spec.key[0]))
        copy = copy.unique(list(spec.key), keep="first", maintain_order=True)
    later = pl.Series(generator.integers(0, _DAYS_AT_MOST, size=copy.height)).cast(pl.Int64)
    moment = pl.lit(at) + pl.duration(days=pl.lit(later))
    recorded_late = copy.with_columns(moment.cast(TIME).alias(RECORDED_AT))
    stamp = spec.moment or RECORDED_AT
    is_day = spec.column(stamp).dtype == DAY
    ahead = (moment + pl.duration(days=1)).dt.date() if is_day else moment.cast(TIME)
    if not spec.key:
        return [recorded_late]
    renamed = pl.format(ADDED + "{}", spec.key[0]).alias(spec.key[0])
    return [recorded_late, copy.with_columns(ahead.alias(stamp), renamed)]


def _other_cells(spec: Table, at: datetime, calendar: Calendar) -> list[pl.Expr]:
    """Old rows: cells whose stamp is from `at` on, and cells without any time."""
    found = []
    for column in spec.columns:
        if column.name == spec.moment or column.name in _KEPT:
            continue
        if column.known_at == NOW:
            found.append(_other_value(column.name, column.dtype).alias(column.name))
        elif column.known_at not in {"row", HISTORY}:
            stamp = pl.col(column.known_at)
            if spec.column(column.known_at).dtype == DAY:
                stamp = calendar.end_of(stamp)
            is_later = (stamp >= at).fill_null(value=False)
            other = _other_value(column.name, column.dtype)
            cell = pl.when(is_later).then(other).otherwise(pl.col(column.name))
            found.append(cell.alias(column.name))
    return found


def _other_value(name: str, dtype: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if name == "outcome":
        return pl.when(value == "won").then(pl.lit("lost")).otherwise(pl.lit("won")).cast(dtype)
    if dtype in (TIME, DAY):
        return value.dt.offset_by("11d").alias(name)
    if dtype == NUMBER:
        return (value * -100.0).alias(name)
    if dtype == TEXT_TYPE:
        return (pl.lit("other ") + value).alias(name)
    if dtype == pl.Boolean():
        return (~value).alias(name)
    return pl.lit(None, dtype).alias(name)


def _times(frame: pl.DataFrame, spec: Table, generator: np.random.Generator) -> pl.DataFrame:
    """Numbers times 100 or -100."""
    factor = pl.Series(np.where(generator.random(frame.height) < 0.5, 100.0, -100.0))
    numbers = [column.name for column in spec.columns if column.dtype == NUMBER]
    return frame.with_columns((pl.col(name) * pl.lit(factor)).alias(name) for name in numbers)


def _other_changes(
    frame: pl.DataFrame, spec: Table, at: datetime, generator: np.random.Generator
) -> pl.DataFrame:
    """Changes from `at` on lead elsewhere; the `old` of the first one says what stood before it."""
    entity = spec.columns[0].name
    is_past = known_from(spec) < at
    past = frame.filter(is_past)
    future = frame.filter(~is_past).with_row_index("_row")
    future = future.sort(RECORDED_AT, "changed_at", "_row").drop("_row")
    if future.height == 0:
        return past
    shuffled = pl.Series("new", generator.permutation(future["new"].to_numpy()), dtype=TEXT_TYPE)
    is_first = pl.int_range(pl.len()).over(entity, "field") == 0
    future = future.with_columns(
        shuffled, pl.when(is_first).then(pl.col("old")).otherwise(pl.lit("other")).alias("old")
    )
    more = future.with_columns(
        pl.col("changed_at", RECORDED_AT) + pl.duration(days=3), pl.lit("other").alias("old")
    )
    return pl.concat([past, future, more])


def _other_current_values(
    frame: pl.DataFrame, spec: Table, at: datetime, book: Book
) -> pl.DataFrame:
    """Overwrite what a later change explains: the value at `at` is in the history."""
    history = next((name for name, table in _HISTORIES.items() if table == spec.name), "")
    if not history:
        return frame
    key = spec.key[0]
    changes = book[history].filter(known_from(TABLES[history]) >= at).collect()
    columns = [column for column in spec.columns if column.known_at == HISTORY]
    for column in columns:
        names = {"owner_rep_id": ["owner"], "crm_probability": ["probability"]}
        fields = [column.name, *names.get(column.name, [])]
        moved = changes.filter(pl.col("field").is_in(fields))[key].unique()
        is_moved = pl.col(key).is_in(moved.to_list())
        other = _other_value(column.name, column.dtype)
        frame = frame.with_columns(
            pl.when(is_moved).then(other).otherwise(pl.col(column.name)).alias(column.name)
        )
    return frame
