"""Fit: the bucket chain, from rows whose outcome is known; the slip model's fit beside it."""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from features.feature import Feature
from features.feature import Head as Question
from models.booster import fit_boosters
from models.bucket import BucketModel, Kind
from models.head import Head
from training.heads import Craft, FitError, Grower, Sample, fit_head
from training.settings import AS_SIZED, Settings
from training.slip_fit import fit_slip

__all__ = ["FitError", "fit_bucket", "fit_slip"]


def fit_bucket(  # noqa: PLR0913 - what a fit depends on is named one by one, in the call too
    X: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    features: Sequence[Feature],
    kind: Kind,
    seed: int,
    threads: int,
    grow: Grower = fit_boosters,
    settings: Settings = AS_SIZED,
    growth: float = 1.0,
) -> BucketModel:
    """Fit the three nested questions, each on the rows that got as far as it.

    Args:
        X: feature values; a column of `features` that it lacks is an error.
        labels: same rows: label, weight_walk, weight_pain, weight_a_list, as_of, horizon_days.
            A weight of 0 masks the row for that head.
        grow: grows the boosters.
        settings: factors over the size of every head.
        growth: heads are sized for so many times the cases that they have.

    Raises:
        FitError: a question that no row answers.
    """
    if labels.height != X.height:
        raise FitError(f"expected one label per feature row, got {labels.height} for {X.height}")
    craft = Craft(kind, tuple(features), seed, threads, grow, settings, growth)
    names = tuple(feature.name for feature in features)
    overlap = _overlap(labels)
    # A row with friction missing has no label, yet it is known not to be a walk-away.
    is_walk = (pl.col("label") == "walk_away").fill_null(value=False)
    labelled = pl.col("label").is_not_null()
    questions: tuple[tuple[Question, pl.Expr, pl.Expr], ...] = (
        ("walk", pl.lit(value=True), is_walk),
        ("pain", labelled & ~is_walk, pl.col("label") == "pain"),
        ("a_list", pl.col("label").is_in(["a_list", "steady"]), pl.col("label") == "a_list"),
    )
    heads: dict[Question, Head] = {}
    for question, reaches, answer in questions:
        weight = pl.col(f"weight_{question}").fill_null(0.0)
        asked = labels.select(
            keep=(weight > 0) & reaches.fill_null(value=False), y=answer, weight=weight
        )
        rows = asked.filter("keep")
        y = rows["y"].to_numpy()
        sample = Sample(
            X=X.filter(asked["keep"]).select(names),
            y=y,
            weight=rows["weight"].cast(pl.Float64).to_numpy(),
            rarer=int(min(y.sum(), len(y) - y.sum()) / overlap),
            overlap=overlap,
        )
        heads[question] = fit_head(sample, question, craft)
    return BucketModel(kind, names, heads["walk"], heads["pain"], heads["a_list"])


def _overlap(labels: pl.DataFrame) -> float:
    """How many label windows of one account share a day."""
    moments = labels["as_of"].unique().sort()
    gap = moments.diff().median()
    horizon = labels["horizon_days"].max()
    if not isinstance(gap, timedelta) or not isinstance(horizon, int | float):
        return 1.0
    return max(1.0, float(horizon) / max(gap.days, 1))
