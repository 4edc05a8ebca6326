"""Folds: the grid of moments, the origins at which models are fitted, and the horizon ladder.

A worked example with months as the grid, H = 2 months and a spacing of 3 months. `x` is an as_of,
`|` an origin; the log is complete up to `observed_until`:

    first event                                                      observed_until
    .....warm-up....x    x    x    x    x    x    x    x    x    x    x     x     x
                    1    2    3    4    5    6    7    8    9    10   11    12    13
                                                                      newest matured (11 + 2 = 13)
    origin 9 (newest)                                       |9   10   11|  tested
      bucket trains on 1 … 7     (7 + H <= 9: the window had ended when the model was fitted)
      slip   trains on 1 … 8     (landmarks before 9, every deal censored at 9)
    origin 6                                   |6    7    8|               tested
      bucket trains on 1 … 4, slip on 1 … 5
    origin 3                    |3    4    5|                              tested
      bucket trains on 1, slip on 1 and 2
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from features.calendar import Calendar

MONDAY = date(1970, 1, 5)
"""Mondays are counted from here, so that a grid does not move when the log grows."""

ENOUGH_FOR_FULL = 6
ENOUGH_FOR_SHORT = 3


class NotEnoughDataError(ValueError):
    """The history is too short, or the data of a part are not there."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One fit and the moments that judge it.

    Attributes:
        origin: the fit may use what was known strictly before it.
        train_as_ofs: moments whose label window had ended at the origin (`as_of + H <= origin`).
        landmarks: moments before the origin; for models that use censored rows.
        test_as_ofs: moments in [origin, next origin).
    """

    origin: datetime
    train_as_ofs: tuple[datetime, ...]
    landmarks: tuple[datetime, ...]
    test_as_ofs: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """What the log covers: its first event and the moment up to which it is complete."""

    first_event: datetime
    observed_until: datetime

    @property
    def weeks(self) -> float:
        """Length in weeks."""
        return (self.observed_until - self.first_event) / timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder: what a horizon would need and what was found.

    Attributes:
        horizon_weeks: H.
        weeks_for_full: weeks of history that leave 6 origins.
        weeks_for_short: the same for 3.
        weeks_for_one: the same for 1.
        weeks_found: weeks of history there are.
        origins_found: origins that this horizon leaves.
        warm_up_weeks: the warm-up that was taken.
    """

    horizon_weeks: int
    weeks_for_full: int
    weeks_for_short: int
    weeks_for_one: int
    weeks_found: float
    origins_found: int
    warm_up_weeks: int


