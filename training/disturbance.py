"""Disturbances: copies of a book in which what was not known at a moment is different.

Each kind changes one thing; what was known strictly before the moment stays as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import known_from
from features.schema import (
    ACCOUNT_ID,
    DAY,
    NOW,
    NUMBER,
    OPPORTUNITY_ID,
    RECORDED_AT,
    TABLES,
    TIME,
    Column,
    Table,
)
from training.other_history import merges_rewritten, other_value, values_rewritten

ADDED = "added:"
_HISTORIES = frozenset({"account_changes", "opportunity_changes"})
_LINKS = frozenset({"parent_account_id", "merged_into"})
_REACHES = (timedelta(0), timedelta(days=1), timedelta(weeks=3), timedelta(days=400))
"""How far behind the moment news lie: at it to the microsecond, within a day, weeks, a year."""


@dataclass(frozen=True, slots=True)
class Future:
    """From when on a book is another one.

    Attributes:
        at: what was known strictly before it stays.
        calendar: the organisation's; it says when a day has ended.
        seed: another seed is another future.
    """

    at: datetime
    calendar: Calendar
    seed: int

    def later(self, size: int, generator: np.random.Generator) -> pl.Series:
        """So many moments at or after `at`, a quarter of them exactly at it; Datetime UTC."""
        reach = generator.choice([span // timedelta(microseconds=1) for span in _REACHES], size)
        after = (generator.random(size) * reach).astype(np.int64)
        return pl.select(pl.lit(self.at).cast(TIME) + pl.Series(after).cast(pl.Duration("us")))[
            "literal"
        ]


Disturbance = Callable[[Book, Future], Book]
_Step = Callable[[pl.DataFrame, Table, Future, np.random.Generator], pl.DataFrame]


def disturbed(
    book: Book, at: datetime, calendar: Calendar, *, seed: int, kinds: Sequence[str] | None = None
) -> Book:
    """Change whatever was not known strictly before `at`, and nothing else.

    Args:
        book: the CRM as it is.
        at: the moment of knowledge.
        calendar: the organisation's.
        seed: of the generator.
        kinds: names out of `DISTURBANCES`, one after the other; all of them unless given.
    """
    future = Future(at, calendar, seed)
    for name in DISTURBANCES if kinds is None else kinds:
        book = DISTURBANCES[name](book, future)
    return book


def rows_dropped(book: Book, future: Future) -> Book:
    """Half of the rows known later vanish; accounts stay, because other tables point at them."""
    return _each(book, future, _dropped, number=1)


def accounts_permuted(book: Book, future: Future) -> Book:
    """Rows known later swap their accounts and their deals."""
    return _each(book, future, _permuted, number=2)


def numbers_multiplied(book: Book, future: Future) -> Book:
    """Numbers of rows known later times 100 or -100."""
    return _each(book, future, _multiplied, number=3)


def rows_recorded_late(book: Book, future: Future) -> Book:
    """Old rows once more, recorded only from the moment on."""
    return _each(book, future, _recorded_late, number=4)


def rows_dated_ahead(book: Book, future: Future) -> Book:
    """Old rows once more, recorded in the past though dated from the moment on."""
    return _each(book, future, _dated_ahead, number=5)


def cells_edited(book: Book, future: Future) -> Book:
    """Cells of old rows by their known-at rule.

    A stamp that is empty or not before the moment becomes another later one, or none, with the
    cells that belong to it. Cells without history or stamp change everywhere.
    """
    tables = {
        name: _edited(frame.collect(), TABLES[name], future, future_draws(future, 6, name)).lazy()
        for name, frame in book.tables.items()
    }
    return Book(tables, book.present, book.observed_until)


def history_rewritten(book: Book, future: Future) -> Book:
    """Changes known later lead elsewhere, new ones come, and current values follow them."""
    draws = future_draws(future, 7, "opportunity_changes")
    later = future.later(_most_rows(book), draws)
    return values_rewritten(book, future.at, later, draws)


def merges_undone(book: Book, future: Future) -> Book:
    """Accounts merge into others, or no longer, unless their merge was known before."""
    draws = future_draws(future, 8, "accounts")
    return merges_rewritten(book, future.at, future.later(_most_rows(book), draws), draws)


DISTURBANCES: Mapping[str, Disturbance] = MappingProxyType(
    {
        "rows dropped": rows_dropped,
        "accounts permuted": accounts_permuted,
        "numbers multiplied": numbers_multiplied,
        "rows recorded late": rows_recorded_late,
        "rows dated ahead": rows_dated_ahead,
        "cells edited": cells_edited,
        "history rewritten": history_rewritten,
        "merges undone": merges_undone,
    }
)
"""Every kind of disturbance, by the name a reader of the gate sees."""


def future_draws(future: Future, number: int, table: str) -> np.random.Generator:
    """The chance of one kind in one table; kinds and tables do not share their draws."""
    return np.random.default_rng((future.seed, number, list(TABLES).index(table)))


def _most_rows(book: Book) -> int:
    counts = pl.collect_all([frame.select(pl.len()) for frame in book.tables.values()])
    return 2 * max(int(count.item()) for count in counts)


def _each(book: Book, future: Future, step: _Step, *, number: int) -> Book:
    """A step on every table whose rows have a moment; histories are a kind of their own."""
    tables = dict(book.tables)
    for name, spec in TABLES.items():
        if spec.moment is not None and name not in _HISTORIES:
            frame = book[name].collect()
            if frame.height:
                draws = future_draws(future, number, name)
                tables[name] = step(frame, spec, future, draws).lazy()
    return Book(tables, book.present, book.observed_until)


def _is_past(frame: pl.DataFrame, spec: Table, future: Future) -> pl.Series:
    known = known_from(spec, future.calendar) < future.at
    return frame.select(known.fill_null(value=spec.name == "accounts")).to_series()


def _dropped(
    frame: pl.DataFrame, spec: Table, future: Future, draws: np.random.Generator
) -> pl.DataFrame:
    if spec.name == "accounts":
        return frame
    is_lucky = pl.Series(draws.random(frame.height) < 0.5)
    return frame.filter(_is_past(frame, spec, future) | is_lucky)


def _permuted(
    frame: pl.DataFrame, spec: Table, future: Future, draws: np.random.Generator
) -> pl.DataFrame:
    is_past = _is_past(frame, spec, future)
    rest = frame.filter(~is_past)
    for name in (ACCOUNT_ID, OPPORTUNITY_ID):
        if name in rest.columns and spec.key[:1] != (name,):
            rest = rest.with_columns(rest[name].gather(draws.permutation(rest.height)))
    return pl.concat([frame.filter(is_past), rest])


def _multiplied(
    frame: pl.DataFrame, spec: Table, future: Future, draws: np.random.Generator
) -> pl.DataFrame:
    factor = np.where(draws.random(frame.height) < 0.5, 100.0, -100.0)
    factor = np.where(_is_past(frame, spec, future).to_numpy(), 1.0, factor)
    numbers = [column.name for column in spec.columns if column.dtype == NUMBER]
    return frame.with_columns((pl.col(name) * pl.Series(factor)).alias(name) for name in numbers)


def _recorded_late(
    frame: pl.DataFrame, spec: Table, future: Future, draws: np.random.Generator
) -> pl.DataFrame:
    copy = _copies(frame, spec, future, draws)
    late = future.later(copy.height, draws).alias(RECORDED_AT)
    return pl.concat([frame, copy.with_columns(late)])


def _dated_ahead(
    frame: pl.DataFrame, spec: Table, future: Future, draws: np.random.Generator
) -> pl.DataFrame:
    copy = _copies(frame, spec, future, draws, word="ahead:")
    stamp = spec.moment or RECORDED_AT
    moment = pl.lit(future.later(copy.height, draws))
    is_day = spec.column(stamp).dtype == DAY
    ahead = future.calendar.local_day(moment) if is_day else moment
    return pl.concat([frame, copy.with_columns(ahead.alias(stamp))])


def _copies(
    frame: pl.DataFrame,
    spec: Table,
    future: Future,
    draws: np.random.Generator,
    *,
    word: str = ADDED,
) -> pl.DataFrame:
    """Copies of a quarter of the old rows, half of them of the newest, with other numbers.

    The newest are copied because they belong to what is alive. A row that its moment identifies
    keeps its key: it is a correction, or the next one of its series.
    """
    known = known_from(spec, future.calendar)
    past = frame.filter(_is_past(frame, spec, future)).sort(known, maintain_order=True)
    if past.height == 0:
        return past
    size = max(past.height // 8, 1)
    anywhere = draws.integers(0, past.height, size)
    newest = draws.integers(past.height - size, past.height, size)
    copy = past[np.unique(np.concatenate([anywhere, newest]))]
    factor = pl.Series(draws.choice([-100.0, 100.0], copy.height))
    numbers = [column.name for column in spec.columns if column.dtype == NUMBER]
    copy = copy.with_columns((pl.col(name) * factor).alias(name) for name in numbers)
    if spec.moment in spec.key or not spec.key:
        return copy
    return copy.with_columns((pl.lit(word) + pl.col(spec.key[-1])).alias(spec.key[-1]))


def _edited(
    frame: pl.DataFrame, spec: Table, future: Future, draws: np.random.Generator
) -> pl.DataFrame:
    for column in spec.columns:
        if column.known_at == NOW and column.name not in _LINKS:
            frame = frame.with_columns(other_value(column).alias(column.name))
        elif column.known_at == column.name != spec.moment:
            frame = _restamped(frame, spec, column, future=future, draws=draws)
    return frame


def _restamped(
    frame: pl.DataFrame,
    spec: Table,
    stamp: Column,
    *,
    future: Future,
    draws: np.random.Generator,
) -> pl.DataFrame:
    """A stamp that says nothing before the moment becomes a later one or none; so its cells."""
    moment, later = pl.col(stamp.name), pl.lit(future.later(frame.height, draws))
    if stamp.dtype == DAY:
        moment, later = future.calendar.end_of(moment), future.calendar.local_day(later)
    is_open = ~(moment < future.at).fill_null(value=False)
    new = pl.when(pl.Series(draws.random(frame.height) < 0.5)).then(later).otherwise(None)
    frame = frame.with_columns(new.alias("_new"), is_open.alias("_is_open"))
    cells = [pl.when("_is_open").then("_new").otherwise(stamp.name).alias(stamp.name)]
    for column in spec.columns:
        if column.known_at == stamp.name != column.name:
            unset = pl.lit("open" if column.name == "outcome" else None, column.dtype)
            told = pl.when(pl.col("_new").is_null()).then(unset).otherwise(other_value(column))
            cells.append(pl.when("_is_open").then(told).otherwise(column.name).alias(column.name))
    return frame.with_columns(cells).drop("_new", "_is_open")
