"""Peer: DuckDB, each table summed once by account and segment, windows put together from segments.

Rows that an as_of missed, because they were recorded only after it, are few: they take the plain
way, for themselves. Distinct values are bit masks of (as_of, window).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.features.answer import KEYS, TIME, answer, spine
from benchmarks.features.core61 import MEASURES, SOURCES, measures_of
from benchmarks.features.segments import Segments
from benchmarks.features.sql import SETTINGS, rows_of
from benchmarks.features.stream import Stream, distinct_query


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The 61 features of every account at every as_of; in no order."""
    days = [measure.days for measure in MEASURES if measure.days is not None]
    segments = Segments.of(as_ofs, days)
    told = []
    with duckdb.connect() as connection:
        for setting in SETTINGS:
            connection.execute(setting)
        for query in queries(folder, segments):
            frame = pl.DataFrame(connection.sql(query))
            told.append(frame.with_columns(pl.col("as_of").cast(TIME)))
    return answer(spine(folder, segments.as_ofs), told, KEYS)


def queries(folder: Path, segments: Segments) -> Iterator[str]:
    """One query for each moment of each table, and one for each column of distinct values."""
    for source in SOURCES.values():
        rows = rows_of(folder, source)
        measures = [m for m in measures_of(source.table) if m.kind != "distinct"]
        for moment in dict.fromkeys(measure.moment for measure in measures):
            yield Stream(rows, tuple(m for m in measures if m.moment == moment), segments).query()
        apart = [m for m in measures_of(source.table) if m.kind == "distinct"]
        for column in dict.fromkeys(measure.column for measure in apart):
            yield distinct_query(rows, tuple(m for m in apart if m.column == column), segments)
