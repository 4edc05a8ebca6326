"""The deals that an account opened, and how those still open stand."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import share, total
from tests.features.reference.days import between, days_from
from tests.features.reference.rates import open_stages
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _open(account: str, known: Known) -> list[Row]:
    deals = known.of_account("opportunities", account)
    return [deal for deal in deals if deal["closed_at"] is None]


def _ids(account: str, known: Known) -> list[str]:
    return [deal["opportunity_id"] for deal in _open(account, known)]


def _ages(deals: list[Row], as_of: datetime) -> list[float]:
    return [days_from(deal["created_at"], as_of) for deal in deals]


def _opened(account: str, known: Known, newest: int, oldest: int) -> float:
    deals = known.of_account("opportunities", account)
    return len([deal for deal in deals if between(deal["created_at"], known.as_of, newest, oldest)])


@of_account
def deals_opened_180d(account: str, as_of: datetime, known: Known) -> float:
    return _opened(account, known, 0, 180)


@of_account
def deals_opened_181_365d(account: str, as_of: datetime, known: Known) -> float:
    return _opened(account, known, 180, 365)


@of_account
def days_since_opened(account: str, as_of: datetime, known: Known) -> float | None:
    return min(_ages(known.of_account("opportunities", account), as_of), default=None)


@of_account
def oldest_open_deal_days(account: str, as_of: datetime, known: Known) -> float | None:
    return max(_ages(_open(account, known), as_of), default=None)


@of_account
def pushes_per_open_deal(account: str, as_of: datetime, known: Known) -> float | None:
    deals = _ids(account, known)
    moves = [move for deal in deals for move in known.close_dates(deal)]
    return share(len([1 for _, old, new in moves if new > old]), len(deals))


def _days_to_close(account: str, known: Known) -> list[float]:
    dates = [known.deal_value(deal, "close_date") for deal in _ids(account, known)]
    today = known.zone.day_of(known.as_of)
    return [days_from(today, date) for date in dates if date is not None]


@of_account
def open_deals_overdue(account: str, as_of: datetime, known: Known) -> float | None:
    days = _days_to_close(account, known)
    return len([left for left in days if left < 0]) if days else None


@of_account
def days_to_next_close(account: str, as_of: datetime, known: Known) -> float | None:
    return min(_days_to_close(account, known), default=None)


@of_account
def largest_open_share(account: str, as_of: datetime, known: Known) -> float | None:
    amounts = [known.deal_value(deal, "amount") for deal in _ids(account, known)]
    told = [amount for amount in amounts if amount is not None]
    return share(max(told, default=0.0), total(told))


@of_account
def late_stage_share(account: str, as_of: datetime, known: Known) -> float | None:
    late, every = [], []
    for deal in _ids(account, known):
        amount = known.deal_value(deal, "amount")
        place = open_stages(known).get(known.deal_value(deal, "stage"))
        if amount is not None and place is not None:
            every.append(amount)
            late += [amount] if place >= 0.5 else []
    return share(total(late), total(every))


@of_account
def priced_share_open(account: str, as_of: datetime, known: Known) -> float | None:
    deals = _ids(account, known)
    return share(len([deal for deal in deals if known.of_deal("quotes", deal)]), len(deals))
