"""How much a column tells of a latent, and a latent of a column: adjusted correlation ratios."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from features.schema import TABLES

BINS = 20
FEW = 40
"""Text with at most so many different words is a category."""
FEWEST_ROWS = 60
MOST_ROWS = 3_000
"""Of longer columns as many rows are drawn."""
Values = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Column:
    """One exported column as numbers.

    Attributes:
        name: table, column and what was made of it.
        values: one per row, NaN where there is none.
        is_category: whether the numbers only name groups.
    """

    name: str
    values: np.ndarray
    is_category: bool = False


def columns_of(name: str, frame: pl.DataFrame) -> Iterator[Column]:
    """Every column of a table in all the forms in which it can tell something."""
    moment = TABLES[name].moment
    if name.endswith("_changes"):
        for field in frame["field"].unique().sort():
            own = frame["field"] == field
            for side in ("old", "new"):
                text = frame.select(pl.when(own).then(pl.col(side)).alias(side))[side]
                yield from _forms(f"{name}.{field}.{side}", text, None)
        frame = frame.drop("old", "new")
    for column in frame.columns:
        origin = frame[moment] if moment is not None and moment != column else None
        yield from _forms(f"{name}.{column}", frame[column], origin)


def _forms(name: str, series: pl.Series, origin: pl.Series | None) -> Iterator[Column]:
    """Numbers as they are and their logs, days as dates and as waits, words as groups."""
    known = series.drop_nulls()
    if known.len() < FEWEST_ROWS:
        return
    if series.dtype == pl.String:
        numbers, days = series.cast(pl.Float64, strict=False), series.str.to_date(strict=False)
        if numbers.null_count() == series.null_count():
            series = numbers
        elif days.null_count() == series.null_count():
            series = days
    if series.dtype.is_temporal():
        day = series.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64) / 8.64e10
        yield Column(name, day.to_numpy())
        if origin is not None:
            start = origin.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64) / 8.64e10
            yield Column(f"{name} - moment", (day - start).to_numpy())
        yield Column(f"{name} is there", series.is_not_null().cast(pl.Float64).to_numpy())
    elif series.dtype.is_numeric() or series.dtype == pl.Boolean:
        values = series.cast(pl.Float64).to_numpy()
        yield Column(name, values)
        yield Column(f"{name} is there", np.isfinite(values).astype(np.float64))
        if np.nanmin(values) > 0:
            yield Column(f"log {name}", np.log(values))
    else:
        text = series.cast(pl.String)
        if known.n_unique() <= FEW:
            codes = text.rank("dense").cast(pl.Float64).to_numpy()
            yield Column(name, codes, is_category=True)
            return
        number = text.str.extract(r"(\d+)").cast(pl.Float64, strict=False)
        yield Column(f"number of {name}", number.to_numpy())
        yield Column(f"length of {name}", text.str.len_chars().cast(pl.Float64).to_numpy())


def means_by(column: Column, whose: np.ndarray, count: int) -> Iterator[Column]:
    """Mean of a column over the rows of each account or rep, or the share of each of its words."""
    known = np.isfinite(column.values) & (whose >= 0)
    who, values = whose[known].astype(np.int64), column.values[known]
    rows = np.bincount(who, minlength=count)
    parts = {column.name: values}
    if column.is_category:
        parts = {f"{column.name} {word:g}": values == word for word in np.unique(values)}
    for name, part in parts.items():
        sums = np.bincount(who, weights=part, minlength=count)
        yield Column(f"mean {name}", np.where(rows > 0, sums / np.maximum(rows, 1), np.nan))


def tells(column: Column, latents: Values) -> dict[tuple[str, str, str], float]:
    """Both correlation ratios of a column and each latent, over the rows where both are known."""
    found = {}
    rows = np.flatnonzero(np.isfinite(column.values))
    if len(rows) > MOST_ROWS:
        rows = np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False)
    if len(rows) < FEWEST_ROWS:
        return {}
    values = column.values[rows]
    codes = _groups(values, column)
    for name, whole in latents.items():
        latent = whole[rows]
        known = np.isfinite(latent)
        if known.sum() < FEWEST_ROWS or np.ptp(latent[known]) == 0:
            continue
        seen, hidden = codes[known], latent[known]
        found[column.name, name, "forward"] = ratio(hidden, seen)
        # Groups have no order of their own: they stand in that of their mean latents.
        scale = _mean_of(hidden, seen) if column.is_category else values[known]
        found[column.name, name, "back"] = ratio(scale, binned(hidden))
    return found


def ratio(values: np.ndarray, codes: np.ndarray) -> float:
    """Share of variance between groups, less what as many random groups would have."""
    total = float(np.var(values)) * len(values)
    groups = int(codes.max()) + 1
    if total <= 1e-9 or len(values) <= 2 * groups:
        return 0.0
    apart = values - _mean_of(values, codes)
    within = float(apart @ apart) / (len(values) - len(np.unique(codes)))
    return max(0.0, 1.0 - within / (total / (len(values) - 1)))


def binned(values: np.ndarray) -> np.ndarray:
    """The quantile bin of each value: at most 20, with at least 10 rows each."""
    bins = max(2, min(BINS, len(values) // 10))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, values, side="left")


def largest(found: Mapping[tuple[str, str, str], float], count: int) -> Sequence[object]:
    """The most telling pairs."""
    return sorted(found.items(), key=lambda pair: -pair[1])[:count]


def _groups(values: np.ndarray, column: Column) -> np.ndarray:
    if column.is_category:
        codes: np.ndarray = np.unique(values, return_inverse=True)[1]
        return codes
    return binned(values)


def _mean_of(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    counts = np.bincount(codes)
    sums = np.bincount(codes, weights=values)
    means: np.ndarray = (sums / np.maximum(counts, 1))[codes]
    return means
