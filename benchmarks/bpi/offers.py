"""Offers: won by the first offer and three weeks, by the age of the application."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from models.policy import load_policy
from training.config import Experiment
from training.contest import Contest
from training.intervals import Figure, clusters_of, mean_figure
from training.slip_contest import slip_contest
from training.slip_slices import RIVAL, SERVED, WON, Bands, slip_slices
from training.walk import Progress

AGES = Bands((3, 7, 14))
RIVALS = ("stage_age", "logistic")
PARTS = 4
"""Of each band, cut at the quartiles of what was foretold."""

DRAW_SEED = 11

Json = dict[str, object]


def by_age(book: Book, experiment: Experiment, calendar: Calendar, progress: Progress) -> Json:
    """Walk the shipped experiment forward and judge its forecasts by age of the application.

    Raises:
        NotEnoughDataError: when the history is too short for one origin.
    """
    contest = slip_contest(
        book, experiment, load_policy(experiment.policy), calendar=calendar, progress=progress
    )
    rivals = [name for name in RIVALS if name in contest.judged.by_model]
    frames = {name: beside(contest, name) for name in rivals}
    return {
        "served": contest.judgement.served,
        "rows": contest.judged.rows.height,
        "origins": [f"{fold.origin:%Y-%m-%d}" for fold in contest.plan.folds],
        "rivals": {name: _slices(frame) for name, frame in frames.items()},
        "calibration": calibration(frames[RIVALS[0]]),
    }


def beside(contest: Contest, rival: str) -> pl.DataFrame:
    """The judged rows with what was served, what the rival said, and what happened."""
    judged = contest.judged
    return judged.rows.with_columns(
        judged.by_model[contest.judgement.served].to_series().alias(SERVED),
        judged.by_model[rival].to_series().alias(RIVAL),
        pl.Series(WON, contest.outcome, dtype=pl.Float64),
    )


def calibration(rows: pl.DataFrame, *, parts: int = PARTS) -> list[Json]:
    """What was foretold and what came, in each band of age, by quartile of the forecast.

    Args:
        rows: account_id, age_days, `p`, `p_rival`, `won`.

    Returns:
        One entry per band and quartile, both in their order: the mean forecasts, and the share of
        wins with its 90 % interval, clustered by account.
    """
    told = rows.with_columns(AGES.of(pl.col("age_days")).alias("band"))
    place = pl.col(SERVED).rank("ordinal").over("band") - 1
    told = told.with_columns((place * parts // pl.len().over("band")).alias("part"))
    found: list[Json] = []
    for (band, part), group in sorted(told.group_by("band", "part"), key=_place):
        clusters = clusters_of(group["account_id"], seed=DRAW_SEED)
        happened: Figure = mean_figure(group[WON].to_numpy(), clusters)
        found.append(
            {
                "age": AGES.names[int(str(band))],
                "part": int(str(part)) + 1,
                "rows": group.height,
                "foretold": float(np.mean(group[SERVED].to_numpy())),
                "rival": float(np.mean(group[RIVAL].to_numpy())),
                "won": happened.to_mapping(),
            }
        )
    return found


def _place(entry: tuple[Sequence[object], pl.DataFrame]) -> tuple[int, ...]:
    return tuple(int(str(key)) for key in entry[0])


def _slices(rows: pl.DataFrame) -> Mapping[str, object]:
    found = slip_slices(rows, seed=DRAW_SEED, ages=AGES)
    kept = {"all": found["all"], "by_age": found["by_age"]}
    return {
        name: {value: one.to_mapping() for value, one in parts.items()}
        for name, parts in kept.items()
    }
