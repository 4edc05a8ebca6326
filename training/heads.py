"""Heads: one yes-or-no question learnt from rows, sized by how much they can teach."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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

SEEDS = 3
_RIDGE = 0.1
_CASES_IN_LEAF = 15
_FEW, _SOME = 100, 400
COLUMNS_A_TREE = 45
"""Columns drawn for each tree, however wide the catalogue: more cost time and add noise."""
MOST_COLUMN_SHARE = 0.8


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
    """How heads are made: of which kind, from which seed on, on how many threads, by whom grown."""

    kind: Kind
    features: tuple[Feature, ...]
    seed: int
    threads: int
    grow: Grower = fit_boosters

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
    logistic = fit_logistic(sample, craft.categories) if craft.kind != "lightgbm" else None
    return Head(question, names, boosters=boosters, logistic=logistic)


def fit_logistic(sample: Sample, categories: Collection[str] = ()) -> LogisticHead:
    """A ridge logistic on standardised, winsorised features with a flag for each null.

    Args:
        categories: columns whose codes have no order; of them, only the flag says something.
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
    fitted = LogisticRegression(C=_RIDGE, max_iter=1000).fit(
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


def booster_params(sample: Sample, *, seed: int, threads: int, is_blended: bool) -> BoosterParams:
    """Size by the cases of the rarer answer: fewer trees and leaves where they are few."""
    leaves = 4 if is_blended or sample.rarer < _SOME else 8
    rounds = 60 if sample.rarer < _FEW else 120 if sample.rarer < _SOME else 200
    least = min(round(_CASES_IN_LEAF * sample.overlap), max(len(sample.y) // 20, 5), 200)
    return BoosterParams(
        leaves=leaves,
        rounds=rounds,
        min_leaf=max(least, 5),
        seed=seed,
        threads=threads,
        column_share=min(MOST_COLUMN_SHARE, COLUMNS_A_TREE / max(sample.X.width, 1)),
    )


def _boosters(sample: Sample, question: Question, craft: Craft) -> tuple[Booster, ...]:
    monotone = {
        feature.name: feature.direction[question]
        for feature in craft.features
        if question in feature.direction
    }
    sizes = [
        booster_params(
            sample,
            seed=craft.seed + member,
            threads=craft.threads,
            is_blended=craft.kind == "blend",
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
