"""Peer: the project's own engine, one book in order and running totals for all as_ofs."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import polars as pl

from benchmarks.features.answer import KEYS, answer
from benchmarks.features.core61 import MEASURES, SOURCES, columns_of
from benchmarks.features.definition import Measure as Asked
from benchmarks.features.polars_plain import derived, keeps
from features import measure
from features.batch import Batch, batches, each
from features.book import Book, make_book
from features.calendar import Calendar
from features.context import Context
from features.scatter import scatter
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, TABLES, TIME
from features.view import View, days_since

_DERIVED = {entry.name: entry for source in SOURCES.values() for entry in source.derived}
_NO_CONTEXT = Context(*(pl.DataFrame() for _ in range(5)))

_AT_ONCE = 6_000_000
"""Activities up to which a book is kept in memory as a whole."""

_OF_A_PART = 3_000_000
"""Activities of one part where it is not, about."""


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The 61 features of every account at every as_of; in no order."""
    book = read_book(folder)
    accounts = book["accounts"].collect()[ACCOUNT_ID]
    activities = pl.scan_parquet(folder / "activities.parquet").select(pl.len()).collect().item()
    if activities <= _AT_ONCE:
        return pl.concat(_described(book, accounts, as_ofs))
    parts = -(-activities // _OF_A_PART)
    found: list[pl.DataFrame] = []
    with tempfile.TemporaryDirectory(dir=folder) as name:
        cut = scatter(book, Path(name), parts)
        for number in range(parts):
            part = cut.part(number)
            found += _described(part, part["accounts"].collect()[ACCOUNT_ID], as_ofs)
    return pl.concat(found)


def _described(book: Book, accounts: pl.Series, as_ofs: Sequence[datetime]) -> list[pl.DataFrame]:
    moments = pl.DataFrame({AS_OF: as_ofs}, schema={AS_OF: TIME})
    rows = pl.DataFrame({ENTITY_ID: accounts}).join(moments, how="cross")
    return list(each(batches(book, rows, Calendar(), way="fast"), _of_batch))


def read_book(folder: Path) -> Book:
    """The tables of the 61 features, with the columns that these need and no others."""
    tables = {}
    for table in SOURCES:
        columns = columns_of(table)
        schema = TABLES[table].schema
        rows = pl.scan_parquet(folder / f"{table}.parquet")
        tables[table] = rows.select(pl.col(name).cast(schema[name]) for name in columns)
    accounts = pl.scan_parquet(folder / "accounts.parquet")
    tables["accounts"] = accounts.select(ACCOUNT_ID, pl.lit(None, TIME).alias("created_at"))
    deals = pl.scan_parquet(folder / "opportunities.parquet")
    tables["opportunities"] = deals.select(
        "opportunity_id", ACCOUNT_ID, "created_at", "recorded_at"
    )
    until = datetime.now(UTC)  # nothing of the 61 asks how far the book goes
    nothing = make_book({}, observed_until=until)
    return Book({**nothing.tables, **tables}, nothing.present, until)


def _of_batch(batch: Batch) -> pl.DataFrame:
    view = batch.view(batch.rows, _NO_CONTEXT)
    keys = batch.named(batch.rows).rename({ENTITY_ID: ACCOUNT_ID})
    told = [part for table in SOURCES for part in _told(view, table)]
    whole = pl.concat([keys, *told], how="horizontal")
    return answer(whole, [], KEYS)


def _told(view: View, table: str) -> Iterator[pl.DataFrame]:
    """The measures of one table, one frame for each moment that is held against as_of."""
    own = TABLES[table].moment
    of_table = sorted((entry for entry in MEASURES if entry.table == table), key=_moment)
    for moment, asked in groupby(of_table, _moment):
        entries = list(asked)
        at = None if moment == own else _column(moment)
        windows = [_measure(entry) for entry in entries]
        frame = view.measured(table, windows, at=at).collect()
        since = [days_since(pl.col(e.name)).alias(e.name) for e in entries if e.kind == "last"]
        frame = frame.with_columns(since).select(entry.name for entry in entries)
        for entry in entries:
            if entry.until is not None:
                ended = view.measured(table, [_measure(entry)], at=_end(entry)).collect()
                frame = frame.with_columns(pl.col(entry.name) - ended[entry.name])
        yield frame


def _moment(entry: Asked) -> str:
    return entry.moment


def _measure(entry: Asked) -> measure.Measure:
    where = keeps(entry.where) if entry.where else None
    of = None if entry.column is None else _column(entry.column)
    if entry.kind == "last":
        return measure.newest(entry.name, where)
    if entry.kind == "distinct" and of is not None:
        return measure.distinct(entry.name, of, where, oldest=entry.days)
    if of is None:
        return measure.count(entry.name, where, oldest=entry.days)
    return measure.total(entry.name, of, where, oldest=entry.days)


def _end(entry: Asked) -> pl.Expr:
    """When an open row ended: its end, but not before it began."""
    begin, end = _column(entry.moment), _column(entry.until or "")
    return pl.when(begin.is_not_null() & end.is_not_null()).then(pl.max_horizontal(begin, end))


def _column(name: str) -> pl.Expr:
    return derived(_DERIVED[name]) if name in _DERIVED else pl.col(name)
