"""Refit: a forecast made at an origin must not move when what came to light after it does.

Features can be sound and the forecasts still know the future: a scaler fitted on all rows, a
model chosen on the test block. So one origin is fitted twice, the second time with every row and
outcome that the fit may not know made another, and the forecasts must be the same to the bit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from features.calendar import Calendar
from features.schema import AS_OF, ENTITY_ID
from training.folds import Fold
from training.matrix import Examples

Forecast = Callable[[Examples, Fold], pl.DataFrame]
"""Examples and a fold → entity_id, as_of of the test block, then one column per prediction."""

STATE = frozenset(
    {ENTITY_ID, AS_OF, "account_id", "owner_rep_id", "segment", "age_days", "size", "horizon_days"}
)
"""Columns of account rows that are no outcome."""

_OTHER_EVENT = {"won": "lost", "lost": "won", "open": "won"}


@dataclass(frozen=True, slots=True)
class Shift:
    """A prediction that moved although only what came after its origin had.

    Attributes:
        prediction: its column.
        origin: of the fold that was fitted twice.
        moved: compared rows that differ.
        entity_id: the first of them.
        as_of: when it was described.
        before: what was predicted.
        after: what the second fit predicted.
    """

    prediction: str
    origin: datetime
    moved: int
    entity_id: str
    as_of: datetime
    before: object
    after: object

    def __str__(self) -> str:
        """One line with the example row."""
        return (
            f"{self.prediction} of the origin {self.origin:%Y-%m-%d} moved in {self.moved} rows "
            f"when what came after it did, e.g. {self.entity_id} at {self.as_of:%Y-%m-%d}: "
            f"{self.before} became {self.after}"
        )


def shifts(
    examples: Examples,
    fold: Fold,
    forecast: Forecast,
    *,
    seed: int,
    horizon: timedelta,
    calendar: Calendar,
) -> list[Shift]:
    """Fit the fold twice and compare the forecasts of every second row of its test block.

    Costs two fits of one origin. Only the features of the compared rows and what was certain at
    the origin stay as they were.

    Args:
        examples: every described row with its outcome.
        fold: the origin, its training moments and its test block.
        forecast: how a fold is fitted and what it predicts.
        seed: where chance comes from.
        horizon: length of the label window; for accounts.
        calendar: for the day of the origin.
    """
    draws = np.random.default_rng(seed)
    kept = _kept(examples, fold, draws)
    other = disturbed_examples(
        examples, fold.origin, kept=kept, draws=draws, horizon=horizon, calendar=calendar
    )
    keys = examples.rows.filter(kept).select(ENTITY_ID, AS_OF)
    before, after = (
        keys.join(forecast(rows, fold), on=[ENTITY_ID, AS_OF], how="left", maintain_order="left")
        for rows in (examples, other)
    )
    found = []
    for name in before.columns[2:]:
        differs = ~before[name].eq_missing(after[name])
        if differs.any():
            first = int(differs.arg_true()[0])
            found.append(
                Shift(
                    prediction=name,
                    origin=fold.origin,
                    moved=int(differs.sum()),
                    entity_id=before[ENTITY_ID][first],
                    as_of=before[AS_OF][first],
                    before=before[name][first],
                    after=after[name][first],
                )
            )
    return found


def disturbed_examples(
    examples: Examples,
    origin: datetime,
    *,
    kept: pl.Series,
    draws: np.random.Generator,
    horizon: timedelta,
    calendar: Calendar,
) -> Examples:
    """Other features from the origin on, but for the kept rows, and other uncertain outcomes.

    An account's outcome is uncertain while its window runs past the origin; a deal's, unless it
    ended before the day of the origin.
    """
    is_late = examples.rows.select(pl.col(AS_OF) >= origin).to_series() & ~kept
    factor = pl.Series(draws.choice([-100.0, 100.0], examples.rows.height))
    lost = pl.Series(draws.random(examples.rows.height) < 0.5)
    X = examples.X.with_columns(
        pl.when(~is_late)
        .then(pl.col(name))
        .when(~lost)
        .then(pl.col(name).fill_null(7.0) * factor + 1.0)
        .cast(pl.Float32)
        .alias(name)
        for name in examples.X.columns
    )
    if examples.entity == "account":
        is_uncertain = pl.col(AS_OF) + horizon > origin
        rows = _other_labels(examples.rows, is_uncertain, draws)
    else:
        rows = _other_ends(examples.rows, calendar, origin)
    return replace(examples, X=X, rows=rows)


def _kept(examples: Examples, fold: Fold, draws: np.random.Generator) -> pl.Series:
    is_tested = examples.rows.select(pl.col(AS_OF).is_in(list(fold.test_as_ofs))).to_series()
    return is_tested & pl.Series(draws.random(examples.rows.height) < 0.5)


def _other_labels(
    rows: pl.DataFrame, is_uncertain: pl.Expr, draws: np.random.Generator
) -> pl.DataFrame:
    """Uncertain rows take the whole outcome of rows with another mix of labels.

    Lots are drawn from the half that comes first by label: shuffling alone would leave every
    mean as it was, and a tuning on means unseen.
    """
    outcome = [name for name in rows.columns if name not in STATE]
    uncertain = rows.select(is_uncertain).to_series()
    pool = rows.filter(uncertain).sort("label", nulls_last=True, maintain_order=True)
    size = int(uncertain.sum())
    if size == 0:
        return rows
    taken = pool.select(outcome)[draws.integers(0, max(size // 2, 1), size)]
    place = uncertain.cast(pl.Int64).cum_sum() - 1
    return rows.with_columns(
        pl.when(uncertain)
        .then(taken[name].gather(place.clip(0)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in outcome
    )


def _other_ends(rows: pl.DataFrame, calendar: Calendar, origin: datetime) -> pl.DataFrame:
    """Deals that had not ended before the day of the origin end otherwise, and later."""
    day = calendar.day_of(origin)
    is_certain = ((pl.col("event") != "open") & (pl.col("event_on") < day)).fill_null(value=False)
    other = {
        "event": pl.col("event").replace(_OTHER_EVENT),
        "event_on": pl.col("event_on").fill_null(day).dt.offset_by("5d"),
        "label_won_by_committed": ~pl.col("label_won_by_committed"),
        "label_period": pl.col("label_period").replace(
            {"won": "lost", "lost": "slip", "slip": "won"}
        ),
    }
    is_late = pl.col(AS_OF) >= origin
    return rows.with_columns(
        pl.when(is_certain & ~is_late).then(pl.col(name)).otherwise(cell).alias(name)
        for name, cell in other.items()
    )
