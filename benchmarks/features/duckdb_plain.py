"""Peer: DuckDB with one plain SQL query per as_of: a filtered aggregate for each measure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.features.answer import answer, spine
from benchmarks.features.core61 import SOURCES, measures_of
from benchmarks.features.definition import Measure, Source
from benchmarks.features.sql import SETTINGS, finished, keeps, moment, rows_of, value


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The 61 features of every account at every as_of; in no order."""
    rows = spine(folder, as_ofs)
    parts = []
    with duckdb.connect() as connection:
        for setting in SETTINGS:
            connection.execute(setting)
        for as_of in as_ofs:
            told = [
                pl.DataFrame(connection.sql(query(folder, source, as_of)))
                for source in SOURCES.values()
            ]
            now = rows.filter(pl.col("as_of") == as_of)
            parts.append(answer(now, told, ("account_id",)))
    return pl.concat(parts)


def query(folder: Path, source: Source, as_of: datetime) -> str:
    """account_id and the measures of one table at one as_of."""
    chosen = [
        finished(measure, value(measure, _counts(measure, as_of)), moment(as_of))
        for measure in measures_of(source.table)
    ]
    return (
        f"SELECT account_id, {', '.join(chosen)} FROM {rows_of(folder, source)} "  # noqa: S608
        f"WHERE {source.moment} < {moment(as_of)} AND known_from < {moment(as_of)} "
        "GROUP BY account_id"
    )


def _counts(measure: Measure, as_of: datetime) -> str:
    conditions = [keeps(measure.where), f"{measure.moment} < {moment(as_of)}"]
    if measure.days is not None:
        since = moment(as_of - timedelta(days=measure.days))
        conditions.append(f"{measure.moment} >= {since}")
    if measure.until is not None:
        conditions.append(f"({measure.until} IS NULL OR {measure.until} >= {moment(as_of)})")
    return " AND ".join(conditions)
