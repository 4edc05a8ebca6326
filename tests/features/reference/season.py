"""Fiscal quarters of an account: in which it orders and wins, and what happens at their end."""

from collections.abc import Sequence
from datetime import date, datetime

from tests.features.reference.arithmetic import share
from tests.features.reference.days import DAY, Zone
from tests.features.reference.discounts import discount, quoted
from tests.features.reference.invoices import invoiced, issued, positive
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known

LAST_DAYS = 14


def _is_last(day: date, zone: Zone) -> bool:
    """Whether a day is one of the last 14 of its fiscal quarter, the last one among them."""
    return zone.quarter_end(day) - day < LAST_DAYS * DAY


def _season(day: date, zone: Zone) -> int:
    """The fiscal quarter of the year, told by the month in which it ends."""
    return zone.quarter_end(day).month


def _season_share(days: Sequence[date], known: Known) -> float | None:
    now = _season(known.zone.day_of(known.as_of), known.zone)
    return share(len([day for day in days if _season(day, known.zone) == now]), len(days))


def _end_share(days: Sequence[date], known: Known) -> float | None:
    return share(len([day for day in days if _is_last(day, known.zone)]), len(days))


def _order_days(account: str, known: Known, oldest: int) -> list[date]:
    rows = positive(issued(account, known, 0, oldest))
    return [known.zone.day_of(row["issued_at"]) for row in rows]


def _win_days(account: str, known: Known) -> list[date]:
    deals = known.of_account("opportunities", account)
    return [known.zone.day_of(deal["closed_at"]) for deal in deals if deal["outcome"] == "won"]


@of_account
def orders_season_share(account: str, as_of: datetime, known: Known) -> float | None:
    return _season_share(_order_days(account, known, 1095), known)


@of_account
def orders_quarter_end_share(account: str, as_of: datetime, known: Known) -> float | None:
    return _end_share(_order_days(account, known, 730), known)


@of_account
def wins_season_share(account: str, as_of: datetime, known: Known) -> float | None:
    return _season_share(_win_days(account, known), known)


@of_account
def wins_quarter_end_share(account: str, as_of: datetime, known: Known) -> float | None:
    return _end_share(_win_days(account, known), known)


@of_account
def invoiced_year_ago(account: str, as_of: datetime, known: Known) -> float:
    return invoiced(issued(account, known, 275, 365))


@of_account
def discount_quarter_end_gap(account: str, as_of: datetime, known: Known) -> float | None:
    quotes = quoted(account, known, 0, 730)
    is_last = [_is_last(known.zone.day_of(row["quoted_at"]), known.zone) for row in quotes]
    at_end = discount([row for row, last in zip(quotes, is_last, strict=True) if last])
    else_ = discount([row for row, last in zip(quotes, is_last, strict=True) if not last])
    return None if at_end is None or else_ is None else at_end - else_
