"""The deals of an account, and the rates of those that closed."""

from datetime import datetime

from tests.features.reference.arithmetic import total
from tests.features.reference.days import between
from tests.features.reference.rates import closed_deals, median_amount, mixed_rate, rate_of_some
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _open(account: str, known: Known) -> list[str]:
    deals = known.of_account("opportunities", account)
    return [deal["opportunity_id"] for deal in deals if deal["closed_at"] is None]


def _ended(account: str, known: Known, outcome: str) -> float:
    return len(
        [
            deal
            for deal in known.of_account("opportunities", account)
            if deal["outcome"] == outcome and between(deal["closed_at"], known.as_of, 0, 365)
        ]
    )


@of_account
def open_deals(account: str, as_of: datetime, known: Known) -> float:
    return len(_open(account, known))


@of_account
def open_amount(account: str, as_of: datetime, known: Known) -> float | None:
    """Those of the amounts that are known; 0 without an open deal, None when none is known."""
    deals = _open(account, known)
    amounts = [known.deal_value(deal, "amount") for deal in deals]
    told = [amount for amount in amounts if amount is not None]
    return total(told) if told or not deals else None


@of_account
def pushes_180d(account: str, as_of: datetime, known: Known) -> float:
    deals = [row["opportunity_id"] for row in known.of_account("opportunities", account)]
    moves = [move for deal in deals for move in known.close_dates(deal)]
    return len([1 for at, old, new in moves if new > old and between(at, as_of, 0, 180)])


@of_account
def won_365d(account: str, as_of: datetime, known: Known) -> float:
    return _ended(account, known, "won")


@of_account
def lost_365d(account: str, as_of: datetime, known: Known) -> float:
    return _ended(account, known, "lost")


@of_account
def customer_win_rate(account: str, as_of: datetime, known: Known) -> float | None:
    closed = closed_deals(known)
    return mixed_rate([deal for deal in closed if deal.account == account], closed)


@of_account
def owner_win_rate(account: str, as_of: datetime, known: Known) -> float | None:
    """None before the first close of the owner's own."""
    owner, closed = known.account_value(account, "owner_rep_id"), closed_deals(known)
    return rate_of_some([deal for deal in closed if deal.owner == owner is not None], closed)


@of_account
def segment_win_rate(account: str, as_of: datetime, known: Known) -> float | None:
    """None before the first close in the segment."""
    segment, closed = known.account_value(account, "segment"), closed_deals(known)
    return rate_of_some([deal for deal in closed if deal.segment == segment is not None], closed)


@of_account
def segment_won_amount(account: str, as_of: datetime, known: Known) -> float | None:
    segment = known.account_value(account, "segment")
    if segment is None:
        return None
    return median_amount([deal for deal in closed_deals(known) if deal.segment == segment])
