"""Invoices of an account by the time of their issue: sums, credit notes and growth."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import change, share, total
from tests.features.reference.days import between
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def issued(account: str, known: Known, newest: int, oldest: int) -> list[Row]:
    """Invoices issued more than `newest` and at most `oldest` days before as_of."""
    rows = known.of_account("invoices", account)
    return [row for row in rows if between(row["issued_at"], known.as_of, newest, oldest)]


def positive(rows: Iterable[Row]) -> list[Row]:
    """Invoices with an amount above zero: orders, not credit notes."""
    return [row for row in rows if row["amount"] > 0]


def invoiced(rows: Iterable[Row]) -> float:
    """The sum of the amounts, credit notes taken off."""
    return total([row["amount"] for row in rows])


@of_account
def net_invoiced_30d(account: str, as_of: datetime, known: Known) -> float:
    return invoiced(issued(account, known, 0, 30))


@of_account
def net_invoiced_366_730d(account: str, as_of: datetime, known: Known) -> float:
    return invoiced(issued(account, known, 365, 730))


@of_account
def returns_share_366_730d(account: str, as_of: datetime, known: Known) -> float | None:
    rows = issued(account, known, 365, 730)
    returned = [-row["amount"] for row in rows if row["amount"] < 0]
    return share(total(returned), invoiced(positive(rows)))


@of_account
def credit_notes_365d(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in issued(account, known, 0, 365) if row["amount"] < 0])


@of_account
def growth_half_year(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = issued(account, known, 0, 182), issued(account, known, 182, 364)
    return change(invoiced(now), invoiced(before))


@of_account
def growth_earlier_year(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = issued(account, known, 365, 730), issued(account, known, 730, 1095)
    return change(invoiced(now), invoiced(before))
