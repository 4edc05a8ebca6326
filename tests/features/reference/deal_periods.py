"""A deal's committed date beside the ends of periods, and its clock beside that of won deals."""

from datetime import date, datetime
from math import floor

from tests.features.reference.days import DAY, Zone, days_from
from tests.features.reference.rates import closed_deals, median_cycle
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known

MOST = 20.0
SATURDAY = 5


def year_end(zone: Zone, day: date) -> date:
    """The last day of the fiscal year: walk on until the next day begins another one."""
    while True:
        following = day + DAY
        if (following.month, following.day) == (zone.first_month, 1):
            return day
        day = following


def _committed(deal: str, known: Known) -> date | None:
    return known.deal_value(deal, "close_date")


def _born_on(deal: str, known: Known) -> date:
    return known.zone.day_of(known.deals[deal]["created_at"])


def _cycles(deal: str, known: Known) -> list[float]:
    """Days from creation to a win, of the won deals of the deal's type, the shortest first."""
    kind = known.deals[deal]["type"]
    alike = [other for other in closed_deals(known) if other.kind == kind is not None]
    return sorted(other.cycle_days for other in alike if other.is_won)


def _over(days: float, usual: float | None) -> float | None:
    return None if usual is None or usual <= 0 else min(max(days / usual, 0.0), MOST)


@of_deal
def is_committed_month_end(deal: str, as_of: datetime, known: Known) -> float | None:
    day = _committed(deal, known)
    return None if day is None else float((day + DAY).day == 1)


@of_deal
def is_committed_quarter_end(deal: str, as_of: datetime, known: Known) -> float | None:
    day = _committed(deal, known)
    return None if day is None else float(known.zone.quarter_end(day) == day)


@of_deal
def is_committed_this_year(deal: str, as_of: datetime, known: Known) -> float | None:
    day = _committed(deal, known)
    last = year_end(known.zone, known.zone.day_of(as_of))
    return None if day is None else float(day <= last)


@of_deal
def is_committed_weekend(deal: str, as_of: datetime, known: Known) -> float | None:
    day = _committed(deal, known)
    return None if day is None else float(day.weekday() >= SATURDAY)


@of_deal
def weeks_to_year_end(deal: str, as_of: datetime, known: Known) -> float:
    today = known.zone.day_of(as_of)
    return days_from(today, year_end(known.zone, today)) / 7


@of_deal
def created_before_quarter_end(deal: str, as_of: datetime, known: Known) -> float:
    born_on = _born_on(deal, known)
    return days_from(born_on, known.zone.quarter_end(born_on))


@of_deal
def commitment_to_cycle(deal: str, as_of: datetime, known: Known) -> float | None:
    day, kind = _committed(deal, known), known.deals[deal]["type"]
    usual = median_cycle([other for other in closed_deals(known) if other.kind == kind is not None])
    return None if day is None else _over(days_from(_born_on(deal, known), day), usual)


@of_deal
def age_to_slow_cycle(deal: str, as_of: datetime, known: Known) -> float | None:
    cycles = _cycles(deal, known)
    age = days_from(known.deals[deal]["created_at"], as_of)
    return _over(age, _ninth_decile(cycles) if cycles else None)


def _ninth_decile(ordered: list[float]) -> float:
    """Nine tenths of the way from the least to the greatest, linear between two neighbours."""
    at = 0.9 * (len(ordered) - 1)
    below = floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])
