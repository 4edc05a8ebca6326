"""Quotes on a deal in time, beside those of the account's other deals, and how the amount moved."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import mean, thousandths
from tests.features.reference.days import days_from
from tests.features.reference.rates import closed_deals, median_cycle
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known, parsed

MOST = 5.0
EARLY = 3
"""A price is early in the first third of the usual way to a win."""


def _own(deal: str, known: Known) -> list[Row]:
    """The quotes of the deal, the newest last; of equal times the greatest id."""
    return _in_time(known.of_deal("quotes", deal))


def _others(deal: str, known: Known) -> list[Row]:
    """The quotes on the account's other deals."""
    quotes = known.of_account("quotes", known.deals[deal]["account_id"])
    return _in_time([row for row in quotes if row["opportunity_id"] != deal])


def _in_time(quotes: Iterable[Row]) -> list[Row]:
    return sorted(quotes, key=lambda row: (row["quoted_at"], row["quote_id"]))


def _discounts(quotes: Iterable[Row]) -> list[float]:
    return [
        1 - row["amount"] / row["list_amount"]
        for row in quotes
        if row["amount"] is not None and row["list_amount"] is not None and row["list_amount"] > 0
    ]


def _days_to_first(deal: str, known: Known) -> float | None:
    """Days from creation to the first quote, 0 when it came earlier."""
    quotes = _own(deal, known)
    if not quotes:
        return None
    return max(days_from(known.deals[deal]["created_at"], quotes[0]["quoted_at"]), 0.0)


def _usual_cycle(deal: str, known: Known) -> float | None:
    kind = known.deals[deal]["type"]
    return median_cycle([other for other in closed_deals(known) if other.kind == kind is not None])


@of_deal
def quotes_made(deal: str, as_of: datetime, known: Known) -> float:
    return len(_own(deal, known))


@of_deal
def days_since_quote(deal: str, as_of: datetime, known: Known) -> float | None:
    quotes = _own(deal, known)
    return days_from(quotes[-1]["quoted_at"], as_of) if quotes else None


@of_deal
def discount_change(deal: str, as_of: datetime, known: Known) -> float | None:
    discounts = _discounts(_own(deal, known))
    return discounts[-1] - discounts[0] if len(discounts) > 1 else None


@of_deal
def first_quote_to_cycle(deal: str, as_of: datetime, known: Known) -> float | None:
    days, usual = _days_to_first(deal, known), _usual_cycle(deal, known)
    if days is None or usual is None or usual <= 0:
        return None
    return min(days / usual, MOST)


@of_deal
def is_quoted_early(deal: str, as_of: datetime, known: Known) -> float | None:
    days, usual = _days_to_first(deal, known), _usual_cycle(deal, known)
    if usual is None:
        return None
    if days is not None:
        return float(days <= usual / EARLY)
    age = days_from(known.deals[deal]["created_at"], as_of)
    return 0.0 if age > usual / EARLY else None


@of_deal
def quote_to_amount(deal: str, as_of: datetime, known: Known) -> float | None:
    quoted = [row["amount"] for row in _own(deal, known) if row["amount"] is not None]
    amount = known.deal_value(deal, "amount")
    if not quoted or amount is None or amount <= 0:
        return None
    return min(max(quoted[-1] / amount, 0.0), MOST)


@of_deal
def discount_to_account(deal: str, as_of: datetime, known: Known) -> float | None:
    own = _discounts(_own(deal, known))
    usual = mean([thousandths(discount) for discount in _discounts(_others(deal, known))])
    return own[-1] - usual if own and usual is not None else None


@of_deal
def is_billing_new(deal: str, as_of: datetime, known: Known) -> float | None:
    own, others = (
        [row["billing_terms"] for row in quotes if row["billing_terms"] is not None]
        for quotes in (_own(deal, known), _others(deal, known))
    )
    return float(own[-1] not in others) if own and others else None


def _amounts(deal: str, known: Known) -> list[tuple[float, float]]:
    """Changes of the amount from a number to a number."""
    moves = []
    for row in known.deal_changes(deal, "amount"):
        old, new = parsed(row.get("old"), "Float64"), parsed(row.get("new"), "Float64")
        if old is not None and new is not None:
            moves.append((old, new))
    return moves


@of_deal
def amount_raises(deal: str, as_of: datetime, known: Known) -> float:
    return len([1 for old, new in _amounts(deal, known) if new > old])


@of_deal
def amount_cuts(deal: str, as_of: datetime, known: Known) -> float:
    return len([1 for old, new in _amounts(deal, known) if new < old])
