"""Calibration: a map of probabilities that is kept only where it earns its place out of time."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from scipy.optimize import minimize

from features.schema import ACCOUNT_ID, AS_OF
from models.calibration import Calibration
from training.intervals import Codes, Floats, Gain, Mask, paired_gain
from training.metrics import class_losses

RIDGE = 0.02
"""Pull of log-temperature and biases to 0: what few rows say is not believed."""

FEWEST = 200
"""Rows without which a map is not learnt."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What a map would have done.

    Attributes:
        p: (rows, classes): each origin's rows through the map learnt before it; before the first
            map, as they were.
        gain: in log loss over leaving them, on the rows that had a map.
        is_kept: whether the gain is above one standard error.
        final: the map learnt from all rows; None where it is not kept.
    """

    p: Floats
    gain: Gain
    is_kept: bool
    final: Calibration | None


def tried(rows: pl.DataFrame, p: Floats, outcome: Codes, *, horizon: timedelta, seed: int) -> Trial:
    """Learn a map before every origin, from outcomes certain by then, and judge it after.

    Args:
        rows: account_id, as_of and origin of out-of-time predictions.
        p: (rows, classes).
        outcome: class by row; -1 where it is not known.
        horizon: length of the label window.
        seed: of the bootstrap over accounts.
    """
    mapped, has_map = p.copy(), np.zeros(rows.height, dtype=np.bool_)
    is_known = outcome >= 0
    for origin in rows["origin"].unique().sort():
        past = rows.select((pl.col(AS_OF) + horizon) <= origin).to_series().to_numpy() & is_known
        here = (rows["origin"] == origin).to_numpy()
        if past.sum() >= FEWEST:
            mapped[here] = fitted(p[past], outcome[past]).apply(p[here])
            has_map |= here
    judged = has_map & is_known
    gain = _gain(p, mapped, outcome, judged, rows, seed)
    is_kept = gain.is_above_error
    final = fitted(p[is_known], outcome[is_known]) if is_kept else None
    return Trial(mapped if is_kept else p, gain, is_kept, final)


def fitted(p: Floats, outcome: Codes) -> Calibration:
    """The map of least log loss, drawn to leaving everything as it is."""
    classes = p.shape[1]

    def loss(settings: Floats) -> float:
        found = _calibration(settings)
        penalty = RIDGE * float(np.square(settings).sum())
        return float(class_losses(outcome, found.apply(p)).mean()) + penalty

    best = minimize(
        loss, np.zeros(classes + 1), method="L-BFGS-B", bounds=[(-1.0, 1.0)] * (classes + 1)
    )
    return _calibration(best.x)


def _calibration(settings: Floats) -> Calibration:
    bias = settings[1:] - settings[1:].mean()
    return Calibration(float(np.exp(settings[0])), tuple(float(value) for value in bias))


def _gain(
    p: Floats, mapped: Floats, outcome: Codes, judged: Mask, rows: pl.DataFrame, seed: int
) -> Gain:
    before, after = (class_losses(outcome[judged], told[judged]) for told in (p, mapped))
    return paired_gain(after, before, rows[ACCOUNT_ID].filter(pl.Series(judged)), seed=seed)
