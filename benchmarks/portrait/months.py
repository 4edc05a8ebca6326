"""Months: what became of accounts and of committed dates over time, and how much was done."""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from benchmarks.portrait.deals import NO_DATES, NO_DEALS, keeps_history
from benchmarks.portrait.fact import Fact, Lacking, percent
from features.book import Book
from features.calendar import Calendar
from features.schema import AS_OF, OCCURRED_AT
from features.snapshot import account_spine, deal_spine
from models.policy import BUCKETS, LabelPolicy
from training.folds import Rhythm, moments
from training.labels import bucket_labels, slip_labels
from training.span import span_of

HORIZON = timedelta(weeks=26)
WARM_UP = timedelta(weeks=26)
FEWEST_DEALS = 10
MATURED = 0.9
"""Share of the deals of a moment whose committed date must have passed, or the long are missing."""

NAMES = {"a_list": "A-list", "pain": "pain", "walk_away": "walk-away", "steady": "steady"}
_MONTHLY = Rhythm(0, timedelta(weeks=13), (26,))
_BIWEEKLY = Rhythm(2, timedelta(weeks=13), (26,))


@dataclass(frozen=True, slots=True)
class LabelMonths(Fact):
    """Labels of the 26 weeks from the 1st of each month on.

    Attributes:
        months: the days of description, oldest first; their windows have ended.
        counts: bucket → accounts by month.
        untold: accounts in play by month whose bucket cannot be told.
    """

    months: tuple[date, ...]
    counts: dict[str, tuple[int, ...]]
    untold: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes = {len(series) for series in (*self.counts.values(), self.untold)}
        if tuple(self.counts) != BUCKETS or sizes != {len(self.months)}:
            raise ValueError(f"expected {len(self.months)} months of {BUCKETS}, got {sizes}")

    @property
    def shares(self) -> dict[str, float]:
        """Bucket → its share of all labelled rows."""
        total = sum(sum(series) for series in self.counts.values())
        return {bucket: sum(series) / total for bucket, series in self.counts.items()}

    @property
    def headline(self) -> str:
        """The share of every bucket."""
        parts = [f"{NAMES[bucket]} {percent(share)}" for bucket, share in self.shares.items()]
        return f"Of labelled accounts: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Misses(Fact):
    """Open deals, every second Monday, against the date they are committed to.

    Attributes:
        moments: the Mondays, oldest first.
        deals: open deals whose committed date has passed since.
        missed: those of them that were not won by that date.
    """

    moments: tuple[date, ...]
    deals: tuple[int, ...]
    missed: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.moments) == len(self.deals) == len(self.missed) > 0:
            raise ValueError(f"expected deals by moment, got {len(self.moments)} moments")

    @property
    def share(self) -> float:
        """Missed over all moments."""
        return sum(self.missed) / sum(self.deals)

    @property
    def headline(self) -> str:
        """The mean share."""
        return f"{percent(self.share)} of open deals miss their committed date"


@dataclass(frozen=True, slots=True)
class ActivityMonths(Fact):
    """Activities by calendar month, whole months only.

    Attributes:
        months: the first day of each, oldest first, without gaps.
        counts: activities of every kind.
    """

    months: tuple[date, ...]
    counts: tuple[int, ...]

    @property
    def headline(self) -> str:
        """Mean of a month."""
        return f"{round(sum(self.counts) / len(self.counts)):,} activities a month"


def label_months(book: Book, calendar: Calendar) -> LabelMonths | Lacking:
    """Label the accounts at the 1st of each month by the default policy."""
    span = span_of(book, calendar)
    as_ofs = moments(
        _MONTHLY,
        calendar,
        since=span.first_event + WARM_UP,
        until=book.observed_until - HORIZON,
    )
    labels = bucket_labels(
        book, account_spine(book, as_ofs), horizon=HORIZON, policy=LabelPolicy(), calendar=calendar
    )
    is_untold = pl.col("label").is_null() & (pl.col("is_exposed") | pl.col("is_active"))
    found = (
        labels.group_by(AS_OF)
        .agg(
            *[(pl.col("label") == bucket).sum().alias(bucket) for bucket in BUCKETS],
            is_untold.sum().alias("untold"),
        )
        .filter(pl.sum_horizontal(BUCKETS) > 0)
        .sort(AS_OF)
    )
    if found.is_empty():
        return Lacking("no account with a label in this regime")
    counts = {bucket: tuple(map(int, found[bucket])) for bucket in BUCKETS}
    days = found.select(calendar.local_day(pl.col(AS_OF)))[AS_OF]
    return LabelMonths(tuple(days), counts, tuple(map(int, found["untold"])))


def misses(book: Book, calendar: Calendar) -> Misses | Lacking:
    """Hold the open deals of every second Monday against their committed dates.

    A Monday counts with ten deals or more, nine in ten of which have seen their date pass.
    """
    if not book.has("opportunities.outcome"):
        return NO_DEALS
    if not keeps_history(book, "close_date"):
        return NO_DATES
    span = span_of(book, calendar)
    as_ofs = moments(
        _BIWEEKLY, calendar, since=span.first_event + WARM_UP, until=book.observed_until
    )
    outcome = pl.col("label_won_by_committed")
    found = (
        slip_labels(book, deal_spine(book, as_ofs), calendar=calendar)
        .filter(pl.col("committed_on").is_not_null())
        .group_by(AS_OF)
        .agg(
            outcome.count().alias("deals"),
            (~outcome).sum().alias("missed"),
            outcome.is_not_null().mean().alias("matured"),
        )
        .filter(pl.col("deals") >= FEWEST_DEALS, pl.col("matured") >= MATURED)
        .sort(AS_OF)
    )
    if found.is_empty():
        return Lacking(f"never {FEWEST_DEALS} open deals with a committed date in this regime")
    return Misses(
        tuple(found.select(calendar.local_day(pl.col(AS_OF)))[AS_OF]),
        tuple(map(int, found["deals"])),
        tuple(map(int, found["missed"])),
    )


def activity_months(book: Book, calendar: Calendar) -> ActivityMonths | Lacking:
    """Count the activities of every whole month."""
    done = (
        book["activities"]
        .select(calendar.local_day(pl.col(OCCURRED_AT)).dt.month_start().alias("month"))
        .group_by("month")
        .len()
        .sort("month")
        .collect()
    )
    running = calendar.day_of(book.observed_until).replace(day=1)
    whole = done.filter(pl.col("month") < running)[1:]  # the first month may be a part of one
    if whole.is_empty():
        return Lacking("no activities in this regime")
    every = whole.upsample("month", every="1mo").with_columns(pl.col("len").fill_null(0))
    return ActivityMonths(tuple(every["month"]), tuple(map(int, every["len"])))
