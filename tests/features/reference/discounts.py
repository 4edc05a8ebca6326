"""Quotes of an account, over all of its deals: how many, and how far below the list price."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import total
from tests.features.reference.days import between
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def quoted(account: str, known: Known, newest: int, oldest: int) -> list[Row]:
    """Quotes made more than `newest` and at most `oldest` days before as_of."""
    rows = known.of_account("quotes", account)
    return [row for row in rows if between(row["quoted_at"], known.as_of, newest, oldest)]


def discount(quotes: Iterable[Row]) -> float | None:
    """1 minus the amounts over the list amounts, of quotes with both and a list amount above 0."""
    priced = [
        row
        for row in quotes
        if row["amount"] is not None and row["list_amount"] is not None and row["list_amount"] > 0
    ]
    listed = total([row["list_amount"] for row in priced])
    return 1 - total([row["amount"] for row in priced]) / listed if priced else None


@of_account
def quotes_180d(account: str, as_of: datetime, known: Known) -> float:
    return len(quoted(account, known, 0, 180))


@of_account
def discount_365d(account: str, as_of: datetime, known: Known) -> float | None:
    return discount(quoted(account, known, 0, 365))


@of_account
def discount_change_year(account: str, as_of: datetime, known: Known) -> float | None:
    now = discount(quoted(account, known, 0, 365))
    before = discount(quoted(account, known, 365, 730))
    return None if now is None or before is None else now - before
