"""Fit: the bucket chain and the slip model, from rows whose outcome is known."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.calendar import Calendar
from features.feature import Feature
from features.feature import Head as Question
from models.booster import fit_boosters
from models.bucket import BucketModel, Kind
from models.grid import TARGET_NAMES, Grid, full_grid, target_calendar
from models.head import Head
from models.logodds import logit
from models.matrix import matrix_of
from models.slip import SlipKind, SlipModel
from training.heads import Craft, FitError, Grower, Sample, fit_head
from training.periods import Landmarks, Periods, expand, exposure_of, landmarks_of
from training.settings import AS_SIZED, Settings

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


def fit_slip(  # noqa: PLR0913 - what a curve depends on is named one by one, in the call too
    X: pl.DataFrame,
    landmarks: pl.DataFrame,
    *,
    features: Sequence[Feature],
    calendar: Calendar,
    seed: int,
    threads: int,
    cut: date,
    grid: Grid | None = None,
    kind: SlipKind = "lightgbm",
    grow: Grower = fit_boosters,
) -> SlipModel:
    """Fit the close and the win head on what was known before the day of the cut.

    Args:
        X: feature values at the landmarks.
        landmarks: same rows: entity_id, as_of, committed_on, event, event_on, censored_on.
        grid: the steps wished for; those that fewer than 30 landmarks were watched through are
            left off its end.
        kind: "constant" keeps the hazard of each step and the overall share of wins.
        grow: grows the boosters.

    Raises:
        FitError: nothing watched for a whole step, or no deal closed in one.
    """
    known = landmarks_of(landmarks, calendar=calendar, cut=cut)
    exposure = exposure_of(known, grid or full_grid())
    steps = exposure.steps_known()
    if steps == 0 or exposure.closed[:steps].sum() == 0:
        raise FitError(
            f"expected deals watched to the end of a step, and closed in it, before {cut}; found "
            f"{int(exposure.exposed[0])} watched and {int(exposure.closed.sum())} closed"
        )
    kept = (grid or full_grid()).cut_to(steps)
    baseline = logit(exposure.hazard()[:steps])
    periods = expand(known, kept, seed=seed)
    names = tuple(feature.name for feature in features)
    week = target_calendar(known.as_of, known.committed, kept, calendar)
    wide = np.hstack([matrix_of(X, names)[periods.landmark], week[periods.landmark, periods.step]])
    sample = Sample(
        X=pl.DataFrame(wide, schema=[*names, *TARGET_NAMES], orient="row"),
        y=periods.closes,
        weight=periods.weight,
        rarer=_deals(landmarks, periods.landmark[periods.closes]),
        overlap=landmarks.height / landmarks["entity_id"].n_unique(),
        offset=baseline[periods.step],
    )
    craft = Craft(kind, tuple(features), seed, threads, grow)
    return SlipModel(
        kind=kind,
        names=names,
        grid=kept,
        baseline=tuple(baseline.tolist()),
        close=_close_head(sample, craft),
        win=fit_head(_closing(sample, landmarks, known, periods), "win", craft),
    )


def _close_head(sample: Sample, craft: Craft) -> Head:
    if craft.kind == "constant":
        # The baseline of each step is added to it.
        return Head("close", tuple(sample.X.columns), constant=0.0)
    return fit_head(sample, "close", craft)


def _closing(sample: Sample, landmarks: pl.DataFrame, known: Landmarks, periods: Periods) -> Sample:
    """The rows of the steps in which a deal closed; the answer is whether it was won."""
    landmark = periods.landmark[periods.closes]
    is_won = known.is_won[landmark]
    return Sample(
        X=sample.X.filter(pl.Series(periods.closes)),
        y=is_won,
        weight=periods.weight[periods.closes],
        rarer=min(_deals(landmarks, landmark[is_won]), _deals(landmarks, landmark[~is_won])),
        overlap=sample.overlap,
    )


def _deals(landmarks: pl.DataFrame, rows: NDArray[np.int64]) -> int:
    return landmarks["entity_id"].gather(rows).n_unique()


def _overlap(labels: pl.DataFrame) -> float:
    """How many label windows of one account share a day."""
    moments = labels["as_of"].unique().sort()
    gap = moments.diff().median()
    horizon = labels["horizon_days"].max()
    if not isinstance(gap, timedelta) or not isinstance(horizon, int | float):
        return 1.0
    return max(1.0, float(horizon) / max(gap.days, 1))
