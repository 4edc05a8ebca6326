"""Pushes of a deal's close date: how far, how recently, across which period ends."""

from datetime import date, datetime

from tests.features.reference.arithmetic import mean
from tests.features.reference.days import between, days_from
from tests.features.reference.deal_periods import year_end
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known, parsed

MOST = 5.0


def _pushes(deal: str, known: Known) -> list[tuple[datetime, float]]:
    """When the close date was moved later, and by how many days."""
    moves = known.close_dates(deal)
    return [(at, days_from(old, new)) for at, old, new in moves if new > old]


@of_deal
def push_days_mean(deal: str, as_of: datetime, known: Known) -> float | None:
    return mean([days for _, days in _pushes(deal, known)])


@of_deal
def last_push_days(deal: str, as_of: datetime, known: Known) -> float | None:
    """The greatest moment first, and of equal ones the most days."""
    return max(_pushes(deal, known), default=(None, None))[1]


@of_deal
def days_since_push(deal: str, as_of: datetime, known: Known) -> float | None:
    moments = [at for at, _ in _pushes(deal, known)]
    return days_from(max(moments), as_of) if moments else None


@of_deal
def pushes_90d(deal: str, as_of: datetime, known: Known) -> float:
    return len([1 for at, _ in _pushes(deal, known) if between(at, as_of, 0, 90)])


@of_deal
def pushes_across_month(deal: str, as_of: datetime, known: Known) -> float:
    moves = [((old.year, old.month), (new.year, new.month)) for _, old, new in _moves(deal, known)]
    return len([1 for before, after in moves if after > before])


@of_deal
def pushes_across_year(deal: str, as_of: datetime, known: Known) -> float:
    zone, moves = known.zone, _moves(deal, known)
    return len([1 for _, old, new in moves if year_end(zone, new) > year_end(zone, old)])


@of_deal
def pushed_to_age(deal: str, as_of: datetime, known: Known) -> float:
    pushed = sum(days for _, days in _pushes(deal, known))
    age = days_from(known.deals[deal]["created_at"], as_of)
    return min(pushed / max(age, 1.0), MOST)


@of_deal
def commitment_shift_days(deal: str, as_of: datetime, known: Known) -> float | None:
    committed = known.deal_value(deal, "close_date")
    if committed is None:
        return None
    return days_from(_first_date(deal, known) or committed, committed)


@of_deal
def days_overdue(deal: str, as_of: datetime, known: Known) -> float | None:
    committed = known.deal_value(deal, "close_date")
    today = known.zone.day_of(as_of)
    return None if committed is None else max(days_from(committed, today), 0.0)


def _moves(deal: str, known: Known) -> list[tuple[datetime, date, date]]:
    return known.close_dates(deal)


def _first_date(deal: str, known: Known) -> date | None:
    """The old day of the first change that has one: as it became known, then made, then by text."""
    entered = known.world.known_from
    rows = sorted(
        known.deal_changes(deal, "close_date"),
        key=lambda row: (
            entered("opportunity_changes", row),
            row["changed_at"],
            row.get("old") or "",
            row.get("new") or "",
        ),
    )
    days = [parsed(row.get("old"), "Date") for row in rows]
    return next((day for day in days if day is not None), None)
