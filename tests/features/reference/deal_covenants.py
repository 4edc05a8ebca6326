"""Agreed next steps of a deal: ahead, overdue, kept in time, and for which stage."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import share
from tests.features.reference.days import days_from
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known


def _days_overdue(row: Row, known: Known) -> float | None:
    """Calendar days from the due day to the day of as_of; None without a due day."""
    due = row["due_on"]
    return None if due is None else days_from(due, known.zone.day_of(known.as_of))


def _unmet(deal: str, known: Known) -> list[float]:
    """The days overdue of the next steps not met that have a due day; 0 or less: still ahead."""
    rows = [row for row in known.of_deal("covenants", deal) if row["met_at"] is None]
    days = [_days_overdue(row, known) for row in rows]
    return [late for late in days if late is not None]


@of_deal
def covenants_unmet_share(deal: str, as_of: datetime, known: Known) -> float | None:
    """Of all, those without a due day too."""
    overdue = [late for late in _unmet(deal, known) if late > 0]
    return share(len(overdue), len(known.of_deal("covenants", deal)))


@of_deal
def oldest_unmet_days(deal: str, as_of: datetime, known: Known) -> float:
    return max([0.0, *_unmet(deal, known)])


@of_deal
def covenants_open(deal: str, as_of: datetime, known: Known) -> float:
    return len([late for late in _unmet(deal, known) if late <= 0])


@of_deal
def covenants_on_time_share(deal: str, as_of: datetime, known: Known) -> float | None:
    kept = counted = 0
    for row in known.of_deal("covenants", deal):
        late, met = _days_overdue(row, known), row["met_at"]
        if late is None or (met is None and late <= 0):
            continue
        counted += 1
        kept += met is not None and known.zone.day_of(met) <= row["due_on"]
    return share(kept, counted)


@of_deal
def covenants_in_stage(deal: str, as_of: datetime, known: Known) -> float | None:
    stage = known.deal_value(deal, "stage")
    if stage is None:
        return None
    return len([row for row in known.of_deal("covenants", deal) if row["stage"] == stage])


@of_deal
def days_since_covenant(deal: str, as_of: datetime, known: Known) -> float | None:
    agreed = [row["agreed_at"] for row in known.of_deal("covenants", deal)]
    return days_from(max(agreed), as_of) if agreed else None
