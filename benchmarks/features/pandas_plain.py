"""Peer: pandas, plain: for each as_of and measure a mask and a groupby; for small sizes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pandas as pd
import polars as pl

from benchmarks.features.answer import answer, spine
from benchmarks.features.core61 import PARENT_MOMENTS, SOURCES, columns_of, measures_of
from benchmarks.features.definition import PARTS, Condition, Derived, Measure, Rule, Source

# What pandas hands out is not typed: its stubs are no part of the project.
Frame: TypeAlias = pd.DataFrame
Column: TypeAlias = pd.Series

_LAST_TEXT = "\U0010ffff"
"""Stands for an empty cell that nothing may come after."""


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The 61 features of every account at every as_of; in no order."""
    tables = {table: rows_of(folder, source) for table, source in SOURCES.items()}
    rows = spine(folder, as_ofs)
    parts = []
    for as_of in as_ofs:
        told = [_told(tables[table], table, as_of) for table in tables]
        parts.append(answer(rows.filter(pl.col("as_of") == as_of), told, ("account_id",)))
    return pl.concat(parts)


def rows_of(folder: Path, source: Source) -> Frame:
    """A table with its account, `known_from`, derived columns and filters as flags."""
    rows = pd.read_parquet(
        folder / f"{source.table}.parquet", columns=list(columns_of(source.table))
    )
    rows["known_from"] = _known(rows, source.moment)
    if source.parent is not None:
        parent, key = source.parent
        moment = PARENT_MOMENTS[parent]
        columns = [key, "account_id", moment, "recorded_at"]
        deals = pd.read_parquet(folder / f"{parent}.parquet", columns=columns)
        deals["deal_known"] = _known(deals, moment)
        rows = rows.merge(deals[[key, "account_id", "deal_known"]], on=key)
        rows["known_from"] = rows[["known_from", "deal_known"]].max(axis=1)
    for entry in source.derived:
        rows[entry.name] = _derived(entry, rows)
    return rows


def keeps(rows: Frame, where: Sequence[Rule]) -> Column:
    """Whether each row keeps any of the rules."""
    kept = pd.Series(not where, index=rows.index)
    for rule in where:
        holds = pd.Series(data=True, index=rows.index)
        for condition in rule:
            holds &= _holds(rows, condition)
        kept |= holds
    return kept


def _told(rows: Frame, table: str, as_of: datetime) -> pl.DataFrame:
    """account_id and the measures of one table at one as_of."""
    known = rows[rows["known_from"] < as_of]
    told = pd.DataFrame(
        {measure.name: _measure(known, measure, as_of) for measure in measures_of(table)}
    )
    return pl.DataFrame(
        {"account_id": told.index.to_numpy(dtype=str)}
        | {name: pl.Series(told[name].to_numpy(float), nan_to_null=True) for name in told}
    )


def _measure(known: Frame, measure: Measure, as_of: datetime) -> Column:
    moment = known[measure.moment]
    counts = keeps(known, measure.where) & (moment < as_of)
    if measure.days is not None:
        counts &= moment >= as_of - timedelta(days=measure.days)
    if measure.until is not None:
        counts &= ~(known[measure.until] < as_of)
    kept = known[counts]
    by_account = kept.groupby("account_id")
    if measure.kind == "last":
        newest = by_account[measure.moment].max()
        return (pd.Timestamp(as_of) - newest) / pd.Timedelta(days=1)
    if measure.column is None:
        return by_account.size()
    if measure.kind == "distinct":
        return by_account[measure.column].nunique()
    thousandths = (kept[measure.column] * PARTS).round()
    return thousandths.groupby(kept["account_id"]).sum() / PARTS


def _known(rows: Frame, moment: str) -> Column:
    recorded = rows["recorded_at"].fillna(rows[moment])
    return recorded.where(recorded > rows[moment], rows[moment])


def _holds(rows: Frame, condition: Condition) -> Column:
    column, value = rows[condition.column], condition.value
    held = {
        "is": lambda: column.eq(value),
        "in": lambda: column.isin(value),
        "above": lambda: column.gt(value),
        "below": lambda: column.lt(value),
        "after": lambda: column.fillna("").gt(rows[str(value)].fillna(_LAST_TEXT)),
        "true": lambda: column.eq(other=True),
        "not true": lambda: ~column.eq(other=True).fillna(value=False).astype(bool),
        "known": column.notna,
    }
    return held[condition.op]().fillna(value=False).astype(bool)


def _derived(entry: Derived, rows: Frame) -> Column:
    day = pd.to_datetime(rows[entry.of[0]], utc=True)
    if entry.kind == "day end":
        return day + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)
    late = (rows[entry.of[1]].dt.floor("D") - day) / pd.Timedelta(days=1)
    return late.clip(lower=0)
