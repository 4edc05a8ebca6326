"""Payment: how many days after they were due invoices are paid."""

from dataclasses import dataclass

import polars as pl

from benchmarks.portrait.fact import Fact, Lacking, percent
from features.book import Book
from features.calendar import Calendar

EARLIEST, LATEST, WIDTH = -20, 60, 2
"""Days late that the distribution shows, and the width of its bins; the ends hold the rest."""

TAIL = 0.95


@dataclass(frozen=True, slots=True)
class Lateness(Fact):
    """Days from due to paid over all paid invoices; credit notes are left out.

    Attributes:
        invoices: paid invoices with a due day.
        median: days; negative is early.
        tail: days that one invoice in twenty reaches.
        late: share paid after the due day.
        bins: invoices by days late, bins of `WIDTH` days from `EARLIEST` to `LATEST`.
    """

    invoices: int
    median: int
    tail: int
    late: float
    bins: tuple[int, ...]

    def __post_init__(self) -> None:
        if sum(self.bins) != self.invoices or self.invoices < 1:
            raise ValueError(f"expected {self.invoices} invoices in bins, got {sum(self.bins)}")
        if self.median > self.tail:
            raise ValueError(f"expected median up to tail, got {self.median} and {self.tail}")

    @property
    def headline(self) -> str:
        """The median, and the share that is late at all."""
        days = f"{abs(self.median)} day{'' if abs(self.median) == 1 else 's'}"
        when = f"{days} late" if self.median > 0 else f"{days} early"
        if self.median == 0:
            when = "on the day it is due"
        return f"The median invoice is paid {when}; {percent(self.late)} are late"


def lateness(book: Book, calendar: Calendar) -> Lateness | Lacking:
    """Measure the paid invoices of a book."""
    if not book.has("invoices"):
        return Lacking("no invoices in this regime")
    if not book.has("invoices.due_on", "invoices.paid_at"):
        return Lacking("no due or paid days in this regime")
    days = (calendar.local_day(pl.col("paid_at")) - pl.col("due_on")).dt.total_days()
    paid = (
        book["invoices"]
        .filter(pl.col("amount") > 0, pl.col("paid_at") < book.observed_until)
        .select(days.alias("days"))
        .drop_nulls()
        .collect()["days"]
    )
    if paid.is_empty():
        return Lacking("no paid invoice in this regime")
    places = (paid.clip(EARLIEST, LATEST - 1) - EARLIEST) // WIDTH
    bins = [int((places == place).sum()) for place in range((LATEST - EARLIEST) // WIDTH)]
    return Lateness(
        invoices=paid.len(),
        median=_day(paid, 0.5),
        tail=_day(paid, TAIL),
        late=int((paid > 0).sum()) / paid.len(),
        bins=tuple(bins),
    )


def _day(days: pl.Series, level: float) -> int:
    return int(days.quantile(level, interpolation="nearest") or 0)
