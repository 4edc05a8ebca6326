"""Slip slices: a win curve beside its rival, by age, time to go, kind, segment and value."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl

from training.intervals import Clusters, Figure, Floats, Mask, clusters_of, figure, ratio
from training.metrics import log_losses

SERVED, RIVAL, WON = "p", "p_rival", "won"
"""Columns of the two forecasts and of what happened (0 or 1)."""

OTHER = "not known"


@dataclass(frozen=True, slots=True)
class Bands:
    """Whole days, a band up to and with each edge and one beyond the last.

    >>> Bands((3, 7)).names
    ('0-3 days', '4-7 days', '8 days and more')
    """

    edges: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.edges or any(b <= a for a, b in pairwise((-1, *self.edges))):
            raise ValueError(f"expected rising edges of 0 days and more, got {list(self.edges)}")

    @property
    def names(self) -> tuple[str, ...]:
        """What the bands are called, in order."""
        starts = (0, *(edge + 1 for edge in self.edges))
        closed = [f"{a}-{b} days" for a, b in zip(starts, self.edges, strict=False)]
        return (*closed, f"{starts[-1]} days and more")

    def of(self, days: pl.Expr) -> pl.Expr:
        """The number of the band of each count of days, begun days left off; null stays null."""
        above = [(days.floor() > edge).cast(pl.Int64) for edge in self.edges]
        return pl.sum_horizontal(pl.lit(0, pl.Int64), *above, ignore_nulls=False)


AGES = Bands((30, 90, 180, 365))
"""Of the deal at as_of."""

DAYS_LEFT = Bands((14, 30, 60, 90))
"""From as_of to the end of the period that holds the committed date."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One forecast on one slice: log loss, AUC and bias (mean forecast less share of wins)."""

    log_loss: Figure
    auc: Figure
    bias: Figure


