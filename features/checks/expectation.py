"""Expectation: how sure a precision can be at this size, told before anything is trained."""

import math
from dataclasses import dataclass

import polars as pl

from features.book import Book
from features.schema import ACCOUNT_ID

TOP_SHARE = 0.20
ASSUMED = 0.50
"""Precision for which the interval is told; it is widest there."""

_Z = 1.6449
"""Half of a 90 % interval, in standard errors."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The interval to expect of precision@k.

    Attributes:
        entity: account or deal.
        entities: how many different ones there are.
        chosen: those in the top 20 % of the books.
        low: of the 90 % interval, were half of the chosen right.
        high: of the same.
    """

    entity: str
    entities: int
    chosen: int
    low: float
    high: float

    def __str__(self) -> str:
        """One line for a table."""
        if self.chosen == 0:
            return f"no {self.entity}s: precision in the top 20 % cannot be told"
        return (
            f"of {self.entities:,} {self.entity}s the top 20 % are {self.chosen:,}: a precision of "
            f"{ASSUMED:.0%} would be known as {self.low:.0%} to {self.high:.0%}"
        )


def expected_precision(book: Book) -> tuple[Expectation, ...]:
    """What a backtest can tell at best, for accounts and for closed deals.

    Months add little: rows of one account rise and fall together, so accounts are counted.
    """
    accounts = int(book["accounts"].select(pl.col(ACCOUNT_ID).n_unique()).collect().item())
    closed = book["opportunities"].filter(pl.col("outcome").cast(pl.String).is_in(["won", "lost"]))
    deals = int(closed.select(pl.len()).collect().item())
    return tuple(_expectation(*one) for one in (("account", accounts), ("deal", deals)))


def interval(precision: float, chosen: int) -> tuple[float, float]:
    """The 90 % interval of a share.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.

    >>> tuple(round(end, 2) for end in interval(0.5, 100))
    (0.42, 0.58)
    """
    square = _Z * _Z / chosen
    middle = (precision + square / 2) / (1 + square)
    spread = precision * (1 - precision) / chosen + square / (4 * chosen)
    half = _Z * math.sqrt(spread) / (1 + square)
    return middle - half, middle + half


def _expectation(entity: str, entities: int) -> Expectation:
    chosen = round(TOP_SHARE * entities)
    low, high = interval(ASSUMED, chosen) if chosen else (0.0, 1.0)
    return Expectation(entity, entities, chosen, round(low, 3), round(high, 3))
