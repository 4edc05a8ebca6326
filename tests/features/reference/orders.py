"""Orders of an account, its positive invoices: how often, how evenly, how large."""

from datetime import datetime
from fractions import Fraction
from math import sqrt
from statistics import median

from tests.features.reference.arithmetic import change
from tests.features.reference.days import days_from
from tests.features.reference.invoices import invoiced, issued, positive
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known

WINDOWS = [(30 * number, 30 * number + 30) for number in range(12)]
RATIO_AT_MOST = 20.0


def _amounts(account: str, known: Known, newest: int, oldest: int) -> list[float]:
    return [row["amount"] for row in positive(issued(account, known, newest, oldest))]


@of_account
def order_months_360d(account: str, as_of: datetime, known: Known) -> float:
    return len([1 for window in WINDOWS if _amounts(account, known, *window)])


@of_account
def order_spread_360d(account: str, as_of: datetime, known: Known) -> float | None:
    sums = [
        sum((Fraction(str(amount)) for amount in _amounts(account, known, *window)), Fraction(0))
        for window in WINDOWS
    ]
    average = sum(sums) / 12
    if average == 0:
        return None
    return sqrt(sum((one - average) ** 2 for one in sums) / 12) / float(average)


def _gap(account: str, known: Known) -> tuple[datetime, float] | None:
    """The moment of the last order of 730 days, and the mean days between them."""
    at = [row["issued_at"] for row in positive(issued(account, known, 0, 730))]
    if len(at) < 2:
        return None
    return max(at), days_from(min(at), max(at)) / (len(at) - 1)


@of_account
def order_gap_days(account: str, as_of: datetime, known: Known) -> float | None:
    found = _gap(account, known)
    return None if found is None else found[1]


@of_account
def order_gap_ratio(account: str, as_of: datetime, known: Known) -> float | None:
    found = _gap(account, known)
    if found is None or found[1] == 0:
        return None
    last, gap = found
    return min(days_from(last, as_of) / gap, RATIO_AT_MOST)


@of_account
def order_size_365d(account: str, as_of: datetime, known: Known) -> float | None:
    amounts = _amounts(account, known, 0, 365)
    return median(amounts) if amounts else None


@of_account
def order_size_change(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = _amounts(account, known, 0, 365), _amounts(account, known, 365, 730)
    return change(median(now), median(before)) if now and before else None


@of_account
def largest_order_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    rows = positive(issued(account, known, 0, 365))
    return max(row["amount"] for row in rows) / invoiced(rows) if rows else None
