"""Grid: the weeks ahead at which a deal's curve is known, and what the calendar says of them."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from features.calendar import Calendar
from models.document import document
from models.matrix import Matrix

Days = NDArray[np.datetime64]
WEEKLY_TO = 26
TO = 104
EVERY = 4
TARGET_NAMES = (
    "target_week",
    "target_quarter_week",
    "target_quarter_close",
    "target_final_quarter",
    "target_weeks_to_committed",
    "target_near_committed",
    "target_past_committed",
)
_CLOSING_DAYS = 14
_DAY = np.timedelta64(1, "D")


@document
@dataclass(frozen=True, slots=True)
class Grid:
    """Ends of the steps in weeks after the landmark, rising; the first step begins at 0."""

    ends: tuple[int, ...]

    def __post_init__(self) -> None:
        steps = (0, *self.ends)
        if not self.ends or any(b <= a for a, b in zip(steps, self.ends, strict=False)):
            raise ValueError(f"expected rising week ends above 0, got {list(self.ends)}")

    @property
    def steps(self) -> int:
        """How many steps."""
        return len(self.ends)

    def end_days(self) -> NDArray[np.int64]:
        """Days after the landmark at which each step ends."""
        return np.array(self.ends, dtype=np.int64) * 7

    def start_days(self) -> NDArray[np.int64]:
        """Days after the landmark at which each step begins."""
        return np.array((0, *self.ends[:-1]), dtype=np.int64) * 7

    def cut_to(self, steps: int) -> "Grid":
        """The first steps only."""
        return Grid(self.ends[:steps])


def full_grid() -> Grid:
    """Weekly to half a year, then every four weeks to two years."""
    return Grid((*range(1, WEEKLY_TO + 1), *range(WEEKLY_TO + EVERY, TO + 1, EVERY)))


def target_calendar(as_of: Days, committed: Days, grid: Grid, calendar: Calendar) -> Matrix:
    """What the calendar says of each step of each deal, shape (deals, steps, 7).

    Args:
        as_of: the landmark's day, per deal. Day 1 of the first step is that day itself.
        committed: the committed date as recorded at as_of; NaT when there is none.
    """
    starts = as_of[:, None] + grid.start_days()[None, :] * _DAY
    ends = as_of[:, None] + (grid.end_days()[None, :] - 1) * _DAY
    middles = starts + (ends - starts) // 2
    found = np.empty((*starts.shape, len(TARGET_NAMES)), dtype=np.float32)
    found[:, :, 0] = np.array(grid.ends, dtype=np.float32)
    quarter_start, quarter_end = _quarter(middles, calendar)
    found[:, :, 1] = (middles - quarter_start).astype(np.int64) // 7 + 1
    found[:, :, 2] = _closing_share(starts, ends, calendar)
    found[:, :, 3] = _is_final_quarter(quarter_end, calendar)
    found[:, :, 4:] = _commitment(starts, ends, committed[:, None])
    return found


def days_of(column: list[date | None]) -> Days:
    """Dates as days, NaT for null."""
    return np.array(column, dtype="datetime64[D]")


def _commitment(starts: Days, ends: Days, committed: Days) -> Matrix:
    """Weeks to the committed date, is it within one week of the step, is it past."""
    is_open = np.isnat(committed)
    to_go = np.where(is_open, 0, (committed - ends).astype(np.int64)).astype(np.float32)
    since = np.where(is_open, 0, (starts - committed).astype(np.int64))
    near = (to_go <= 7) & (since <= 7)
    stacked = np.stack([to_go / 7, near.astype(np.float32), (since > 0).astype(np.float32)], axis=2)
    stacked[np.broadcast_to(is_open, starts.shape)] = np.nan
    return np.asarray(stacked, dtype=np.float32)


def _quarter(days: Days, calendar: Calendar) -> tuple[Days, Days]:
    """First and last day of the fiscal quarter of each day."""
    months = days.astype("datetime64[M]")
    into = (months.astype(np.int64) - (calendar.fiscal_year_start_month - 1)) % 3
    first = months - into.astype("timedelta64[M]")
    last = (first + np.timedelta64(3, "M")).astype("datetime64[D]") - _DAY
    return first.astype("datetime64[D]"), last


def _closing_share(starts: Days, ends: Days, calendar: Calendar) -> Matrix:
    """Share of the step's days that fall into the last two weeks of a fiscal quarter."""
    _, first_end = _quarter(starts, calendar)
    _, last_end = _quarter(ends, calendar)
    inside = _overlap(starts, ends, first_end)
    inside += np.where(last_end == first_end, 0, _overlap(starts, ends, last_end))
    return (inside / ((ends - starts).astype(np.int64) + 1)).astype(np.float32)


def _overlap(starts: Days, ends: Days, quarter_end: Days) -> NDArray[np.int64]:
    first = np.maximum(starts, quarter_end - (_CLOSING_DAYS - 1) * _DAY)
    last = np.minimum(ends, quarter_end)
    return np.asarray(np.maximum((last - first).astype(np.int64) + 1, 0))


def _is_final_quarter(quarter_end: Days, calendar: Calendar) -> Matrix:
    month = quarter_end.astype("datetime64[M]").astype(np.int64) % 12 + 1
    last_month = (calendar.fiscal_year_start_month - 2) % 12 + 1
    return np.asarray(month == last_month, dtype=np.float32)
