"""Pace: what each day of the week takes of the deals that are closed in it."""

from datetime import date

import numpy as np
import polars as pl

_PRIOR = 10.0
"""Closings that every weekday is given beforehand: few deals say little of a weekday."""


def pace_of(landmarks: pl.DataFrame, *, cut: date) -> tuple[float, ...]:
    """Shares of the weekdays, Monday first, times 7.

    A curve knows how many deals close in a week. Few offices close any on a Sunday, so a date in
    the middle of a week has more of it behind it than the days counted would say.

    Args:
        landmarks: entity_id, event, event_on; a deal counts once, however often it is described.
        cut: only ends before this day are known.

    >>> on = [date(2026, 1, 2)]  # a Friday
    >>> friday = pl.DataFrame({"entity_id": ["a"], "event": ["won"], "event_on": on})
    >>> [round(share, 3) for share in pace_of(friday, cut=date(2026, 2, 1))]
    [0.986, 0.986, 0.986, 0.986, 1.085, 0.986, 0.986]
    """
    has_ended = pl.col("event").cast(pl.String).is_in(["won", "lost"]) & (pl.col("event_on") < cut)
    ended = landmarks.filter(has_ended).unique("entity_id")
    weekday = ended["event_on"].dt.weekday().cast(pl.Int64).to_numpy() - 1
    counts = np.bincount(weekday, minlength=7) + _PRIOR
    return tuple((7.0 * counts / counts.sum()).tolist())
