"""Ranking: the area under the ROC curve of two models on the same rows, and their difference."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from training.intervals import PAIRED_REPEATS, Figure, Floats, Mask, clusters_of, figure
from training.slip_slices import areas


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
    won, whole = happened.astype(np.float64), np.ones((1, happened.size))
    point = [float(areas(won, p, whole)[0]) for p in (ours, theirs)]
    repeats = [
        np.concatenate(
            [areas(won, p, weights.astype(np.float64)) for weights in clusters.weights()]
        )
        for p in (ours, theirs)
    ]
    return Ranking(
        figure(point[0], repeats[0]),
        figure(point[1], repeats[1]),
        figure(point[0] - point[1], repeats[0] - repeats[1]),
    )
