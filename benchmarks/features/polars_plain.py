"""Peer: Polars with one streaming group_by per table and as_of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from benchmarks.features.answer import TIME, answer, spine
from benchmarks.features.core61 import PARENT_MOMENTS, SOURCES, measures_of
from benchmarks.features.definition import PARTS, Condition, Derived, Measure, Rule, Source


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The 61 features of every account at every as_of; in no order."""
    rows = spine(folder, as_ofs)
    parts = []
    for as_of in as_ofs:
        now = pl.lit(as_of, TIME)
        plans = [_told(rows_of(folder, source), source, now) for source in SOURCES.values()]
        told = pl.collect_all(plans, engine="streaming")
        parts.append(answer(rows.filter(pl.col("as_of") == now), told, ("account_id",)))
    return pl.concat(parts)


def rows_of(folder: Path, source: Source) -> pl.LazyFrame:
    """A table with its account, `recorded_at` never empty, and derived columns."""
    recorded = pl.coalesce("recorded_at", source.moment)
    rows = pl.scan_parquet(folder / f"{source.table}.parquet").with_columns(
        recorded, *(derived(entry) for entry in source.derived)
    )
    if source.parent is None:
        return rows
    parent, key = source.parent
    moment = PARENT_MOMENTS[parent]
    known = pl.max_horizontal(moment, pl.coalesce("recorded_at", moment))
    parents = pl.scan_parquet(folder / f"{parent}.parquet").select(
        key, "account_id", known.alias("parent_known")
    )
    return (
        rows.join(parents, on=key)
        .with_columns(pl.max_horizontal("recorded_at", "parent_known").alias("recorded_at"))
        .drop("parent_known")
    )


def keeps(where: Sequence[Rule]) -> pl.Expr:
    """Whether a row keeps any of the rules."""
    if not where:
        return pl.lit(value=True)
    rules = [pl.all_horizontal([_holds(condition) for condition in rule]) for rule in where]
    return pl.any_horizontal(rules)


def _told(rows: pl.LazyFrame, source: Source, now: pl.Expr) -> pl.LazyFrame:
    """account_id and the measures of one table at one as_of."""
    is_known = (pl.col(source.moment) < now) & (pl.col("recorded_at") < now)
    measures = [_measure(measure, now) for measure in measures_of(source.table)]
    return rows.filter(is_known).group_by("account_id").agg(measures)


def _measure(measure: Measure, now: pl.Expr) -> pl.Expr:
    moment = pl.col(measure.moment)
    counts = (moment < now) & keeps(measure.where)
    if measure.days is not None:
        counts &= moment >= now - timedelta(days=measure.days)
    if measure.until is not None:
        counts &= (pl.col(measure.until) >= now).fill_null(value=True)
    return _value(measure, counts, now).cast(pl.Float32).alias(measure.name)


def _value(measure: Measure, counts: pl.Expr, now: pl.Expr) -> pl.Expr:
    if measure.kind == "last":
        newest = pl.col(measure.moment).filter(counts).max()
        return (now - newest).dt.total_microseconds() / 86_400e6
    if measure.column is None:
        return counts.sum()
    values = pl.col(measure.column)
    if measure.kind == "distinct":
        return values.filter(counts & values.is_not_null()).n_unique()
    return (values * PARTS).round().cast(pl.Int64).filter(counts).sum() / PARTS


def _holds(condition: Condition) -> pl.Expr:
    column, value = pl.col(condition.column), condition.value
    held = {
        "is": lambda: column == pl.lit(value),
        "in": lambda: column.is_in(list(value) if isinstance(value, tuple) else []),
        "above": lambda: column > pl.lit(value),
        "below": lambda: column < pl.lit(value),
        "after": lambda: column > pl.col(str(value)),
        "true": lambda: column,
        "not true": lambda: ~column.fill_null(value=False),
        "known": column.is_not_null,
    }
    return held[condition.op]().fill_null(value=False)


def derived(entry: Derived) -> pl.Expr:
    """A column made from others of its row."""
    day = pl.col(entry.of[0])
    if entry.kind == "day end":
        end = day.cast(pl.Datetime("us")) + timedelta(days=1) - timedelta(microseconds=1)
        return end.dt.replace_time_zone("UTC").alias(entry.name)
    late = (pl.col(entry.of[1]).dt.date() - day).dt.total_days()
    return late.clip(lower_bound=0).cast(pl.Float64).alias(entry.name)
