"""Heads: one yes-or-no question learnt from rows, sized by how much they can teach."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from features.feature import Feature
from features.feature import Head as Question
from models.booster import Booster, BoosterParams, Nature, fit_boosters
from models.bucket import Kind
from models.head import Head
from models.logistic import LogisticHead
from models.logodds import logit
from models.matrix import Floats, matrix_of
from training.settings import AS_SIZED, Settings

SEEDS = 3
_RIDGE = 0.1
_CASES_IN_LEAF = 15
_FEW, _SOME = 100, 400
COLUMNS_A_TREE = 45
"""Columns drawn for each tree, however wide the catalogue: more cost time and add noise."""
MOST_COLUMN_SHARE = 0.8
_BUCKET_COLUMNS = 62
"""The same for the buckets' questions (decision 10)."""
_ROW_SHARE, _LEAST_ROW_SHARE = 0.8, 0.5


class FitError(ValueError):
    """There is nothing to learn from."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows one head learns from.

    Attributes:
        X: Float32 features.
        y: 0 or 1.
        weight: per row, above 0.
        rarer: independent cases with the rarer answer; a head grows with them.
        overlap: rows per independent case, 1 or more.
        offset: log-odds the head starts from, where there are any.
    """

    X: pl.DataFrame
    y: NDArray[np.bool_]
    weight: Floats
    rarer: int
    overlap: float = 1.0
    offset: Floats | None = None


class Grower(Protocol):
    """Grows boosters on the same rows, here or elsewhere; `fit_boosters` is one."""

    def __call__(
        self,
        X: pl.DataFrame,
        y: NDArray[np.generic],
        *,
        sizes: Sequence[BoosterParams],
        weight: Floats | None = None,
        offset: Floats | None = None,
        nature: Nature | None = None,
    ) -> tuple[Booster, ...]:
        """One booster for each of the sizes."""


@dataclass(frozen=True, slots=True)
class Craft:
    """How heads are made: of which kind, from which seed on, on how many threads, by whom grown.

    The settings are factors over the size that the rows of a head give it; it is sized for
    `growth` times as many cases as it has.
    """

    kind: Kind
    features: tuple[Feature, ...]
    seed: int
    threads: int
    grow: Grower = fit_boosters
    settings: Settings = AS_SIZED
    growth: float = 1.0

    @property
    def categories(self) -> frozenset[str]:
        """Names of the features whose values are codes."""
        return frozenset(feature.name for feature in self.features if feature.vocabulary)


def fit_head(sample: Sample, question: Question, craft: Craft) -> Head:
    """Answer one question with the kind of head asked for.

    A question that every row answers alike becomes a constant, and says so.

    Raises:
        FitError: no rows.
    """
    names = tuple(sample.X.columns)
    rows, yes = len(sample.y), int(sample.y.sum())
    if rows == 0:
        raise FitError(f"head {question}: expected rows with a known answer, found none")
    if craft.kind == "constant" or yes in (0, rows):
        total = float(sample.weight.sum())
        share = (float(sample.weight[sample.y].sum()) + 0.5) / (total + 1.0)
        note = f"{yes} of {rows} rows say yes, so it is the same for all"
        odds = float(logit(np.array(share)))
        return Head(question, names, constant=odds, note="" if 0 < yes < rows else note)
    boosters = _boosters(sample, question, craft) if craft.kind != "logistic" else ()
    logistic = None
    if craft.kind != "lightgbm":
        logistic = fit_logistic(sample, craft.categories, settings=craft.settings)
    return Head(
        question,
        names,
        boosters=boosters,
        logistic=logistic,
        logistic_share=logistic_share(sample.overlap),
    )


