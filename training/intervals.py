"""Intervals: a bootstrap over accounts, because rows of one account rise and fall together.

Resampling rows instead understates the noise by half and more: an account stands in many rows.
Source: Davison & Hinkley, Bootstrap Methods and their Application, 1997, §2.4 and §3.8.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

REPEATS = 500
PAIRED_REPEATS = 2000
LOW, HIGH = 5.0, 95.0
_CELLS_AT_ONCE = 4_000_000
_ERRORS_WIDE = 2.0 * 1.6449
"""Standard errors in a 90 % interval."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its account-clustered 90 % interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None

    def to_mapping(self) -> dict[str, float | None]:
        """As it stands in metrics.json."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Clusters:
    """Rows and the account each belongs to, with the bootstrap's draws.

    Attributes:
        codes: account of each row, 0 … count - 1.
        draws: (repeats, count): how often each account was drawn.
    """

    codes: Codes
    draws: npt.NDArray[np.float32]

    def take(self, mask: Mask) -> "Clusters":
        """The rows of a slice, under the same draws."""
        return Clusters(self.codes[mask], self.draws)

    def first(self, repeats: int) -> "Clusters":
        """The same rows under the first so many draws."""
        return Clusters(self.codes, self.draws[:repeats])

    @property
    def accounts(self) -> int:
        """Distinct accounts among the rows."""
        return int(np.unique(self.codes).size)

    def sums(self, values: Floats) -> Floats:
        """Sums of each column of `values` (n, k) by account: (count, k)."""
        count = self.draws.shape[1]
        columns = [np.bincount(self.codes, column, minlength=count) for column in values.T]
        return np.stack(columns, axis=1) if columns else np.zeros((count, 0))

    def resampled(self, values: Floats) -> Floats:
        """Column sums of `values` (n, k) in every repeat: (repeats, k)."""
        return np.asarray(self.draws.astype(np.float64) @ self.sums(values))

    def weights(self) -> Iterator[npt.NDArray[np.float32]]:
        """Row weights of the repeats, some at a time, each (part of repeats, n)."""
        step = max(1, _CELLS_AT_ONCE // max(self.codes.size, 1))
        for start in range(0, self.draws.shape[0], step):
            yield self.draws[start : start + step][:, self.codes]


def clusters_of(accounts: pl.Series, *, seed: int, repeats: int = REPEATS) -> Clusters:
    """Number the accounts in the order of their ids and draw them with replacement."""
    codes = accounts.rank("dense").to_numpy().astype(np.int64) - 1
    count = int(codes.max()) + 1 if codes.size else 0
    generator = np.random.default_rng(seed)
    if count == 0:
        return Clusters(codes, np.zeros((repeats, 0), dtype=np.float32))
    draws = np.empty((repeats, count), dtype=np.float32)
    for repeat in range(repeats):  # one bincount each: far quicker than a multinomial of `count`
        drawn = generator.integers(0, count, size=count)
        draws[repeat] = np.bincount(drawn, minlength=count)
    return Clusters(codes, draws)


def figure(value: float, repeats: Floats) -> Figure:
    """The percentile interval of a number; repeats in which it is not defined are left out."""
    sound = repeats[np.isfinite(repeats)]
    if not np.isfinite(value) or sound.size == 0:
        return Figure(None, None, None)
    low, high = np.percentile(sound, [LOW, HIGH])
    return Figure(float(value), float(low), float(high))


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Numerator over denominator, NaN where the denominator is 0."""
    out = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def mean_figure(values: Floats, clusters: Clusters) -> Figure:
    """The mean over rows with its interval."""
    if values.size == 0:
        return Figure(None, None, None)
    sums = clusters.resampled(np.stack([values, np.ones_like(values)], axis=1))
    return figure(float(values.mean()), ratio(sums[:, 0], sums[:, 1]))


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much a model's mean loss lies below another's on the same rows.

    Attributes:
        figure: mean paired difference, positive where the model is better, 90 % interval.
        share: the difference over the other's loss.
        rows: paired rows.
        accounts: accounts behind them.
    """

    figure: Figure
    share: float | None
    rows: int
    accounts: int

    @property
    def is_sure(self) -> bool:
        """Whether the 5 % quantile of the gain is above zero."""
        return self.figure.low is not None and self.figure.low > 0.0

    @property
    def is_above_error(self) -> bool:
        """Whether the gain is above one standard error, as its 90 % interval tells it."""
        found = self.figure
        if found.value is None or found.low is None or found.high is None:
            return False
        return found.value > (found.high - found.low) / _ERRORS_WIDE

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json and in a verdict."""
        return {
            **self.figure.to_mapping(),
            "share": self.share,
            "rows": self.rows,
            "accounts": self.accounts,
        }


def paired_gain(
    model_losses: Floats, other_losses: Floats, accounts: pl.Series, *, seed: int
) -> Gain:
    """Mean of other - model over rows, bootstrapped over accounts (2,000 repeats)."""
    if model_losses.size == 0:
        return Gain(Figure(None, None, None), None, 0, 0)
    clusters = clusters_of(accounts, seed=seed, repeats=PAIRED_REPEATS)
    found = mean_figure(other_losses - model_losses, clusters)
    other = float(other_losses.mean())
    share = None if found.value is None or other <= 0 else found.value / other
    return Gain(found, share, int(model_losses.size), clusters.accounts)
