"""Weeks: the steps in which the world moves, and moments inside them.

Days are whole days since 1970-01-01, moments are microseconds since then, UTC.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from features.calendar import Calendar

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EPOCH: Final = date(1970, 1, 1)
MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
NEVER: Final = int(np.iinfo(np.int64).min)
"""A moment or day that has not come."""


def no_ints() -> Ints:
    """An empty column of whole numbers."""
    return np.empty(0, dtype=np.int64)


def no_floats() -> Floats:
    """An empty column of fractional numbers."""
    return np.empty(0, dtype=np.float64)


def no_flags() -> Flags:
    """An empty column of flags."""
    return np.empty(0, dtype=np.bool_)


def day_number(day: date) -> int:
    """Days since the epoch."""
    return (day - EPOCH).days


def to_day(moments: Ints) -> Ints:
    """The UTC day of each moment."""
    return moments // DAY


@dataclass(frozen=True, slots=True)
class Weeks:
    """The week grid, counted back from the end so that the last week ends at `until` exactly.

    Attributes:
        first_day: day number on which week 0 begins.
        count: number of weeks.
        office_days: offsets (0 to 6) of the five working days in a week of the grid.
        month_ends: day numbers of the last days of months, beyond both ends of the grid.
        quarter_ends: likewise of fiscal quarters.
    """

    first_day: int
    count: int
    office_days: Ints
    month_ends: Ints
    quarter_ends: Ints

    @property
    def end(self) -> int:
        """The moment at which the history ends."""
        return (self.first_day + 7 * self.count) * DAY

    def day(self, week: Ints | int) -> Ints:
        """The first day of each week."""
        days: Ints = np.asarray(week, dtype=np.int64) * 7 + self.first_day
        return days

    def opening(self, week: Ints | int) -> Ints:
        """07:00 on the week's first working day: before anything else happens in it."""
        moments: Ints = (self.day(week) + self.office_days[0]) * DAY + 7 * HOUR
        return moments

    def moment(self, rng: np.random.Generator, week: Ints) -> Ints:
        """A random minute between 08:00 and 18:00 on a working day of each week."""
        day = self.day(week) + self.office_days[rng.integers(0, 5, len(week))]
        return day * DAY + 8 * HOUR + rng.integers(0, 600, len(week)) * MINUTE

    def week_of(self, days: Ints) -> Ints:
        """The week of each day, clipped to the grid."""
        return np.clip((days - self.first_day) // 7, 0, self.count - 1)

    def to_quarter_end(self, days: Ints) -> Ints:
        """Days left to the end of the fiscal quarter; 0 on its last day."""
        return self.next_end(self.quarter_ends, days) - days

    def is_january(self, week: int) -> bool:
        """Whether the week begins in January."""
        return (EPOCH + timedelta(days=self.first_day + 7 * week)).month == 1

    def next_end(self, ends: Ints, days: Ints) -> Ints:
        """The first of `ends` on or after each day."""
        found: Ints = ends[np.searchsorted(ends, days)]
        return found


def make_weeks(until: date, *, years: float, fiscal_year_start_month: int) -> Weeks:
    """Lay the grid over the `years` before `until`."""
    count = round(years * 365.25 / 7)
    first = until - timedelta(weeks=count)
    offsets = [offset for offset in range(7) if (first.weekday() + offset) % 7 < 5]
    calendar = Calendar(fiscal_year_start_month=fiscal_year_start_month)
    months, quarters = [], []
    day = first - timedelta(days=200)
    while day < until + timedelta(days=4000):
        day = calendar.month_end_of(day)
        months.append(day_number(day))
        if calendar.quarter_end_of(day) == day:
            quarters.append(day_number(day))
        day += timedelta(days=1)
    return Weeks(
        first_day=day_number(first),
        count=count,
        office_days=np.array(offsets, dtype=np.int64),
        month_ends=np.array(months, dtype=np.int64),
        quarter_ends=np.array(quarters, dtype=np.int64),
    )
