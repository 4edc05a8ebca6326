"""What a feature group sees: the spine, and the book through the as-of door only."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.context import Context
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.snapshot import known_at, value_at

KEYS = (ENTITY_ID, AS_OF)

_PARTS_PER_UNIT = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One batch of spine rows and what may be known of them.

    Attributes:
        book: the CRM; groups read it through `known` and `value`.
        spine: accounts: entity_id, as_of. Deals: the columns of `deal_state`.
        context: the book's statistics at each as_of of the spine.
        calendar: the organisation's.
    """

    book: Book
    spine: pl.LazyFrame
    context: Context
    calendar: Calendar

    @property
    def keys(self) -> pl.LazyFrame:
        """The spine's identity: entity_id, as_of, and account_id for deals."""
        names = self.spine.collect_schema().names()
        return self.spine.select(*(name for name in (*KEYS, ACCOUNT_ID) if name in names))

    def known(self, table: str, *, by: str | None = None) -> pl.LazyFrame:
        """Each spine row with the rows of `table` known at its as_of."""
        return known_at(self.keys, self.book, table, by=by, calendar=self.calendar)

    def value(self, field: str) -> pl.LazyFrame:
        """The spine's keys with a mutable column as of as_of."""
        return value_at(self.keys, self.book, field)

    def beside(self, told: pl.LazyFrame, *, zeros: Sequence[str] = ()) -> pl.LazyFrame:
        """Every spine row with what is told of it: KEYS and the columns of `told`.

        Args:
            told: at most one row per KEYS.
            zeros: counts and sums; no row means that nothing happened, so they become 0.
        """
        return (
            self.spine.select(*KEYS)
            .join(told, on=KEYS, how="left")
            .with_columns(pl.col(name).fill_null(0.0) for name in zeros)
        )


def in_window(moment: pl.Expr, newest: int, oldest: int) -> pl.Expr:
    """Whether a moment is at most `oldest` and more than `newest` days before as_of.

    `in_window(t, 0, 30)` and `in_window(t, 30, 90)` share no moment. Nothing here looks for the
    future: rows at or after as_of have not passed the door.
    """
    days_before = pl.col(AS_OF) - moment
    return (days_before > pl.duration(days=newest)) & (days_before <= pl.duration(days=oldest))


def block(moment: pl.Expr, days: int) -> pl.Expr:
    """The block of `days` days before as_of in which a moment falls, 0 the newest.

    Half-open as `in_window`: a moment exactly `days` days before as_of is still in block 0.
    """
    before = (pl.col(AS_OF) - moment).dt.total_microseconds()
    return (before - 1) // (days * 86_400_000_000)


def days_since(moment: pl.Expr) -> pl.Expr:
    """Days from a moment to as_of; Float64."""
    return (pl.col(AS_OF) - moment).dt.total_microseconds() / 86_400e6


def exact_sum(values: pl.Expr) -> pl.Expr:
    """A sum in thousandths, as integers: the order of the rows cannot change its last bit."""
    return (values * _PARTS_PER_UNIT).round().cast(pl.Int64).sum() / _PARTS_PER_UNIT


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part / whole`, null unless the whole is above zero."""
    return pl.when(whole > 0).then(part / whole)


def feature(values: pl.Expr, name: str) -> pl.Expr:
    """The finished column: Float32 under its catalogue name."""
    return values.cast(pl.Float32).alias(name)
