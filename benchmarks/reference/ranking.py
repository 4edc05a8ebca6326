"""Ranking: the area under the ROC curve of two models on the same rows, and their difference."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from training.intervals import PAIRED_REPEATS, Figure, Floats, Mask, clusters_of, figure, ratio


@dataclass(frozen=True, slots=True)
class Ranking:
    """Areas with account-clustered 90 % intervals.

    Attributes:
        ours: of our model.
        theirs: of the other.
        difference: ours less theirs under the same draws.
    """

    ours: Figure
    theirs: Figure
    difference: Figure


def ranking(
    happened: Mask, ours: Floats, theirs: Floats, *, accounts: pl.Series, seed: int
) -> Ranking:
    """Rank the same rows by two models, and again with the accounts drawn anew (2,000 repeats).

    Source: DeLong, DeLong & Clarke-Pearson, Biometrics, 1988, for why the two are paired.
    """
    clusters = clusters_of(accounts, seed=seed, repeats=PAIRED_REPEATS)
    whole = np.ones((1, happened.size), dtype=np.float32)
    point = [float(areas(happened, p, whole)[0]) for p in (ours, theirs)]
    repeats = [
        np.concatenate([areas(happened, p, weights) for weights in clusters.weights()])
        for p in (ours, theirs)
    ]
    return Ranking(
        figure(point[0], repeats[0]),
        figure(point[1], repeats[1]),
        figure(point[0] - point[1], repeats[0] - repeats[1]),
    )


def areas(happened: Mask, p: Floats, weights: np.typing.NDArray[np.float32]) -> Floats:
    """The area under each row of weights (repeats, n), ties at one half.

    NaN where one of the two answers has no weight.
    """
    order = np.argsort(p, kind="stable")
    ranked = p[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    weighted, yes = weights[:, order], happened[order].astype(np.float32)
    won = np.add.reduceat(weighted * yes, starts, axis=1, dtype=np.float64)
    lost = np.add.reduceat(weighted * (1.0 - yes), starts, axis=1, dtype=np.float64)
    below = lost.cumsum(axis=1) - 0.5 * lost
    return ratio((won * below).sum(axis=1), won.sum(axis=1) * lost.sum(axis=1))
