"""Span: from when to when the log speaks, and the grid that an experiment lays over it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import known_from
from features.schema import TABLES
from training.as_of_grid import weeks_of
from training.config import LADDER_WEEKS, Experiment, Part
from training.folds import (
    Fold,
    Horizon,
    NotEnoughDataError,
    Rhythm,
    Span,
    choose_horizon,
    folds_of,
    moments,
)

EVENTS = ("opportunities", "activities", "invoices", "tickets", "usage", "contracts")
STRAY_SHARE = 0.001
"""Share of the events that may lie before the first one: a typing error in one date must not
stretch a history by decades."""

DEAL_WEEKS_AT_MOST = 13


@dataclass(frozen=True, slots=True)
class Plan:
    """When one part is described, fitted and tested.

    Attributes:
        span: what the log covers.
        horizon: the chosen one; for deals, the time after which an as_of counts as matured.
        folds: the newest ones, at most as many as the experiment fits, oldest first.
        grid: every moment after the warm-up up to the end of the log, oldest first.
    """

    span: Span
    horizon: Horizon
    folds: tuple[Fold, ...]
    grid: tuple[datetime, ...]

    @property
    def matured(self) -> tuple[datetime, ...]:
        """Moments of the grid whose window has ended."""
        until = self.span.observed_until
        return tuple(moment for moment in self.grid if moment + self.horizon.length <= until)


def span_of(book: Book, calendar: Calendar) -> Span:
    """The first event that is no stray, and the moment up to which the log is complete.

    Raises:
        NotEnoughDataError: when there is not one event before `observed_until`.
    """
    known = [
        book[table].select(known_from(TABLES[table], calendar).alias("known")) for table in EVENTS
    ]
    first = (
        pl.concat(known)
        .filter(pl.col("known") < book.observed_until)
        .select(pl.col("known").quantile(STRAY_SHARE, "lower"))
        .collect()
        .item()
    )
    if not isinstance(first, datetime):
        raise NotEnoughDataError(
            f"expected events in one of {', '.join(EVENTS)} before {book.observed_until}, "
            "found none"
        )
    return Span(first.astimezone(UTC), book.observed_until)


def plan_of(part: Part, book: Book, experiment: Experiment, calendar: Calendar) -> Plan:
    """Choose the horizon of one part and lay its grid and folds.

    Raises:
        NotEnoughDataError: when no horizon of the ladder leaves an origin.
    """
    span = span_of(book, calendar)
    rhythm = rhythm_of(part, experiment)
    asked, ladder = experiment.horizon, LADDER_WEEKS
    if part == "slip":
        asked = None if asked is None else min(asked, DEAL_WEEKS_AT_MOST)
        ladder = tuple(weeks for weeks in ladder if weeks <= DEAL_WEEKS_AT_MOST)
    horizon = choose_horizon(asked, ladder, span=span, rhythm=rhythm, calendar=calendar)
    warm_up = horizon.chosen.warm_up_weeks
    folds = folds_of(horizon.weeks, span, rhythm, calendar, warm_up)
    since = span.first_event + timedelta(weeks=warm_up)
    grid = moments(rhythm, calendar, since=since, until=span.observed_until)
    return Plan(span, horizon, folds[-experiment.origins.max_count :], tuple(grid))


def rhythm_of(part: Part, experiment: Experiment) -> Rhythm:
    """How the part's moments and origins are spaced."""
    grid = experiment.as_of_grid
    rhythm = grid.accounts if part == "bucket" else grid.deals
    return Rhythm(
        every=0 if rhythm == "monthly" else weeks_of(rhythm),
        spacing=timedelta(weeks=experiment.origins.spacing_weeks),
        warm_ups=experiment.warm_up_weeks,
    )