def fit_logistic(
    sample: Sample, categories: Collection[str] = (), *, settings: Settings = AS_SIZED
) -> LogisticHead:
    """A ridge logistic on standardised, winsorised features with a flag for each null.

    Args:
        categories: columns whose codes have no order; of them, only the flag says something.
        settings: of them, the ridge.
    """
    values = matrix_of(sample.X, sample.X.columns).astype(np.float64)
    unknown = np.isnan(values)
    is_category = np.array([name in categories for name in sample.X.columns])
    # Clipped to one value, in fitting and in predicting.
    is_empty = unknown.all(axis=0) | is_category
    shown = np.where(is_empty, 0.0, values)
    lows, medians, highs = np.nanquantile(shown, [0.01, 0.5, 0.99], axis=0)
    clipped = np.clip(np.where(np.isnan(shown), medians, shown), lows, highs)
    means, spread = clipped.mean(axis=0), clipped.std(axis=0)
    scales = np.where(spread > 1e-9, spread, 1.0)
    rates = unknown.mean(axis=0)
    columns = np.hstack([(clipped - means) / scales, unknown - rates])
    # Overlapping rows say less than their number: the ridge counts independent cases.
    fitted = LogisticRegression(C=_RIDGE / settings.ridge, max_iter=1000).fit(
        columns, sample.y, sample_weight=sample.weight / sample.overlap
    )
    coefficients, flags = np.split(fitted.coef_[0], 2)
    return LogisticHead(
        names=tuple(sample.X.columns),
        medians=_numbers(medians),
        lows=_numbers(lows),
        highs=_numbers(highs),
        means=_numbers(means),
        scales=_numbers(scales),
        coefficients=_numbers(coefficients),
        flags=_numbers(flags),
        rates=_numbers(rates),
        intercept=float(fitted.intercept_[0]),
    )


def logistic_share(overlap: float) -> float:
    """What a logistic counts for in a blend: half, and less the more often a case is repeated.

    Rows of one account that share most of their window are no new evidence; a wide logistic
    believes them more than trees do (decision 10).

    >>> [logistic_share(overlap) for overlap in (1.0, 3.0, 6.0)]
    [0.5, 0.289, 0.204]
    """
    return round(0.5 / math.sqrt(max(overlap, 1.0)), 3)


def row_share(overlap: float) -> float:
    """Share of the rows drawn for a tree: fewer where they repeat one another.

    >>> [row_share(overlap) for overlap in (1.0, 2.0, 6.0)]
    [0.8, 0.566, 0.5]
    """
    return max(_LEAST_ROW_SHARE, round(_ROW_SHARE / math.sqrt(max(overlap, 1.0)), 3))


def booster_params(sample: Sample, question: Question, *, seed: int, threads: int) -> BoosterParams:
    """Size by the cases of the rarer answer: fewer trees and leaves where they are few."""
    is_deal = question in ("close", "win")
    columns = COLUMNS_A_TREE if is_deal else _BUCKET_COLUMNS
    leaves = 4 if sample.rarer < _SOME else 8
    rounds = 60 if sample.rarer < _FEW else 120 if sample.rarer < _SOME else 200
    least = min(round(_CASES_IN_LEAF * sample.overlap), max(len(sample.y) // 20, 5), 200)
    return BoosterParams(
        leaves=leaves,
        rounds=rounds,
        min_leaf=max(least, 5),
        seed=seed,
        threads=threads,
        row_share=_ROW_SHARE if is_deal else row_share(sample.overlap),
        column_share=min(MOST_COLUMN_SHARE, columns / max(sample.X.width, 1)),
    )


def _boosters(sample: Sample, question: Question, craft: Craft) -> tuple[Booster, ...]:
    monotone = {
        feature.name: feature.direction[question]
        for feature in craft.features
        if question in feature.direction
    }
    asked = replace(sample, rarer=int(sample.rarer * craft.growth))
    sizes = [
        craft.settings.sized(
            booster_params(asked, question, seed=craft.seed + member, threads=craft.threads)
        )
        for member in range(SEEDS)
    ]
    return craft.grow(
        sample.X,
        sample.y,
        sizes=sizes,
        weight=sample.weight,
        offset=sample.offset,
        nature=Nature(monotone, craft.categories),
    )


def _numbers(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
