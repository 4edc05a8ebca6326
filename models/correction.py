"""Correction: wins that came beside wins that curves expected, and what follows for a curve.

A model learns the base rate of its years. When business speeds up or slows down, the weeks since
tell so long before a retrain can: the expected wins of each window are held against those that
came, and the odds of winning against staying open are moved by their ratio, shrunk towards no
change. It is meant to be found anew whenever deals are scored: one that is found when a model is
fitted is a quarter old before the next.

Source: decision 15; method, section 9; cumulative sums by Page, Continuous Inspection Schemes,
1954.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import log, sqrt

import numpy as np
import polars as pl

from models.curve import Curves
from models.grid import Days
from models.matrix import Floats

WINDOW_WEEKS = 13
PRIOR_WINS = 10.0
"""Wins by which the ratio is shrunk: of so many expected, half of a surprise is believed."""
BAND = 1.2816
"""Standard errors on each side of an 80 % band."""
ALLOWANCE = 0.5
"""Standard errors a week that a cumulative sum forgives."""


@dataclass(frozen=True, slots=True)
class Window:
    """The deals that were open on one day, and what the days after it brought.

    Attributes:
        begins_on: the landmark's day, the first of the window.
        ends_on: the last day of the window.
        deals: open deals, count.
        observed: of them, won in the window.
        expected: wins that their curves expected.
        variance: of the wins, were the deals independent: sum of p (1 - p).
    """

    begins_on: date
    ends_on: date
    deals: int
    observed: int
    expected: float
    variance: float


@dataclass(frozen=True, slots=True)
class Correction:
    """What the past quarter says about a model's base rate.

    Attributes:
        observed: wins of the windows.
        expected: wins that were expected.
        shift: what is added to the log-odds of winning against staying open; 0 where nothing can
            be said.
        why_off: why nothing can be said; null where something is.
    """

    observed: int
    expected: float
    shift: float
    why_off: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One window on the chart of observed against expected wins.

    Attributes:
        window: the window.
        low: lower end of the 80 % band of wins.
        high: its upper end.
        z: surprise in standard errors; 0 where nothing was expected.
        above: cumulative sum of surprises upwards, in standard errors.
        below: downwards.
    """

    window: Window
    low: float
    high: float
    z: float
    above: float
    below: float


def windows(curves: Curves, event: pl.Series, event_on: pl.Series, *, days: int) -> list[Window]:
    """Count wins against expectation in the first days of each landmark.

    Args:
        curves: of the deals, each at its landmark.
        event: same rows: won, lost or open, as known today.
        event_on: same rows: the day of the end; null while open.
        days: length of a window; landmarks should lie as far apart, so that no day counts twice.

    Returns:
        One window per landmark, oldest first.
    """
    if days < 1:
        raise ValueError(f"expected windows of 1 day or more, got {days}")
    rows = pl.DataFrame(
        {
            "begins_on": pl.Series(curves.as_of, dtype=pl.Date),
            "p": curves.won_by(np.full(len(curves.as_of), float(days))),
            "is_won": (event == "won").fill_null(value=False),
            "event_on": event_on,
        }
    ).with_columns(ends_on=pl.col("begins_on") + timedelta(days=days - 1))
    came = pl.col("is_won") & (pl.col("event_on") <= pl.col("ends_on")).fill_null(value=False)
    found = (
        rows.group_by("begins_on", "ends_on")
        .agg(
            deals=pl.len(),
            observed=came.sum(),
            expected=pl.col("p").sum(),
            variance=(pl.col("p") * (1.0 - pl.col("p"))).sum(),
        )
        .sort("begins_on")
    )
    return [Window(**row) for row in found.iter_rows(named=True)]


