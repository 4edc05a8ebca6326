"""Multiclass: boosters over all buckets at once, the nested heads' challenger and partner."""

import numpy as np
import polars as pl

from models.booster import BoosterParams, Nature, fit_boosters
from models.joint import UNTOLD, Joint
from models.logodds import sigmoid
from models.policy import BUCKETS
from training.forecasts import FitPlan
from training.heads import COLUMNS_A_TREE, MOST_COLUMN_SHARE, SEEDS, FitError
from training.matrix import Examples
from training.scores import BUCKET_COLUMNS

MULTICLASS = "multiclass"
_FEW = 400


def fit_joint(train: Examples, *, plan: FitPlan) -> Joint:
    """Boosters that learn which bucket of all, on every row that the walk head learns from.

    A row in play that is no walk-away and has no bucket, for want of friction, is a class of its
    own: without it a walk-away would look likelier than it is. Directions are those of questions
    and do not apply here.

    Raises:
        FitError: where a bucket has no row.
    """
    known = train.where((pl.col("weight_walk") > 0) & pl.col("label_mature"))
    label = known.rows["label"].fill_null(UNTOLD)
    counts = {bucket: int((label == bucket).sum()) for bucket in BUCKETS}
    rarest = min(counts.values())
    if rarest == 0:
        raise FitError(f"expected rows of every bucket, found {counts}")
    classes = (*BUCKETS, UNTOLD) if (label == UNTOLD).any() else BUCKETS
    numbers = {bucket: number for number, bucket in enumerate(classes)}
    sizes = [
        plan.settings.sized(
            BoosterParams(
                objective="multiclass",
                classes=len(classes),
                leaves=4 if rarest < _FEW else 8,
                rounds=100 if rarest < _FEW else 200,
                min_leaf=min(max(len(label) // 20, 5), 100),
                seed=plan.seed + member,
                threads=plan.threads,
                column_share=min(MOST_COLUMN_SHARE, COLUMNS_A_TREE / max(train.X.width, 1)),
            )
        )
        for member in range(SEEDS)
    ]
    categories = frozenset(feature.name for feature in train.features if feature.vocabulary)
    names = tuple(feature.name for feature in train.features)
    boosters = fit_boosters(
        known.X.select(names),
        label.replace_strict(numbers, return_dtype=pl.Int64).to_numpy(),
        sizes=sizes,
        nature=Nature(categories=categories),
    )
    return Joint(names, classes, boosters)


def told_jointly(joint: Joint, X: pl.DataFrame) -> pl.DataFrame:
    """What the boosters say without the nested heads: p_… of each bucket, of sum 1."""
    odds = joint.log_odds(X)
    walk, pain, a_list = (sigmoid(odds[name]) for name in ("walk", "pain", "a_list"))
    neither = (1.0 - walk) * (1.0 - pain)
    shares = np.stack(
        [neither * a_list, (1.0 - walk) * pain, walk, neither * (1.0 - a_list)], axis=1
    )
    return pl.DataFrame(shares, schema=list(BUCKET_COLUMNS))
