"""What happened with the customer of a deal before: its other deals."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import mean
from tests.features.reference.days import days_from
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known


def _deals(deal: str, known: Known) -> list[Row]:
    """The deals of its account, itself among them."""
    return known.of_account("opportunities", known.deals[deal]["account_id"])


def _ended(deal: str, known: Known, outcome: str) -> list[Row]:
    return [
        other
        for other in _deals(deal, known)
        if other["closed_at"] is not None and other["outcome"] == outcome
    ]


@of_deal
def parallel_deals(deal: str, as_of: datetime, known: Known) -> float:
    others = [other for other in _deals(deal, known) if other["opportunity_id"] != deal]
    return len([other for other in others if other["closed_at"] is None])


@of_deal
def customer_deals_won(deal: str, as_of: datetime, known: Known) -> float:
    return len(_ended(deal, known, "won"))


@of_deal
def customer_deals_lost(deal: str, as_of: datetime, known: Known) -> float:
    return len(_ended(deal, known, "lost"))


@of_deal
def days_since_customer_win(deal: str, as_of: datetime, known: Known) -> float | None:
    closes = [won["closed_at"] for won in _ended(deal, known, "won")]
    return days_from(max(closes), as_of) if closes else None


@of_deal
def amount_to_last_won(deal: str, as_of: datetime, known: Known) -> float | None:
    won = _ended(deal, known, "won")
    if not won:
        return None
    last = max(won, key=lambda other: (other["closed_at"], other["opportunity_id"]))
    amount = known.deal_value(deal, "amount")
    before = known.deal_value(last["opportunity_id"], "amount")
    if amount is None or before is None or before <= 0:
        return None
    return min(max(amount / before, 0.0), 20.0)


@of_deal
def age_to_customer_cycle(deal: str, as_of: datetime, known: Known) -> float | None:
    won = _ended(deal, known, "won")
    cycle = mean([days_from(other["created_at"], other["closed_at"]) for other in won])
    if cycle is None or cycle <= 0:
        return None
    return min(days_from(known.deals[deal]["created_at"], as_of) / cycle, 20.0)
