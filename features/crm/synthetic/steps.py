"""Steps: how the world's time moves, and moments inside each step.

A step is a working week from Monday on, cut in two where a month begins on a working day. So the
world stands still at 00:00 of every Monday and of every first of a month: these are the moments
at which its whole state can be taken. Days are whole days since 1970-01-01, moments are
microseconds since then, UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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
_CLOSES: Final = 18
_WORKING_DAYS: Final = 5


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
class Steps:
    """Consecutive steps.

    Attributes:
        edges: day numbers; step i covers the days from edges[i] up to edges[i + 1].
        works_from: the first working day of each step.
        working_days: how many working days follow from there, 1 to 5.
        month_ends: day numbers of the last days of months, beyond both ends of the steps.
        quarter_ends: likewise of fiscal quarters.
    """

    edges: Ints
    works_from: Ints
    working_days: Ints
    month_ends: Ints
    quarter_ends: Ints

    @property
    def count(self) -> int:
        """Number of steps."""
        return len(self.works_from)

    @property
    def end(self) -> int:
        """The moment at which the last step ends."""
        return int(self.edges[-1]) * DAY

    @property
    def share(self) -> Floats:
        """Working time of each step, in weeks; weekly rates are multiplied by it."""
        return self.working_days / _WORKING_DAYS

    @property
    def weeks(self) -> Floats:
        """Length of each step in weeks of the calendar; drifts run on it."""
        weeks: Floats = np.diff(self.edges) / 7.0
        return weeks

    def day(self, step: Ints | int) -> Ints:
        """The first day of each step."""
        days: Ints = self.edges[np.asarray(step, dtype=np.int64)]
        return days

    def middle(self, step: int) -> int:
        """The working day in the middle of a step."""
        return int(self.works_from[step] + self.working_days[step] // 2)

    def opening(self, step: Ints | int) -> Ints:
        """07:00 on the step's first working day: before anything else happens in it."""
        moments: Ints = self.works_from[np.asarray(step, dtype=np.int64)] * DAY + 7 * HOUR
        return moments

    def moment(self, rng: np.random.Generator, step: Ints) -> Ints:
        """A random minute between 08:00 and 18:00 on a working day of each step."""
        later = (rng.random(len(step)) * self.working_days[step]).astype(np.int64)
        day = self.works_from[step] + later
        return day * DAY + 8 * HOUR + rng.integers(0, 600, len(step)) * MINUTE

    def step_of(self, days: Ints) -> Ints:
        """The step of each day, clipped to the first and the last."""
        found: Ints = np.searchsorted(self.edges, days, side="right") - 1
        return np.clip(found, 0, self.count - 1)

    def to_quarter_end(self, days: Ints) -> Ints:
        """Days left to the end of the fiscal quarter; 0 on its last day."""
        return self.next_end(self.quarter_ends, days) - days

    def is_january(self, step: int) -> bool:
        """Whether the step begins in January."""
        return (EPOCH + timedelta(days=int(self.edges[step]))).month == 1

    def next_end(self, ends: Ints, days: Ints) -> Ints:
        """The first of `ends` on or after each day."""
        found: Ints = ends[np.searchsorted(ends, days)]
        return found

    def standing_at(self, as_of: datetime) -> int:
        """The step before which the world stands still at `as_of`.

        Raises:
            ValueError: when work of a step has begun but not ended by then, or it lies outside.
        """
        moment = int(as_of.astimezone(UTC).timestamp() * 1e6)
        step = int(np.searchsorted(self.works_from * DAY + 7 * HOUR, moment))
        last = self.works_from[step - 1] + self.working_days[step - 1] - 1 if step else 0
        if not 0 < step < self.count or last * DAY + _CLOSES * HOUR > moment:
            near = [EPOCH + timedelta(days=int(day)) for day in self._edges_near(moment // DAY)]
            raise ValueError(
                "expected an as_of at the beginning of a week or a month inside the history, "
                f"got {as_of:%Y-%m-%d %H:%M}; the nearest are {' and '.join(map(str, near))}"
            )
        return step

    def after(self, step: int, until_day: int) -> "Steps":
        """The steps from `step` on up to a day; the last one is cut short where it must be."""
        last = int(np.searchsorted(self.works_from, until_day))
        if last <= step:
            raise ValueError(f"expected a working day in the steps ahead, got up to {until_day}")
        works_from, days = self.works_from[step:last], self.working_days[step:last].copy()
        days[-1] = min(int(days[-1]), until_day - int(works_from[-1]))
        edges = self.edges[step : last + 1].copy()
        edges[-1] = min(int(edges[-1]), until_day)
        return Steps(edges, works_from, days, self.month_ends, self.quarter_ends)

    def _edges_near(self, day: int) -> list[int]:
        inner = self.edges[1:-1]
        place = int(np.clip(np.searchsorted(inner, day), 1, max(1, len(inner) - 1)))
        return [int(edge) for edge in inner[place - 1 : place + 1]]


def make_steps(until: date, *, years: float, fiscal_year_start_month: int) -> Steps:
    """Lay the steps over the `years` before `until`; the first begins on a Monday."""
    first = until - timedelta(days=round(years * 365.25))
    first -= timedelta(days=first.weekday())
    edges, works_from, working_days = [day_number(first)], [], []
    monday = first
    while monday < until:
        for start, end in _parts_of(monday, min(until, monday + timedelta(days=7))):
            weekend = monday + timedelta(days=_WORKING_DAYS)
            works_from.append(day_number(start))
            working_days.append((min(end, weekend) - start).days)
            edges.append(day_number(end))
        monday += timedelta(days=7)
    ends = _ends(first, until, Calendar(fiscal_year_start_month=fiscal_year_start_month))
    return Steps(
        edges=np.array(edges, dtype=np.int64),
        works_from=np.array(works_from, dtype=np.int64),
        working_days=np.array(working_days, dtype=np.int64),
        month_ends=np.array([day for day, _ in ends], dtype=np.int64),
        quarter_ends=np.array([day for day, is_quarter in ends if is_quarter], dtype=np.int64),
    )


def _parts_of(monday: date, end: date) -> list[tuple[date, date]]:
    """One week, in two where a month begins on its second to fifth working day."""
    for offset in range(1, _WORKING_DAYS):
        cut = monday + timedelta(days=offset)
        if cut.day == 1 and cut < end:
            return [(monday, cut), (cut, end)]
    return [(monday, end)]


def _ends(first: date, until: date, calendar: Calendar) -> list[tuple[int, bool]]:
    """The last day of each month around the steps, and whether it ends a fiscal quarter."""
    found = []
    day = first - timedelta(days=200)
    while day < until + timedelta(days=4000):
        day = calendar.month_end_of(day)
        found.append((day_number(day), calendar.quarter_end_of(day) == day))
        day += timedelta(days=1)
    return found
