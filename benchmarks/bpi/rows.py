"""Rows: applications with an offer on a Monday, and what became of them within two weeks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.schema import AS_OF
from features.snapshot import Commitment
from training.matrix import Asked, Examples, deal_examples

WITHIN_DAYS = 14

ON, HAS_OFFER = "on", "has_offer"
"""Columns: the local day of as_of; whether an offer had been sent before it."""


@dataclass(frozen=True, slots=True)
class Question:
    """One reference line.

    Attributes:
        name: in words.
        label: its column.
        auc: the best that was printed.
        log_loss: the best that was printed.
    """

    name: str
    label: str
    auc: float
    log_loss: float


QUESTIONS = (
    Question("accepted within 14 days", "is_won_soon", 0.731, 0.531),
    Question("decided within 14 days", "is_decided_soon", 0.687, 0.608),
)
"""The printed lines ask for the opposite, "not accepted" and "no decision": same figures."""


@dataclass(frozen=True, slots=True)
class Split:
    """Monday up to which there is learning, and the Mondays that are judged.

    Attributes:
        cut: the first day that is not known; every curve is fitted as of it.
        judged: days of the rows to be judged.
    """

    cut: date
    judged: tuple[date, ...]


def mondays(first: date, last: date) -> tuple[date, ...]:
    """Every seventh day from the first to the last.

    >>> [day.day for day in mondays(date(2011, 10, 24), date(2011, 11, 7))]
    [24, 31, 7]
    """
    return tuple(first + timedelta(weeks=week) for week in range((last - first).days // 7 + 1))


FIRST_KNOWN = date(2011, 10, 10)
"""The log begins with October; a Monday before this one would know nothing yet."""

LEARNT = mondays(date(2011, 10, 24), date(2011, 12, 12))
"""The reference's Mondays to learn from."""

REFERENCE = Split(date(2012, 1, 2), mondays(date(2012, 1, 2), date(2012, 2, 27)))

EARLIER = tuple(Split(day, (day,)) for day in LEARNT[3:])
"""Splits inside the training past: each Monday judged by a curve fitted on that day.

Their outcomes are certain two weeks later, before the first judged Monday of the reference.
"""


def described(book: Book, calendar: Calendar, commitment: Commitment | None) -> Examples:
    """Every open application on every Monday up to the last judged one, with its answers."""
    days = mondays(FIRST_KNOWN, REFERENCE.judged[-1])
    moments = tuple(calendar.midnight(day) for day in days)
    examples = deal_examples(book, Asked(moments, commitment=commitment), calendar)
    return replace(examples, rows=answered(examples.rows, calendar))


def answered(rows: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Add `on`, `has_offer` and the label of each question, none of them null.

    Args:
        rows: as_of, committed_on (known once an offer was sent), event, event_on.
    """
    on = calendar.local_day(pl.col(AS_OF))
    is_soon = (pl.col("event_on") - on).dt.total_days() < WITHIN_DAYS
    is_won = pl.col("event").cast(pl.String) == "won"
    is_over = pl.col("event").cast(pl.String) != "open"
    return rows.with_columns(
        on.alias(ON),
        pl.col("committed_on").is_not_null().alias(HAS_OFFER),
        (is_won & is_soon).fill_null(value=False).alias("is_won_soon"),
        (is_over & is_soon).fill_null(value=False).alias("is_decided_soon"),
    )


def on_days(days: Sequence[date]) -> pl.Expr:
    """Rows with an offer on one of the days."""
    return pl.col(ON).is_in(list(days)) & pl.col(HAS_OFFER)


def last_certain(cut: datetime | date) -> date:
    """The last day whose answers are all known on the day of the cut."""
    day = cut.date() if isinstance(cut, datetime) else cut
    return day - timedelta(days=WITHIN_DAYS)