@dataclass(frozen=True, slots=True)
class Horizon:
    """The chosen horizon with the ladder that led to it.

    Attributes:
        weeks: H.
        is_auto: whether the ladder chose it.
        standing: "full" (6 origins or more), "short history" (3 to 5), "indicative" (1 or 2).
        steps: every step tried, the longest horizon first.
    """

    weeks: int
    is_auto: bool
    standing: str
    steps: tuple[Step, ...]

    @property
    def length(self) -> timedelta:
        """H as a duration."""
        return timedelta(weeks=self.weeks)

    @property
    def chosen(self) -> Step:
        """The step of this horizon."""
        return next(step for step in self.steps if step.horizon_weeks == self.weeks)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How moments and origins are spaced.

    Attributes:
        every: 0 for the 1st of each month, else weeks between Mondays.
        spacing: between origins.
        warm_ups: weeks after the first event, the preferred first.
    """

    every: int
    spacing: timedelta
    warm_ups: tuple[int, ...]


def moments(
    rhythm: Rhythm, calendar: Calendar, *, since: datetime, until: datetime
) -> list[datetime]:
    """The grid's moments in [since, until], 00:00 in the organisation's zone, oldest first.

    >>> from datetime import UTC
    >>> rhythm = Rhythm(2, timedelta(weeks=13), (26,))
    >>> start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC)
    >>> [moment.day for moment in moments(rhythm, Calendar(), since=start, until=end)]
    [5, 19]
    """
    first, last = calendar.day_of(since), calendar.day_of(until)
    days = _months(first, last) if rhythm.every == 0 else _mondays(rhythm.every, first, last)
    found = [calendar.midnight(day) for day in days]
    return [moment for moment in found if since <= moment <= until]


def lay_folds(
    as_ofs: Sequence[datetime], horizon: timedelta, *, spacing: timedelta, until: datetime
) -> tuple[Fold, ...]:
    """Lay origins every `spacing`, counted back from the newest matured as_of, oldest first.

    An origin is the first moment of its test block that leaves a matured moment to train on; a
    block without one is not laid.

    Args:
        as_ofs: the grid after the warm-up, oldest first.
        horizon: length of the label window.
        spacing: between origins.
        until: the moment up to which the log is complete.
    """
    matured = [moment for moment in as_ofs if moment + horizon <= until]
    if not matured:
        return ()
    newest, edges = matured[-1], []
    edge = newest
    while edge >= matured[0]:
        edges.append(edge)
        edge -= spacing
    earliest = matured[0] + horizon
    blocks = [
        tuple(moment for moment in matured if low < moment <= high and moment >= earliest)
        for high, low in pairwise([*edges, edge])
    ]
    return tuple(reversed([_fold(block, matured, horizon) for block in blocks if block]))


def climb(
    horizons: Sequence[int], span: Span, rhythm: Rhythm, calendar: Calendar
) -> tuple[Step, ...]:
    """Try each horizon on the history; the first warm-up that leaves 6 origins, else the last."""
    steps = []
    for weeks in horizons:
        counts = [(len(folds_of(weeks, span, rhythm, calendar, w)), w) for w in rhythm.warm_ups]
        full = [pair for pair in counts if pair[0] >= ENOUGH_FOR_FULL]
        found, warm_up = full[0] if full else max(counts, key=lambda pair: pair[0])
        need = [_weeks_needed(weeks, n, span, rhythm, calendar) for n in (ENOUGH_FOR_FULL, 3, 1)]
        steps.append(Step(weeks, need[0], need[1], need[2], span.weeks, found, warm_up))
    return tuple(steps)


def folds_of(
    weeks: int, span: Span, rhythm: Rhythm, calendar: Calendar, warm_up: int
) -> tuple[Fold, ...]:
    """All folds of a horizon and a warm-up, oldest first."""
    since = span.first_event + timedelta(weeks=warm_up)
    grid = moments(rhythm, calendar, since=since, until=span.observed_until)
    return lay_folds(
        grid, timedelta(weeks=weeks), spacing=rhythm.spacing, until=span.observed_until
    )


def choose_horizon(
    asked: int | None, ladder: Sequence[int], *, span: Span, rhythm: Rhythm, calendar: Calendar
) -> Horizon:
    """Take the horizon that was asked for, else the largest that leaves 6 origins, else 3, else 1.

    Raises:
        NotEnoughDataError: when not one origin is left; the message is the table of weeks
            required and found.
    """
    steps = climb([asked] if asked is not None else ladder, span, rhythm, calendar)
    for enough in (ENOUGH_FOR_FULL, ENOUGH_FOR_SHORT, 1):
        for step in steps:
            if step.origins_found >= enough:
                standing = standing_of(step.origins_found)
                return Horizon(step.horizon_weeks, asked is None, standing, steps)
    raise NotEnoughDataError(
        "the history is too short for one fit and one test\n" + ladder_table(steps)
    )


def standing_of(origins: int) -> str:
    """What a report on so many origins may be called.

    >>> [standing_of(count) for count in (7, 4, 1)]
    ['full', 'short history', 'indicative']
    """
    if origins >= ENOUGH_FOR_FULL:
        return "full"
    return "short history" if origins >= ENOUGH_FOR_SHORT else "indicative"


def ladder_table(steps: Sequence[Step]) -> str:
    """The ladder as text: weeks that 6, 3 and 1 origins need, against what was found."""
    head = "horizon   weeks for 6 / 3 / 1 origins   weeks found   origins found"
    rows = [
        f"{step.horizon_weeks:>4} wk   {step.weeks_for_full:>11} / {step.weeks_for_short:>3} / "
        f"{step.weeks_for_one:>3}{step.weeks_found:>18.0f}{step.origins_found:>16}"
        for step in steps
    ]
    return "\n".join([head, *rows])


def _fold(block: tuple[datetime, ...], matured: Sequence[datetime], horizon: timedelta) -> Fold:
    origin = block[0]
    return Fold(
        origin=origin,
        train_as_ofs=tuple(moment for moment in matured if moment + horizon <= origin),
        landmarks=tuple(moment for moment in matured if moment < origin),
        test_as_ofs=block,
    )


def _weeks_needed(
    horizon_weeks: int, origins: int, span: Span, rhythm: Rhythm, calendar: Calendar
) -> int:
    """Weeks of history, from the same first event on, that leave so many origins.

    At least the shortest warm-up, a window to train on, the origins apart and a window to mature;
    the grid's own gaps come on top, so the exact number is looked for.
    """
    warm_up = min(rhythm.warm_ups)
    spacing = rhythm.spacing // timedelta(weeks=1)
    weeks = warm_up + 2 * horizon_weeks + spacing * (origins - 1)
    while True:
        longer = Span(span.first_event, span.first_event + timedelta(weeks=weeks))
        if len(folds_of(horizon_weeks, longer, rhythm, calendar, warm_up)) >= origins:
            return weeks
        weeks += 1


def _months(first: date, last: date) -> list[date]:
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    start = first.year * 12 + first.month - 1
    return [date((start + i) // 12, (start + i) % 12 + 1, 1) for i in range(count)]


def _mondays(every: int, first: date, last: date) -> list[date]:
    step = 7 * every
    start = MONDAY + timedelta(days=-(-(first - MONDAY).days // step) * step)
    return [start + timedelta(days=i) for i in range(0, (last - start).days + 1, step)]
