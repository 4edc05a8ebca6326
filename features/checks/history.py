"""How much history and how many outcomes a model needs, and how much there is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.checks.finding import Finding
from features.schema import DAY, TABLES, TIME

HORIZONS = (26, 13, 8, 4)
"""Lengths of the label window that training may choose from, weeks."""

ORIGINS = ((6, "full report"), (3, "short history"), (1, "indicative"))
"""Origins of a backtest and what a report on so many is called."""

WARM_UP_WEEKS = 4
"""The shortest time after the first event before an account is described."""

ORIGIN_WEEKS = 13
"""Weeks from one origin to the next."""

OUTCOMES_NEEDED = 40
"""Won deals, and lost deals, below which only a table of shrunk rates is served."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the table of required against found.

    Attributes:
        model: bucket or slip.
        what: what is counted, with its unit.
        required: at least so many.
        found: so many are there.
        is_hard: whether the model cannot be trained at all without it.
    """

    model: str
    what: str
    required: int
    found: int
    is_hard: bool = False

    @property
    def is_met(self) -> bool:
        """Whether enough is there."""
        return self.found >= self.required


def weeks_needed(horizon_weeks: int, origins: int) -> int:
    """Weeks of history that leave so many origins.

    One window to learn from must have ended at the first origin, and one to test on must end after
    the last: warm-up + 2 horizons + the steps between the origins.
    """
    return WARM_UP_WEEKS + 2 * horizon_weeks + ORIGIN_WEEKS * (origins - 1)


def weeks_of_history(book: Book) -> int:
    """Whole weeks from the first event of a customer to the end of observation."""
    first = _first_event(book)
    return 0 if first is None else max((book.observed_until - first) // timedelta(weeks=1), 0)


def minimum_data(book: Book) -> tuple[Requirement, ...]:
    """What each model needs against what the book has, the hard needs of each model first."""
    weeks = weeks_of_history(book)
    won, lost = outcomes(book, "won"), outcomes(book, "lost")
    least = weeks_needed(HORIZONS[-1], 1)
    shortest = "weeks of history, to train at all"
    bought = won + _rows(book, "invoices", pl.col("amount") > 0)
    bucket = [
        Requirement("bucket", shortest, least, weeks, is_hard=True),
        Requirement("bucket", "won deals or invoices above 0", 1, bought, is_hard=True),
        *(
            Requirement(
                "bucket",
                f"weeks of history, H = {horizon} weeks, {origins} origins: {name}",
                weeks_needed(horizon, origins),
                weeks,
            )
            for horizon in HORIZONS
            for origins, name in ORIGINS
        ),
    ]
    slip = [
        Requirement("slip", shortest, least, weeks, is_hard=True),
        Requirement("slip", "won deals, to train at all", 1, won, is_hard=True),
        Requirement("slip", "lost deals, to train at all", 1, lost, is_hard=True),
        Requirement("slip", "won deals, for more than shrunk rates", OUTCOMES_NEEDED, won),
        Requirement("slip", "lost deals, for more than shrunk rates", OUTCOMES_NEEDED, lost),
    ]
    return (*bucket, *slip)


def short_history(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL001: no horizon leaves the six origins of a full report."""
    del calendar
    weeks = weeks_of_history(book)
    full, shortest = ORIGINS[0][0], HORIZONS[-1]
    needed = weeks_needed(shortest, full)
    if weeks < needed:
        text = (
            f"expected {needed} weeks of history for {full} origins at the shortest horizon "
            f"({shortest} weeks), found {weeks}"
        )
        yield Finding("BL001", "history shorter than training needs", "all", "", weeks, text)


def too_little_data(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL016: too few outcomes, or too few weeks, for a model that learns more than a rate."""
    del calendar
    title = "too little data for a model"
    if book.has("opportunities"):
        for outcome in ("won", "lost"):
            found = outcomes(book, outcome)
            if found < OUTCOMES_NEEDED:
                many = str(found) if found else "none"
                text = f"slip: expected {OUTCOMES_NEEDED} {outcome} deals, found {many}"
                yield Finding("BL016", title, "opportunities", "outcome", found, text)
    weeks, needed = weeks_of_history(book), weeks_needed(HORIZONS[-1], 3)
    if weeks < needed:
        text = f"bucket: expected {needed} weeks of history for 3 origins, found {weeks}"
        yield Finding("BL016", title, "all", "", weeks, text)


def outcomes(book: Book, outcome: str) -> int:
    """Deals with that outcome, count."""
    return _rows(book, "opportunities", pl.col("outcome").cast(pl.String) == outcome)


def _rows(book: Book, table: str, chosen: pl.Expr) -> int:
    return int(book[table].filter(chosen).select(pl.len()).collect().item())


def _first_event(book: Book) -> datetime | None:
    """The first moment in any table of events that happen to a customer."""
    firsts: list[datetime] = []
    for table in TABLES.values():
        if table.moment is None or not table.parents:
            continue
        moment = pl.col(table.moment)
        if table.column(table.moment).dtype == DAY:
            moment = moment.cast(TIME)
        first = book[table.name].select(moment.min()).collect().item()
        firsts += [first] if first is not None else []
    return min(firsts, default=None)
