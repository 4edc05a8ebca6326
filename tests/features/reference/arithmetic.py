"""Sums, means and changes as the catalogue means them, on plain numbers."""

from collections.abc import Sequence
from fractions import Fraction


def total(values: Sequence[float]) -> float:
    """The exact sum of decimal numbers: no order of the rows can change it."""
    return float(sum((Fraction(str(value)) for value in values), Fraction(0)))


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing."""
    return total(values) / len(values) if values else None


def share(part: float, whole: float) -> float | None:
    """A part of a whole; None unless the whole is above zero."""
    return part / whole if whole > 0 else None


def change(now: float, before: float) -> float | None:
    """`now` against `before` as a change, -1 to 5; None unless there was something before."""
    return min(max(now / before - 1, -1.0), 5.0) if before > 0 else None


def thousandths(value: float) -> float:
    """The nearest thousandth, a half to the even one."""
    return round(value * 1000) / 1000
