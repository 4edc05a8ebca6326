"""Multiclass: one booster over all four buckets, the standing challenger of the nested heads."""

import numpy as np
import polars as pl

from models.booster import BoosterParams, Nature, fit_boosters
from models.policy import BUCKETS
from training.forecasts import FitPlan
from training.heads import COLUMNS_A_TREE, MOST_COLUMN_SHARE, SEEDS, FitError
from training.matrix import Examples
from training.scores import BUCKET_COLUMNS

MULTICLASS = "multiclass"
_FEW = 400
_LEAST = 1e-9


def forecast_multiclass(train: Examples, test: pl.DataFrame, *, plan: FitPlan) -> pl.DataFrame:
    """Fit on the labelled rows and predict; seeds are averaged in log-probabilities.

    It cannot be served: a row without friction teaches it nothing, directions hold per question,
    and its reasons are not those of a question a rep would ask.

    Raises:
        FitError: where a bucket has no row.
    """
    known = train.where(pl.col("label").is_not_null() & pl.col("label_mature"))
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    label = known.rows["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()
    counts = np.bincount(label, minlength=len(BUCKETS)).tolist()
    if min(counts) == 0:
        raise FitError(
            f"expected rows of every bucket, found {dict(zip(BUCKETS, counts, strict=True))}"
        )
    rarest = min(counts)
    sizes = [
        BoosterParams(
            objective="multiclass",
            classes=len(BUCKETS),
            leaves=4 if rarest < _FEW else 8,
            rounds=100 if rarest < _FEW else 200,
            min_leaf=min(max(len(label) // 20, 5), 100),
            seed=plan.seed + member,
            threads=plan.threads,
            column_share=min(MOST_COLUMN_SHARE, COLUMNS_A_TREE / max(train.X.width, 1)),
        )
        for member in range(SEEDS)
    ]
    categories = frozenset(feature.name for feature in train.features if feature.vocabulary)
    boosters = fit_boosters(known.X, label, sizes=sizes, nature=Nature(categories=categories))
    logs = np.mean(
        [np.log(np.maximum(booster.expected(test), _LEAST)) for booster in boosters], axis=0
    )
    p = np.exp(logs - logs.max(axis=1, keepdims=True))
    return pl.DataFrame(p / p.sum(axis=1, keepdims=True), schema=list(BUCKET_COLUMNS))
