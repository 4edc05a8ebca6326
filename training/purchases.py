"""Purchases: who still buys, from the days of past orders alone (BG/NBD).

A customer buys at random with a rate of their own, and after each purchase drops out for good with
a probability of their own; both vary over customers by a gamma and a beta law.

Source: Fader, Hardie & Lee 2005, Counting Your Customers the Easy Way, Marketing Science 24(2).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from training.intervals import Floats

REPEATS, RECENCY, AGE = "repeats", "recency_weeks", "age_weeks"
"""Columns: days with an order after the first, weeks from the first to the last of them, weeks from
the first to as_of. Null without an order."""

_FEWEST = 50
_MOST = 5_000
_BOUND = 8.0


@dataclass(frozen=True, slots=True)
class PurchaseModel:
    """The two laws: rates ~ Gamma(r, alpha), drop-outs ~ Beta(a, b); time in weeks."""

    r: float
    alpha: float
    a: float
    b: float

    def p_alive(self, rows: pl.DataFrame) -> Floats:
        """Probability that the customer has not dropped out; NaN without an order."""
        x, last, age = _columns(rows)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            gone = (self.a / (self.b + np.maximum(x, 1.0) - 1.0)) * (
                (self.alpha + age) / (self.alpha + last)
            ) ** (self.r + x)
        return np.where(x > 0, 1.0 / (1.0 + gone), np.where(np.isnan(x), np.nan, 1.0))

    def p_buys(self, rows: pl.DataFrame, weeks: float) -> Floats:
        """Probability of at least one order in the coming weeks; NaN without an order so far.

        Given that the customer is alive, the rate is Gamma(r + x, alpha + T).
        """
        x, _, age = _columns(rows)
        waits = ((self.alpha + age) / (self.alpha + age + weeks)) ** (self.r + x)
        return self.p_alive(rows) * (1.0 - waits)


def purchases(orders: pl.DataFrame, as_of: str, key: str, day: str) -> pl.DataFrame:
    """Count the orders of each customer at each moment.

    Args:
        orders: one row per moment, customer and order known then.
        as_of: column of the moment.
        key: column of the customer.
        day: column of the order's day (Date).

    Returns:
        key, as_of, and the columns `REPEATS`, `RECENCY`, `AGE`.
    """
    first, last = pl.col(day).min(), pl.col(day).max()
    return orders.group_by(key, as_of).agg(
        (pl.col(day).n_unique() - 1).cast(pl.Float64).alias(REPEATS),
        ((last - first).dt.total_days() / 7.0).alias(RECENCY),
        ((pl.col(as_of).first().dt.date() - first).dt.total_days() / 7.0).alias(AGE),
    )


def fit_purchases(rows: pl.DataFrame) -> PurchaseModel | None:
    """Maximum likelihood over customers; None for fewer than 50, or where it does not converge.

    Args:
        rows: one row per customer, all as of one moment; of many, an even share is used.
    """
    known = rows.drop_nulls([REPEATS, RECENCY, AGE]).filter(pl.col(AGE) > 0)
    if known.height < _FEWEST:
        return None
    kept = np.unique(np.linspace(0, known.height - 1, min(_MOST, known.height)).round().astype(int))
    x, last, age = _columns(known[kept])
    scale = max(float(age.mean()), 1e-9)
    last, age = last / scale, age / scale
    found = minimize(
        _mean_loss,
        np.zeros(4),
        args=(x, last, age),
        method="L-BFGS-B",
        bounds=[(-_BOUND, _BOUND)] * 4,
    )
    if not np.isfinite(found.fun):
        return None
    r, alpha, a, b = np.exp(found.x)
    return PurchaseModel(float(r), float(alpha * scale), float(a), float(b))


def _mean_loss(logs: Floats, x: Floats, last: Floats, age: Floats) -> float:
    """Minus the mean log-likelihood of (x, t_x, T); equation 6 of the paper."""
    r, alpha, a, b = np.exp(logs)
    first = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + age)
    repeat = np.maximum(x, 1.0)
    leaves = betaln(a + 1.0, b + repeat - 1.0) - betaln(a, b) - (r + x) * np.log(alpha + last)
    both = np.where(x > 0, np.logaddexp(stays, leaves), stays)
    return float(-(first + both).mean())


def _columns(rows: pl.DataFrame) -> tuple[Floats, Floats, Floats]:
    told = rows.select(pl.col(REPEATS, RECENCY, AGE).cast(pl.Float64)).to_numpy()
    return told[:, 0], told[:, 1], told[:, 2]
