"""Periods: landmarks of deals, one row for each step they were watched to its end."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.calendar import Calendar
from models.grid import Days, Grid, days_of
from models.matrix import Floats

KEPT_SHARE = 0.35
MOST_LANDMARKS = 6
FEWEST_EXPOSED = 30
_PRIOR_EVENTS = 0.6
_PRIOR_EXPOSURE = 30.0
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What is known by the day of the cut of deals described at their landmarks, row by row.

    Attributes:
        as_of: the landmark's day.
        closes_after: days until the close, the day of closing counted; NaN while open at the cut.
        watched: days from the landmark to the cut.
        is_won: of the closed ones.
        deal: a number per deal.
        keys: a stable number per deal and landmark, for drawing.
    """

    as_of: Days
    committed: Days
    closes_after: Floats
    watched: NDArray[np.int64]
    is_won: NDArray[np.bool_]
    deal: NDArray[np.int64]
    keys: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Periods:
    """Person-period rows.

    Attributes:
        landmark: row of the landmark.
        step: step of the grid, from 0.
        closes: 1 in the step in which the deal closed.
        weight: 1 / min(k, 6), k = the deal's landmarks up to the step; times 1 / kept share for a
            step without a close.
    """

    landmark: NDArray[np.int64]
    step: NDArray[np.int64]
    closes: NDArray[np.bool_]
    weight: Floats


@dataclass(frozen=True, slots=True)
class Exposure:
    """Counts per step over all watched rows, before any is thinned away."""

    exposed: NDArray[np.int64]
    closed: NDArray[np.int64]

    def hazard(self) -> Floats:
        """P(closes in the step | open at its start), drawn towards 2 % where rows are few."""
        return (self.closed + _PRIOR_EVENTS) / (self.exposed + _PRIOR_EXPOSURE)

    def steps_known(self) -> int:
        """The leading steps that enough landmarks have been watched through."""
        too_few = np.flatnonzero(self.exposed < FEWEST_EXPOSED)
        return int(too_few[0]) if len(too_few) else len(self.exposed)


def landmarks_of(frame: pl.DataFrame, *, calendar: Calendar, cut: date) -> Landmarks:
    """Blot out everything from the day of the cut on: a later close is a deal still open.

    Args:
        frame: entity_id, as_of, committed_on, event (won, lost, open), event_on, censored_on.
        cut: the first day that is not known.

    Raises:
        ValueError: a landmark on or after the cut.
    """
    days = frame.select(calendar.local_day(pl.col("as_of"))).to_series()
    as_of = days_of(days.to_list())
    last = np.datetime64(cut, "D")
    late = int((as_of >= last).sum())
    if late:
        raise ValueError(f"expected landmarks before the cut {cut}, found {late} on or after it")
    event_on = days_of(frame["event_on"].to_list())
    is_closed = (frame["event"] != "open").to_numpy() & ~np.isnat(event_on) & (event_on < last)
    known_to = np.minimum(days_of(frame["censored_on"].to_list()) + _DAY, last)
    return Landmarks(
        as_of=as_of,
        committed=days_of(frame["committed_on"].to_list()),
        closes_after=np.where(is_closed, (event_on - as_of).astype(np.float64) + 1.0, np.nan),
        watched=(known_to - as_of).astype(np.int64),
        is_won=(frame["event"] == "won").to_numpy() & is_closed,
        deal=frame["entity_id"].rank("dense").cast(pl.Int64).to_numpy(),
        keys=_keys(frame["entity_id"].to_list(), as_of),
    )


def exposure_of(landmarks: Landmarks, grid: Grid) -> Exposure:
    """How many landmarks were watched through each step, and how many closed in it."""
    exposed = np.zeros(grid.steps, dtype=np.int64)
    closed = np.zeros(grid.steps, dtype=np.int64)
    for step in range(grid.steps):
        at_risk, closes = _in_step(landmarks, grid, step)
        exposed[step] = at_risk.sum()
        closed[step] = closes.sum()
    return Exposure(exposed, closed)


def expand(landmarks: Landmarks, grid: Grid, *, seed: int) -> Periods:
    """One row per landmark and step; of the steps without a close a stable 35 % are kept."""
    rows: list[Periods] = []
    so_far = _Sighted(landmarks)
    for step in range(grid.steps):
        at_risk, closes = _in_step(landmarks, grid, step)
        is_kept = at_risk & (closes | (_draw(landmarks.keys, step, seed) < KEPT_SHARE))
        landmark = np.flatnonzero(is_kept)
        closing = closes[landmark]
        seen = so_far.by(int(grid.start_days()[step]))[landmark]
        weight = 1.0 / np.minimum(seen, MOST_LANDMARKS) / np.where(closing, 1.0, KEPT_SHARE)
        rows.append(Periods(landmark, np.full(len(landmark), step), closing, weight))
    return Periods(
        landmark=np.concatenate([part.landmark for part in rows]),
        step=np.concatenate([part.step for part in rows]),
        closes=np.concatenate([part.closes for part in rows]),
        weight=np.concatenate([part.weight for part in rows]),
    )


class _Sighted:
    """How often a deal had been described by the time a step begins.

    Counting all its landmarks instead would weigh deals that close soon, and so have few, more
    than deals that stay open: the hazard would come out too high.
    """

    _SPAN = 1_000_000

    def __init__(self, landmarks: Landmarks) -> None:
        self._places = landmarks.deal * self._SPAN + landmarks.as_of.astype(np.int64)
        self._sorted = np.sort(self._places)
        self._first = np.searchsorted(self._sorted, landmarks.deal * self._SPAN)

    def by(self, days: int) -> NDArray[np.int64]:
        """Landmarks of the row's deal up to so many days after the row's own, itself counted."""
        return np.searchsorted(self._sorted, self._places + days, side="right") - self._first


def _in_step(
    landmarks: Landmarks, grid: Grid, step: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Open at the start and watched to the end of the step; and closed in it.

    A step that the cut falls into is left out whether or not the deal closed in its first part:
    keeping only the closes would raise the hazard.
    """
    start, end = grid.start_days()[step], grid.end_days()[step]
    after = landmarks.closes_after
    at_risk = (landmarks.watched >= end) & ~(after <= start)
    return at_risk, at_risk & (after <= end)


def _keys(entities: Sequence[str], as_of: Days) -> NDArray[np.uint64]:
    known: dict[str, int] = {}
    for entity in entities:
        if entity not in known:
            digest = hashlib.blake2b(entity.encode(), digest_size=8).digest()
            known[entity] = int.from_bytes(digest, "big")
    base = np.array([known[entity] for entity in entities], dtype=np.uint64)
    return _mixed(base ^ as_of.astype(np.int64).astype(np.uint64))


def _draw(keys: NDArray[np.uint64], step: int, seed: int) -> Floats:
    """A number in [0, 1) that depends on deal, landmark, step and seed, and on nothing else."""
    salt = np.uint64((seed * 1_000_003 + step + 1) % 2**64)
    mixed = _mixed(keys ^ _mixed(np.full(1, salt, dtype=np.uint64)))
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scatter the bits. Source: Steele, Lea and Flood 2014, SplitMix64."""
    with np.errstate(over="ignore"):
        mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
