"""Drift: what the live correction does to the win curve of every origin, on the days after it.

At each origin a curve is fitted on the past. On each later day its deals are described, the curve
is corrected by what had come until that day of what the same curve expected in the quarter before
it, and both versions are held against whether the deal was won by its committed date. Beside them
stands the curve that is corrected once, on the day of the origin.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from features.calendar import Calendar
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from models.correction import WINDOW_WEEKS, corrected, correction_at, shifts_of, windows
from models.slip import SlipKind
from training.folds import Fold
from training.forecasts import FitPlan
from training.intervals import Figure, Gain, clusters_of, mean_figure, paired_gain
from training.matrix import Examples
from training.metrics import log_losses
from training.slip_forecasts import fit_curve

BEFORE, LIVE, ONCE = "p_before", "p_live", "p_once"
"""P(won by the committed date): uncorrected, corrected on the day, corrected at the origin."""
WON, SHIFT = "won", "shift"


@dataclass(frozen=True, slots=True)
class Drift:
    """Bias and log loss of one set of rows before and after a correction.

    Attributes:
        rows: judged rows, count.
        bias_before: mean of what was said less what came; 90 % interval, clustered by account.
        bias_after: the same with the correction.
        loss_before: mean log loss.
        loss_after: the same with the correction.
        gain: paired difference of the losses, above 0 where the correction helps.
    """

    rows: int
    bias_before: Figure
    bias_after: Figure
    loss_before: float
    loss_after: float
    gain: Gain

    def to_mapping(self) -> dict[str, object]:
        """As it stands in a result file."""
        return {
            "rows": self.rows,
            "bias_before": self.bias_before.to_mapping(),
            "bias_after": self.bias_after.to_mapping(),
            "loss_before": self.loss_before,
            "loss_after": self.loss_after,
            "gain": self.gain.to_mapping(),
        }


def told_after(
    examples: Examples,
    fold: Fold,
    *,
    calendar: Calendar,
    plan: FitPlan,
    kind: SlipKind,
    every: timedelta,
) -> pl.DataFrame:
    """Fit at the origin, and say of each later day's deals what is known with and without drift.

    The curve is asked once more of the deals of the quarter before the origin: what it expected of
    their first days stands beside what came. A day's correction counts the windows that had ended
    before it, those after the origin included.

    Args:
        examples: deals described on the moments of the fold.
        fold: where to fit and whom to ask.
        calendar: the organisation's.
        plan: seed and threads of the fit.
        kind: of the curve.
        every: how far the moments lie apart; so long is a window.

    Returns:
        entity_id, account_id, as_of, origin, won (0 or 1), p_before, p_live, p_once, shift (of
        p_live, in log-odds); a row for each deal whose committed date lay ahead on the grid and has
        passed since, in the order of the examples.

    Raises:
        FitError: when no deal closed before the origin.
    """
    model = fit_curve(
        examples.at(fold.landmarks), cut=fold, calendar=calendar, plan=plan, kind=kind
    )
    reach = fold.origin - timedelta(weeks=WINDOW_WEEKS)
    before = tuple(moment for moment in fold.landmarks if moment >= reach)
    seen = examples.at((*before, *fold.test_as_ofs))
    curves = model.curve(seen.X, seen.rows, calendar)
    past = windows(curves, seen.rows["event"], seen.rows["event_on"], days=every.days)
    tested = seen.rows.select(pl.col(AS_OF).is_in(list(fold.test_as_ofs))).to_series()
    places = np.flatnonzero(tested.to_numpy())
    asked, rows = curves.at_rows(places), seen.rows.filter(tested)
    by_day = {
        day: correction_at(day, past) for day in (calendar.day_of(at) for at in fold.test_as_ofs)
    }
    live = shifts_of(asked.as_of, by_day)
    once = correction_at(calendar.day_of(fold.origin), past).shift
    days = asked.elapsed(rows["committed_on"])
    return rows.select(
        ENTITY_ID,
        ACCOUNT_ID,
        AS_OF,
        pl.lit(fold.origin).alias("origin"),
        pl.col("label_won_by_committed").cast(pl.Float64).alias(WON),
        pl.Series(BEFORE, asked.won_by(days)),
        pl.Series(LIVE, corrected(asked, live).won_by(days)),
        pl.Series(ONCE, corrected(asked, once).won_by(days)),
        pl.Series(SHIFT, live),
        pl.Series("_is_ahead", days >= 1.0),
    ).filter(
        pl.col("_is_ahead") & pl.col(WON).is_not_null() & pl.col(BEFORE).is_not_nan()
    ).drop("_is_ahead")  # fmt: skip


def drift_of(told: pl.DataFrame, *, after: str = LIVE, seed: int) -> Drift:
    """Bias and log loss before and after a correction, over rows of `told_after`.

    Args:
        told: any rows of it.
        after: the corrected column, `p_live` or `p_once`.
        seed: of the bootstrap over accounts.

    Raises:
        ValueError: without rows.
    """
    if told.height == 0:
        raise ValueError("expected rows whose committed date has passed, found none")
    came, accounts = told[WON].to_numpy(), told[ACCOUNT_ID]
    said, moved = told[BEFORE].to_numpy(), told[after].to_numpy()
    losses = [log_losses(came, p) for p in (said, moved)]
    clusters = clusters_of(accounts, seed=seed)
    return Drift(
        rows=told.height,
        bias_before=mean_figure(said - came, clusters),
        bias_after=mean_figure(moved - came, clusters),
        loss_before=float(losses[0].mean()),
        loss_after=float(losses[1].mean()),
        gain=paired_gain(losses[1], losses[0], accounts, seed=seed),
    )
