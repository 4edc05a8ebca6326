"""Slip fit: the two heads of the win curve, from deals watched step by step."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.calendar import Calendar
from features.feature import Feature
from features.feature import Head as Question
from models.booster import fit_boosters
from models.grid import TARGET_NAMES, Grid, full_grid, target_calendar
from models.head import BentLogistic, Head
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
    """Fit the close and the win head of one kind of curve; see `fit_slips`."""
    found = fit_slips(
        X,
        landmarks,
        features=features,
        calendar=calendar,
        seed=seed,
        threads=threads,
        cut=cut,
        grid=grid,
        kinds=(kind,),
        grow=grow,
    )
    return found[kind]


def fit_slips(  # noqa: PLR0913 - what a curve depends on is named one by one, in the call too
    X: pl.DataFrame,
    landmarks: pl.DataFrame,
    *,
    features: Sequence[Feature],
    calendar: Calendar,
    seed: int,
    threads: int,
    cut: date,
    grid: Grid | None = None,
    kinds: Sequence[SlipKind],
    grow: Grower = fit_boosters,
) -> dict[SlipKind, SlipModel]:
    """Fit the close and the win heads on what was known before the day of the cut.

    Args:
        X: feature values at the landmarks.
        landmarks: same rows: entity_id, as_of, committed_on, event, event_on, censored_on.
        grid: the steps wished for; those that fewer than 30 landmarks were watched through are
            left off its end.
        kinds: lightgbm heads are forests, logistic ones regressions with bends. A blend closes by
            the average of both in log-odds, and wins by a regression and a forest grown on it.
            "constant" keeps the hazard of each step and the overall share of wins.
        grow: grows the boosters.

    Returns:
        Kind → model; what two kinds share is fitted once.

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
    craft = Craft("lightgbm", tuple(features), seed, threads, grow)
    close = _Asked("close", sample, craft)
    win = _Asked("win", _closing(sample, landmarks, known, periods), craft)
    pace = pace_of(landmarks, cut=cut)
    return {
        kind: SlipModel(
            kind=kind,
            names=names,
            grid=kept,
            baseline=tuple(baseline.tolist()),
            close=_close_head(kind, close),
            win=_win_head(kind, win),
            pace=pace,
        )
        for kind in kinds
    }


class _Asked:
    """One question, and the members that heads of different kinds share; fitted when needed."""

    def __init__(self, question: Question, sample: Sample, craft: Craft) -> None:
        self.question, self.sample, self.craft = question, sample, craft
        self.names = tuple(sample.X.columns)

    @property
    def has_one_answer(self) -> bool:
        return int(self.sample.y.sum()) in (0, len(self.sample.y))

    @cached_property
    def constant(self) -> Head:
        return fit_head(self.sample, self.question, replace(self.craft, kind="constant"))

    @cached_property
    def forest(self) -> Head:
        return fit_head(self.sample, self.question, self.craft)

    @cached_property
    def line(self) -> BentLogistic:
        return fit_bent(self.sample, self.craft.categories, settings=self.craft.settings)

    @cached_property
    def grown(self) -> Head:
        """Trees that begin where the regression ends."""
        offset = self.line.log_odds(matrix_of(self.sample.X, self.names))
        return fit_head(replace(self.sample, offset=offset), self.question, self.craft)


def _close_head(kind: SlipKind, asked: _Asked) -> Head:
    if kind == "constant":
        # The baseline of each step is added to it.
        return Head("close", asked.names, constant=0.0)
    if asked.has_one_answer:
        return asked.constant
    if kind == "lightgbm":
        return asked.forest
    boosters = asked.forest.boosters if kind == "blend" else ()
    return Head("close", asked.names, boosters, logistic=asked.line, logistic_share=LOGISTIC_SHARE)


def _win_head(kind: SlipKind, asked: _Asked) -> Head:
    """Who wins of those that close.

    Nothing like the baseline of the close head goes before it. Trees that begin at one share of
    wins for all take most of their rounds to find how it peaks around the committed date; a blend
    has them grown on a regression that knows.
    """
    if kind == "constant" or asked.has_one_answer:
        return asked.constant
    if kind == "lightgbm":
        return asked.forest
    if kind == "logistic":
        return Head("win", asked.names, logistic=asked.line)
    boosters = asked.grown.boosters
    return Head("win", asked.names, boosters, logistic=asked.line, is_grown_on_line=True)


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
