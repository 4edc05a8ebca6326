"""Close dates: how many won deals closed by the days that their curves had named."""

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from training.intervals import Clusters, Figure, Floats, clusters_of, figure, ratio

QUANTILES = ("close_p25", "close_p50", "close_p75")
MOST_WEIGHT = 20.0
"""A late win speaks for at most so many, however few deals were watched for as long."""


@dataclass(frozen=True, slots=True)
class CloseDates:
    """Shares of the wins, each to be held against the share that the curve had promised.

    Attributes:
        wins: won deals at a moment, won before the end of the curve that named their days.
        accounts: accounts behind them.
        watched_days: the longest that a deal was watched; wins after that are not seen.
        by_p25: closed before the day of the first quartile, or on it (one half); promised 0.25.
        by_p50: the same for the median; promised 0.50.
        by_p75: the same for the third quartile; promised 0.75.
        between: closed between those of the first and the third; promised 0.50.
        width_days: mean days between the two.
    """

    wins: int
    accounts: int
    watched_days: int
    by_p25: Figure
    by_p50: Figure
    by_p75: Figure
    between: Figure
    width_days: Figure

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json."""
        found: dict[str, object] = {}
        for entry in fields(self):
            value = getattr(self, entry.name)
            found[entry.name] = value.to_mapping() if isinstance(value, Figure) else value
        return found


def close_dates(rows: pl.DataFrame, *, seed: int) -> CloseDates:
    """Hold the days that a curve named against those on which deals were won.

    Deals described late in the history are watched for a short time, and of their wins only the
    early ones are seen. A win that took d days therefore speaks for all rows as though each had
    been watched for d days: it weighs one over the share of the rows that were. A win after the
    end of its curve is left out: the days named are those of the wins before it.

    Args:
        rows: out-of-time rows, the lost and the open ones too, however short they were watched:
            account_id, as_of_on, event, event_on, censored_on, curve_ends_on (the last day that
            the curve tells of), and the days of `QUANTILES`.
        seed: of the bootstrap over accounts (90 % intervals).

    Source: Robins and Rotnitzky 1992, inverse probability of censoring weighting; Parzen 2004,
    Quantile Probability and Statistical Data Modeling, for the half (mid-distribution).
    """
    told = rows.filter(pl.all_horizontal(pl.col(*QUANTILES).is_not_null()))
    watched = _days(told, "censored_on")
    clusters = clusters_of(told["account_id"], seed=seed)
    is_inside = pl.col("event_on") <= pl.col("curve_ends_on")
    is_won_inside = (pl.col("event").cast(pl.String) == "won") & is_inside
    is_won = told.select(is_won_inside.fill_null(value=False)).to_series().to_numpy()
    taken, wins, drawn = _days(told, "event_on")[is_won], told.filter(is_won), clusters.take(is_won)
    weights = _weights(taken, watched)
    by = {name: _reached(taken, _days(wins, name)) for name in QUANTILES}
    first, _, third = (_days(wins, name) for name in QUANTILES)
    return CloseDates(
        wins=wins.height,
        accounts=wins["account_id"].n_unique(),
        watched_days=int(watched.max()) if watched.size else 0,
        by_p25=_share(by["close_p25"], weights, drawn),
        by_p50=_share(by["close_p50"], weights, drawn),
        by_p75=_share(by["close_p75"], weights, drawn),
        between=_share(by["close_p75"] - by["close_p25"], weights, drawn),
        width_days=_share(third - first, weights, drawn),
    )


def _days(rows: pl.DataFrame, name: str) -> Floats:
    """Days from as_of to the end of a day, that day counted."""
    days = (pl.col(name) - pl.col("as_of_on")).dt.total_days() + 1
    return rows.select(days.cast(pl.Float64)).to_series().to_numpy()


def _reached(taken: Floats, named: Floats) -> Floats:
    """1 for a win before the named day, one half on it: the quartile lies somewhere within it."""
    return np.where(taken == named, 0.5, (taken < named).astype(np.float64))


def _weights(taken: Floats, watched: Floats) -> Floats:
    ordered = np.sort(watched)
    long_enough = watched.size - np.searchsorted(ordered, taken, side="left")
    share = long_enough / max(watched.size, 1)
    return np.minimum(1.0 / np.maximum(share, 1.0 / MOST_WEIGHT), MOST_WEIGHT)


def _share(values: Floats, weights: Floats, clusters: Clusters) -> Figure:
    if not values.size:
        return Figure(None, None, None)
    sums = clusters.resampled(np.stack([values * weights, weights], axis=1))
    return figure(float(values @ weights / weights.sum()), ratio(sums[:, 0], sums[:, 1]))
