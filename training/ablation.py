"""Ablation: win curves that lack something, to show what it is worth.

Each is a forest as the plain hazard is, fitted at the same origins but for what it lacks; none can
be served. They answer what every reader of a win curve asks: what would be lost without the stage,
what without all that a rep types, and how far off a curve is that has learnt from closed deals
alone, as most do.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date

import polars as pl

from features.calendar import Calendar
from features.feature import Feature
from models.curve import read_off
from training.forecasts import FitPlan
from training.heads import FitError
from training.matrix import Examples
from training.scores import WON
from training.slip_fit import fit_slip

CLOSED_ONLY = "hazard_closed_only"
WITHOUT_STAGE = "hazard_without_stage"
WITHOUT_TYPING = "hazard_without_typing"
_LACKING: Mapping[str, Callable[[Feature], bool]] = {
    CLOSED_ONLY: lambda _: False,
    WITHOUT_STAGE: lambda feature: "stage" in feature.name,
    WITHOUT_TYPING: lambda feature: feature.is_rep_editable,
}
"""Curve → the features that it does not see."""
ABLATIONS = tuple(_LACKING)


def forecast_ablations(
    train: Examples, test: Examples, *, cut: date, calendar: Calendar, plan: FitPlan
) -> dict[str, pl.DataFrame]:
    """P(won by the committed date) of each curve that can be fitted, rows as in `test`.

    A curve that learns from closed deals sees the landmarks of those that had closed before the
    cut. One without what a rep types is asked about the committed date like the others, and has
    learnt nothing from such dates.

    Args:
        train: landmarks before the cut.
        cut: the origin's day.
    """
    had_closed = pl.col("event").is_in(["won", "lost"]) & (pl.col("event_on") < cut)
    found = {}
    for name, is_lacking in _LACKING.items():
        taught = train.where(had_closed) if name == CLOSED_ONLY else train
        seen = tuple(feature for feature in train.features if not is_lacking(feature))
        with suppress(FitError):
            model = fit_slip(
                taught.X,
                _as_seen(name, taught.rows),
                features=seen,
                calendar=calendar,
                seed=plan.seed,
                threads=plan.threads,
                cut=cut,
            )
            curves = model.curve(test.X, _as_seen(name, test.rows), calendar)
            read = read_off(curves, test.rows, calendar)
            found[name] = read.select(pl.col("p_won_by_committed").alias(WON))
    return found


def _as_seen(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without the committed date, where what is typed is not to be seen."""
    if name != WITHOUT_TYPING:
        return rows
    return rows.with_columns(committed_on=pl.lit(None, pl.Date))
