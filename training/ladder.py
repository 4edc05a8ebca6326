"""Ladder: how much of a win curve the closed deals of a CRM can bear.

The one place where these numbers stand. Too few deals of either answer teach a forest nothing but
noise; a regression on a few inputs holds out longer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from features.book import Book
from models.slip import SlipKind

LEARNING_BELOW = 40
"""Won deals, or lost deals, below which nothing is called firm."""
LOGISTIC_BELOW = 100
"""Won deals, or lost deals, below which only the regression competes."""
FOREST_ABOVE = 1_000
"""Closed deals above which trees compete alone, too."""

CURVES: Mapping[str, SlipKind] = {
    "hazard": "lightgbm",
    "hazard_logistic": "logistic",
    "hazard_blend": "blend",
}
"""Win curves that can be served, by the name they compete under."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Where a CRM stands.

    Attributes:
        curves: names of the win curves that compete.
        is_learning: whether deals are too few to call anything firm.
    """

    curves: tuple[str, ...]
    is_learning: bool


def rung_of(won: int, lost: int) -> Rung:
    """The rung that so many closed deals reach.

    >>> rung_of(39, 900)
    Rung(curves=('hazard_logistic',), is_learning=True)
    >>> rung_of(100, 900).curves
    ('hazard_logistic', 'hazard_blend')
    >>> rung_of(101, 900).curves
    ('hazard', 'hazard_logistic', 'hazard_blend')
    """
    is_learning = min(won, lost) < LEARNING_BELOW
    if min(won, lost) < LOGISTIC_BELOW:
        return Rung(("hazard_logistic",), is_learning)
    if won + lost <= FOREST_ABOVE:
        return Rung(("hazard_logistic", "hazard_blend"), is_learning)
    return Rung(tuple(CURVES), is_learning)


def closed_deals(book: Book) -> tuple[int, int]:
    """Won and lost deals of the book."""
    outcomes = book["opportunities"].group_by("outcome").len().collect()
    counts: Mapping[object, int] = dict(outcomes.iter_rows())
    return counts.get("won", 0), counts.get("lost", 0)
