"""Contracts of an account: running, renewed, lapsed, waiting for renewal; in calendar days."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import mean
from tests.features.reference.days import days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known

GRACE_DAYS = 60


def _contracts(account: str, known: Known) -> list[tuple[Row, float]]:
    """Known contracts with the calendar days from as_of to their last day."""
    today = known.zone.day_of(known.as_of)
    rows = known.of_account("contracts", account)
    return [(row, days_from(today, row["ends_on"])) for row in rows]


@of_account
def days_to_renewal(account: str, as_of: datetime, known: Known) -> float | None:
    """An end exactly 60 days ago still counts."""
    waiting = [
        left
        for row, left in _contracts(account, known)
        if row["renewed_at"] is None and row["cancelled_at"] is None and left >= -GRACE_DAYS
    ]
    return min(waiting, default=None)


@of_account
def contracts_running(account: str, as_of: datetime, known: Known) -> float:
    """A contract runs on its last day; one that begins later is not known yet."""
    contracts = _contracts(account, known)
    return len([1 for row, left in contracts if left >= 0 and row["cancelled_at"] is None])


@of_account
def renewals_made(account: str, as_of: datetime, known: Known) -> float:
    return len([1 for row, _ in _contracts(account, known) if row["renewed_at"] is not None])


@of_account
def renewal_lateness_days(account: str, as_of: datetime, known: Known) -> float | None:
    return mean(
        [
            days_from(row["ends_on"], known.zone.day_of(row["renewed_at"]))
            for row, _ in _contracts(account, known)
            if row["renewed_at"] is not None
        ]
    )


@of_account
def contracts_lapsed_730d(account: str, as_of: datetime, known: Known) -> float:
    """Contracts that ended in the last 730 days, not renewed: cancelled, or over 60 days ago."""
    return len(
        [
            row
            for row, left in _contracts(account, known)
            if -730 <= left < 0
            and row["renewed_at"] is None
            and (row["cancelled_at"] is not None or left < -GRACE_DAYS)
        ]
    )