@dataclass(frozen=True, slots=True)
class Slice:
    """Both forecasts on the same rows.

    Attributes:
        rows: deals at a moment.
        accounts: accounts behind them.
        prevalence: share of them that were won in time.
        served: the win curve.
        rival: what it is held against.
        gain: by how much the curve's log loss lies below the rival's, paired.
    """

    rows: int
    accounts: int
    prevalence: Figure
    served: Scored
    rival: Scored
    gain: Figure

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json."""
        return {
            "n": self.rows,
            "accounts": self.accounts,
            "prevalence": self.prevalence.to_mapping(),
            "served": _mapping(self.served),
            "rival": _mapping(self.rival),
            "gain": self.gain.to_mapping(),
        }


def slip_slices(
    rows: pl.DataFrame, *, seed: int, ages: Bands = AGES
) -> dict[str, dict[str, Slice]]:
    """Judge both forecasts on all rows, weighed by amount, and slice by slice.

    Args:
        rows: judged rows, no null among the first four: account_id, `won`, `p`, `p_rival`; then
            as_of_on, period_end (Date), age_days, type, segment, amount.
        seed: of the bootstrap over accounts (90 % intervals).
        ages: bands of the deal's age.

    Returns:
        Slice → value → figures: `all` (each deal alike; by amount, where a deal without one
        counts nothing), by_age, by_days_left, by_type, by_segment. Bands come in their order, and
        a value without rows is absent.

    Raises:
        ValueError: for a null among the columns that every row must have.
    """
    for name in ("account_id", WON, SERVED, RIVAL):
        if rows[name].null_count():
            raise ValueError(f"slip slices: expected {name} by row, {rows[name].null_count()} null")
    if not rows.height:
        return {}
    bench = _bench(rows, seed)
    everything = np.ones(rows.height, dtype=np.bool_)
    amount = rows["amount"].cast(pl.Float64).fill_null(0.0).clip(lower_bound=0.0).to_numpy()
    found = {
        "all": {
            "each deal alike": bench.slice(everything),
            "by amount": bench.weighed(amount).slice(everything),
        }
    }
    return found | {
        name: {
            value: bench.slice((parts == value).to_numpy())
            for value in _ordered(parts, names)
            if (parts == value).any()
        }
        for name, (parts, names) in _parts(rows, ages).items()
    }


def area_figure(happened: Floats, p: Floats, weights: Floats, clusters: Clusters) -> Figure:
    """The area under the ROC curve of weighed rows with its interval, ties at one half."""
    whole = areas(happened, p, weights[None, :])
    repeats = [areas(happened, p, drawn * weights) for drawn in clusters.weights()]
    return figure(float(whole[0]), np.concatenate(repeats))


def areas(happened: Floats, p: Floats, weights: Floats) -> Floats:
    """The area under each row of weights (repeats, n); NaN where one answer has no weight."""
    order = np.argsort(p, kind="stable")
    ranked, sorted_weights = p[order], weights[:, order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    won = np.add.reduceat(sorted_weights * happened[order], starts, axis=1)
    lost = np.add.reduceat(sorted_weights * (1.0 - happened[order]), starts, axis=1)
    below = lost.cumsum(axis=1) - 0.5 * lost
    return ratio((won * below).sum(axis=1), won.sum(axis=1) * lost.sum(axis=1))


def weighed_mean(values: Floats, weights: Floats, clusters: Clusters) -> Figure:
    """The weighted mean over rows with its interval; not defined where all weights are 0."""
    if weights.sum() <= 0:
        return Figure(None, None, None)
    sums = clusters.resampled(np.stack([values * weights, weights], axis=1))
    return figure(float(values @ weights / weights.sum()), ratio(sums[:, 0], sums[:, 1]))


@dataclass(frozen=True, slots=True)
class _Bench:
    """What both forecasts are judged with, row by row."""

    clusters: Clusters
    won: Floats
    served: Floats
    rival: Floats
    weights: Floats

    def weighed(self, weights: Floats) -> "_Bench":
        return _Bench(self.clusters, self.won, self.served, self.rival, weights)

    def slice(self, mask: Mask) -> Slice:
        clusters, won, weights = self.clusters.take(mask), self.won[mask], self.weights[mask]
        served, rival = self.served[mask], self.rival[mask]
        gained = log_losses(won, rival) - log_losses(won, served)
        return Slice(
            rows=int(mask.sum()),
            accounts=clusters.accounts,
            prevalence=weighed_mean(won, weights, clusters),
            served=_scored(won, served, weights, clusters),
            rival=_scored(won, rival, weights, clusters),
            gain=weighed_mean(gained, weights, clusters),
        )


def _bench(rows: pl.DataFrame, seed: int) -> _Bench:
    won, served, rival = (rows[name].cast(pl.Float64).to_numpy() for name in (WON, SERVED, RIVAL))
    clusters = clusters_of(rows["account_id"], seed=seed)
    return _Bench(clusters, won, served, rival, np.ones(rows.height))


def _scored(won: Floats, p: Floats, weights: Floats, clusters: Clusters) -> Scored:
    return Scored(
        log_loss=weighed_mean(log_losses(won, p), weights, clusters),
        auc=area_figure(won, p, weights, clusters),
        bias=weighed_mean(p - won, weights, clusters),
    )


def _parts(rows: pl.DataFrame, ages: Bands) -> dict[str, tuple[pl.Series, tuple[str, ...]]]:
    """Slice → its value by row as text, and the order of the values where they have one."""
    left = (pl.col("period_end") - pl.col("as_of_on")).dt.total_days()
    found: Mapping[str, tuple[pl.Expr, tuple[str, ...]]] = {
        "by_age": (_named(ages, pl.col("age_days")), ages.names),
        "by_days_left": (_named(DAYS_LEFT, left.cast(pl.Float64)), DAYS_LEFT.names),
        "by_type": (pl.col("type").cast(pl.String), ("new", "expansion", "renewal")),
        "by_segment": (pl.col("segment").cast(pl.String), ()),
    }
    return {
        name: (rows.select(expr.fill_null(OTHER)).to_series(), names)
        for name, (expr, names) in found.items()
    }


def _named(bands: Bands, days: pl.Expr) -> pl.Expr:
    return bands.of(days).replace_strict(
        dict(enumerate(bands.names)), default=None, return_dtype=pl.String
    )


def _ordered(parts: pl.Series, names: tuple[str, ...]) -> list[str]:
    """The known values in their own order, then the rest in that of the alphabet."""
    return [*names, *(value for value in parts.unique().sort().to_list() if value not in names)]


def _mapping(scored: Scored) -> dict[str, object]:
    return {
        "log_loss": scored.log_loss.to_mapping(),
        "auc": scored.auc.to_mapping(),
        "bias": scored.bias.to_mapping(),
    }
