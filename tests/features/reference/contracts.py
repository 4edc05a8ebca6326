"""Contracts of an account: running, renewed, lapsed, waiting for renewal."""

from datetime import datetime, timedelta

from tests.factories import Row
from tests.features.reference.days import between, days_from
from tests.features.reference.numbers import mean
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known

GRACE_DAYS = 60


def _contracts(account: str, known: Known) -> list[Row]:
    return known.of_account("contracts", account)


def _end(row: Row, known: Known) -> datetime:
    return known.zone.end_of(row["ends_on"])


@of_account
def days_to_renewal(account: str, as_of: datetime, known: Known) -> float | None:
    waiting = [
        days_from(as_of, _end(row, known))
        for row in _contracts(account, known)
        if row["renewed_at"] is None and row["cancelled_at"] is None
    ]
    return min((days for days in waiting if days >= -GRACE_DAYS), default=None)


@of_account
def contracts_running(account: str, as_of: datetime, known: Known) -> float:
    return len(
        [
            row
            for row in _contracts(account, known)
            if _end(row, known) >= as_of and row["cancelled_at"] is None
        ]
    )


@of_account
def renewals_made(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _contracts(account, known) if row["renewed_at"] is not None])


@of_account
def renewal_lateness_days(account: str, as_of: datetime, known: Known) -> float | None:
    return mean(
        [
            days_from(_end(row, known), row["renewed_at"])
            for row in _contracts(account, known)
            if row["renewed_at"] is not None
        ]
    )


@of_account
def contracts_lapsed_730d(account: str, as_of: datetime, known: Known) -> float:
    lapsed = 0
    for row in _contracts(account, known):
        if row["cancelled_at"] is not None:
            lapsed += between(row["cancelled_at"], as_of, 0, 730)
        elif row["renewed_at"] is None:
            lapsed += between(_end(row, known) + timedelta(days=GRACE_DAYS), as_of, 0, 730)
    return lapsed
