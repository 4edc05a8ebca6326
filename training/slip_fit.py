"""Slip fit: the two heads of the win curve, from deals watched step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.calendar import Calendar
from features.feature import Feature
from features.feature import Head as Question
from models.booster import Booster, fit_boosters
from models.grid import TARGET_NAMES, Grid, full_grid, target_calendar
from models.head import Head
from models.logodds import logit
from models.matrix import matrix_of
from models.slip import SlipKind, SlipModel
from training.bent import fit_bent
from training.heads import Craft, FitError, Grower, Sample, fit_head
from training.pace import pace_of
from training.periods import Landmarks, Periods, expand, exposure_of, landmarks_of

LOGISTIC_SHARE = 0.5
"""What the regression counts for in a blend: its rows weigh by the deal, so it is not too sure."""


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
        kind: lightgbm heads are forests, logistic ones regressions with bends, blend ones the
            average of both in log-odds; "constant" keeps the hazard of each step and the overall
            share of wins.
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
        close=_head(sample, "close", craft),
        win=_win_head(_closing(sample, landmarks, known, periods), craft),
        pace=pace_of(landmarks, cut=cut),
    )


def kinds_of(blend: SlipModel) -> Mapping[SlipKind, SlipModel]:
    """The blend with the forest of its close head, with its regressions alone, and whole.

    Who wins of those that close is told alike by forests and blend: by a regression, and by trees
    grown on it.
    """
    forests = replace(blend, kind="lightgbm", close=_forest_of(blend.close))
    lines = replace(blend, kind="logistic", close=_line_of(blend.close), win=_line_of(blend.win))
    return {"lightgbm": forests, "logistic": lines, "blend": blend}


def _forest_of(head: Head) -> Head:
    return replace(head, logistic=None) if head.boosters else head


def _line_of(head: Head) -> Head:
    if head.logistic is None:
        return head
    return replace(head, boosters=(), note="", is_grown_on_line=False)


def _head(sample: Sample, question: Question, craft: Craft) -> Head:
    """A forest, a regression with bends, or both; a constant where all rows answer alike."""
    names = tuple(sample.X.columns)
    if craft.kind == "constant" and question == "close":
        # The baseline of each step is added to it.
        return Head("close", names, constant=0.0)
    yes = int(sample.y.sum())
    if craft.kind == "constant" or yes in (0, len(sample.y)):
        return fit_head(sample, question, craft)
    boosters: tuple[Booster, ...] = ()
    if craft.kind != "logistic":
        boosters = fit_head(sample, question, replace(craft, kind="lightgbm")).boosters
    logistic = None
    if craft.kind != "lightgbm":
        logistic = fit_bent(sample, craft.categories, settings=craft.settings)
    return Head(
        question, names, boosters=boosters, logistic=logistic, logistic_share=LOGISTIC_SHARE
    )


def _win_head(sample: Sample, craft: Craft) -> Head:
    """A regression with bends, and trees grown on it; a constant where all rows answer alike.

    Nothing like the baseline of the close head goes before it. Trees that begin at one share of
    wins for all take most of their rounds to find how it peaks around the committed date.
    """
    yes = int(sample.y.sum())
    if craft.kind == "constant" or yes in (0, len(sample.y)):
        return fit_head(sample, "win", craft)
    names = tuple(sample.X.columns)
    line = fit_bent(sample, craft.categories, settings=craft.settings)
    if craft.kind == "logistic":
        return Head("win", names, logistic=line)
    offset = line.log_odds(matrix_of(sample.X, names))
    grown = fit_head(replace(sample, offset=offset), "win", replace(craft, kind="lightgbm"))
    return Head(
        "win",
        names,
        boosters=grown.boosters,
        logistic=line,
        note=grown.note,
        is_grown_on_line=True,
    )


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