def correction_at(day: date, past: Iterable[Window]) -> Correction:
    """What the windows that had ended before the day, of a quarter at most, say.

    The windows have to reach back through the quarter: with less, nothing is moved.

    >>> weeks = [Window(date(2026, 1, 5) + timedelta(days=14 * k),
    ...                 date(2026, 1, 18) + timedelta(days=14 * k), 50, 3, 5.0, 4.0)
    ...          for k in range(13)]
    >>> found = correction_at(date(2026, 7, 6), weeks)
    >>> (found.observed, found.expected, round(found.shift, 3))
    (18, 30.0, -0.357)
    >>> correction_at(date(2026, 3, 2), weeks).why_off
    'wins of 13 weeks before are needed, found 8'
    """
    since = day - timedelta(weeks=WINDOW_WEEKS)
    ended = sorted(
        (one for one in past if since <= one.begins_on and one.ends_on < day),
        key=lambda one: one.begins_on,
    )
    observed = sum(one.observed for one in ended)
    expected = sum(one.expected for one in ended)
    weeks = sum((one.ends_on - one.begins_on).days + 1 for one in ended) // 7
    longest = max(((one.ends_on - one.begins_on).days + 1 for one in ended), default=0)
    # on most days one window began too early and one has not ended yet
    if weeks * 7 + 2 * longest <= WINDOW_WEEKS * 7:
        why = f"wins of {WINDOW_WEEKS} weeks before are needed, found {weeks}"
        return Correction(observed, expected, 0.0, why)
    shift = log((observed + PRIOR_WINS) / (expected + PRIOR_WINS))
    return Correction(observed, expected, shift)


def corrected(curves: Curves, shift: float | Floats) -> Curves:
    """The curves with the odds of winning against staying open moved in every step.

    What is lost for each deal that stays open is as before: to move losses by their own ratio as
    well was no better out of time, and one ratio more to be wrong about.

    Args:
        curves: any.
        shift: added to the log-odds of winning against staying open; one for all deals, or one
            each.
    """
    start = curves.open[:, :-1]
    won, lost, still = (
        np.divide(part, start, out=np.zeros_like(start), where=start > 0.0)
        for part in (np.diff(curves.won, axis=1), np.diff(curves.lost, axis=1), curves.open[:, 1:])
    )
    moved = won * np.exp(np.reshape(shift, (-1, 1)))
    whole = moved + lost + still
    # a deal that is surely closed by then has no share in the steps after
    won, lost, still = (
        np.divide(part, whole, out=np.zeros_like(start), where=whole > 0.0)
        for part in (moved, lost, still)
    )
    none = np.zeros((len(start), 1))
    survival = np.hstack([none + 1.0, np.cumprod(still, axis=1)])
    return replace(
        curves,
        won=np.hstack([none, np.cumsum(survival[:, :-1] * won, axis=1)]),
        lost=np.hstack([none, np.cumsum(survival[:, :-1] * lost, axis=1)]),
        open=survival,
    )


def shifts_of(as_of: Days, by_day: dict[date, Correction]) -> Floats:
    """The shift of each row by its landmark; 0 for a day without a correction."""
    days = pl.Series(as_of, dtype=pl.Date).to_list()
    return np.array([by_day[day].shift if day in by_day else 0.0 for day in days])


def chart(past: Iterable[Window], *, overdispersion: float = 0.0) -> list[Point]:
    """Each window with its band and its surprise, and the sums of surprises.

    z = (O - E) / sqrt(V (1 + tau² V)). A sum grows by what lies beyond the allowance and never
    falls below 0; a sum that keeps growing is a base rate that moved.

    Args:
        past: windows, in any order.
        overdispersion: tau², by how much shared shocks widen the spread of wins.

    >>> seen = [Window(date(2026, 1, 5), date(2026, 1, 18), 90, 2, 9.0, 9.0)]
    >>> [(p.z, p.above, p.below) for p in chart(seen)]
    [(-2.3333333333333335, 0.0, 1.8333333333333335)]
    """
    points: list[Point] = []
    above = below = 0.0
    for window in sorted(past, key=lambda one: one.begins_on):
        spread = sqrt(window.variance * (1.0 + overdispersion * window.variance))
        z = (window.observed - window.expected) / spread if spread > 0.0 else 0.0
        above = max(0.0, above + z - ALLOWANCE)
        below = max(0.0, below - z - ALLOWANCE)
        low = max(0.0, window.expected - BAND * spread)
        points.append(Point(window, low, window.expected + BAND * spread, z, above, below))
    return points
