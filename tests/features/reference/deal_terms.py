"""A deal's amount, age and dates, and what its account says of it."""

from datetime import date, datetime
from math import log10

from tests.factories import Row
from tests.features.reference.arithmetic import change, share
from tests.features.reference.days import days_from
from tests.features.reference.rates import closed_deals, median_amount, median_cycle
from tests.features.reference.registry import ACCOUNT, Reference, of_deal
from tests.features.reference.rows import Known, parsed

OF_ACCOUNT = (
    "growth_year",
    "usage_trend",
    "days_late_365d",
    "silence_days",
    "escalations_365d",
    "days_to_renewal",
)
"""Account features that a deal repeats as `account_<name>`."""


def _amount(deal: str, known: Known) -> float | None:
    return known.deal_value(deal, "amount")


def _amount_changes(deal: str, known: Known) -> list[Row]:
    """Changes of the amount as they became known; of equal moments, the one made first."""
    rows = [row for row in known.deal_changes(deal, "amount") if row.get("old") is not None]
    entered = known.world.known_from
    return sorted(
        rows,
        key=lambda row: (entered("opportunity_changes", row), row["changed_at"], row.get("old")),
    )


def _over(amount: float | None, usual: float | None) -> float | None:
    return None if amount is None or not usual else min(amount / usual, 20.0)


@of_deal
def log_amount(deal: str, as_of: datetime, known: Known) -> float | None:
    amount = _amount(deal, known)
    return None if amount is None else log10(1 + amount)


@of_deal
def amount_to_won(deal: str, as_of: datetime, known: Known) -> float | None:
    kind = known.deals[deal]["type"]
    alike = [other for other in closed_deals(known) if other.kind == kind is not None]
    return _over(_amount(deal, known), median_amount(alike))


@of_deal
def amount_to_segment(deal: str, as_of: datetime, known: Known) -> float | None:
    segment = known.account_value(known.deals[deal]["account_id"], "segment")
    if segment is None:
        return None
    alike = [other for other in closed_deals(known) if other.segment == segment]
    return _over(_amount(deal, known), median_amount(alike))


@of_deal
def amount_changes(deal: str, as_of: datetime, known: Known) -> float:
    """The first amount, which follows none, is not a change."""
    return len(_amount_changes(deal, known))


@of_deal
def amount_trend(deal: str, as_of: datetime, known: Known) -> float | None:
    """The first one is what the first change had before it, else the amount as of as_of."""
    now, changes = _amount(deal, known), _amount_changes(deal, known)
    if now is None:
        return None
    first = parsed(changes[0].get("old"), "Float64") if changes else None
    return change(now, now if first is None else first)


@of_deal
def age_days(deal: str, as_of: datetime, known: Known) -> float:
    return days_from(known.deals[deal]["created_at"], as_of)


@of_deal
def age_to_cycle(deal: str, as_of: datetime, known: Known) -> float | None:
    kind = known.deals[deal]["type"]
    usual = median_cycle([other for other in closed_deals(known) if other.kind == kind is not None])
    return share(age_days(deal, as_of, known), usual or 0.0)


def _committed(deal: str, known: Known) -> date | None:
    return known.deal_value(deal, "close_date")


@of_deal
def days_to_commitment(deal: str, as_of: datetime, known: Known) -> float | None:
    committed = _committed(deal, known)
    return None if committed is None else days_from(known.zone.day_of(as_of), committed)


@of_deal
def weeks_to_quarter_end(deal: str, as_of: datetime, known: Known) -> float:
    today = known.zone.day_of(as_of)
    return days_from(today, known.zone.quarter_end(today)) / 7


@of_deal
def commitment_before_quarter_end(deal: str, as_of: datetime, known: Known) -> float | None:
    committed = _committed(deal, known)
    return None if committed is None else days_from(committed, known.zone.quarter_end(committed))


@of_deal
def is_renewal(deal: str, as_of: datetime, known: Known) -> float | None:
    kind = known.deals[deal]["type"]
    return None if kind is None else float(kind == "renewal")


@of_deal
def is_expansion(deal: str, as_of: datetime, known: Known) -> float | None:
    kind = known.deals[deal]["type"]
    return None if kind is None else float(kind == "expansion")


def _of_its_account(name: str) -> Reference:
    def repeated(deal: str, as_of: datetime, known: Known) -> float | None:
        return ACCOUNT[name](known.deals[deal]["account_id"], as_of, known)

    repeated.__name__ = f"account_{name}"
    return repeated


for _name in OF_ACCOUNT:
    of_deal(_of_its_account(_name))
