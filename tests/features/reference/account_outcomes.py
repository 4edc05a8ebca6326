"""How the deals of an account ended, when, and after how long."""

from datetime import datetime
from statistics import median

from tests.factories import Row
from tests.features.reference.days import between, days_from
from tests.features.reference.rates import WEIGHT, closed_deals, mixed_rate
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _ended(account: str, known: Known, outcome: str) -> list[Row]:
    return [
        deal
        for deal in known.of_account("opportunities", account)
        if deal["closed_at"] is not None and deal["outcome"] == outcome
    ]


def _between(deals: list[Row], known: Known, newest: int, oldest: int) -> float:
    return len([deal for deal in deals if between(deal["closed_at"], known.as_of, newest, oldest)])


def _days_since(deals: list[Row], as_of: datetime) -> float | None:
    closes = [deal["closed_at"] for deal in deals]
    return days_from(max(closes), as_of) if closes else None


@of_account
def won_91_365d(account: str, as_of: datetime, known: Known) -> float:
    return _between(_ended(account, known, "won"), known, 90, 365)


@of_account
def won_366_730d(account: str, as_of: datetime, known: Known) -> float:
    return _between(_ended(account, known, "won"), known, 365, 730)


@of_account
def lost_180d(account: str, as_of: datetime, known: Known) -> float:
    return _between(_ended(account, known, "lost"), known, 0, 180)


@of_account
def days_since_won(account: str, as_of: datetime, known: Known) -> float | None:
    return _days_since(_ended(account, known, "won"), as_of)


@of_account
def days_since_lost(account: str, as_of: datetime, known: Known) -> float | None:
    return _days_since(_ended(account, known, "lost"), as_of)


@of_account
def losses_since_win(account: str, as_of: datetime, known: Known) -> float:
    """A loss at the very moment of the newest win is not after it."""
    wins = [deal["closed_at"] for deal in _ended(account, known, "won")]
    losses = [deal["closed_at"] for deal in _ended(account, known, "lost")]
    return len([at for at in losses if not wins or at > max(wins)])


@of_account
def won_cycle_days(account: str, as_of: datetime, known: Known) -> float | None:
    won = _ended(account, known, "won")
    days = [max(days_from(deal["created_at"], deal["closed_at"]), 0.0) for deal in won]
    return median(days) if days else None


def _rate_of_type(account: str, known: Known, kind: str) -> float | None:
    closed = closed_deals(known)
    alike = [deal for deal in closed if deal.kind == kind]
    usual = mixed_rate(alike, closed)
    if not alike or usual is None:
        return None
    own = [deal.is_won for deal in alike if deal.account == account]
    return (sum(own) + WEIGHT * usual) / (len(own) + WEIGHT)


@of_account
def renewal_win_rate(account: str, as_of: datetime, known: Known) -> float | None:
    return _rate_of_type(account, known, "renewal")


@of_account
def expansion_win_rate(account: str, as_of: datetime, known: Known) -> float | None:
    return _rate_of_type(account, known, "expansion")
