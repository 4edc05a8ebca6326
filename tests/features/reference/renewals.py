"""Contracts of an account: terms, notice, cancellations, and how late renewals were; whole days."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import mean, share
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known

GRACE_DAYS = 60


def _days_left(row: Row, known: Known) -> float:
    """Calendar days from the day of as_of to the contract's last day; below 0 once it ended."""
    return days_from(known.zone.day_of(known.as_of), row["ends_on"])


def _waiting(account: str, known: Known) -> list[Row]:
    """Contracts not ended, neither renewed nor cancelled."""
    return [
        row
        for row in known.of_account("contracts", account)
        if row["renewed_at"] is None and row["cancelled_at"] is None and _days_left(row, known) >= 0
    ]


def _renewals(account: str, known: Known) -> list[tuple[datetime, float]]:
    """When each renewal was made, and how many calendar days after the contract's end."""
    return [
        (row["renewed_at"], days_from(row["ends_on"], known.zone.day_of(row["renewed_at"])))
        for row in known.of_account("contracts", account)
        if row["renewed_at"] is not None
    ]


@of_account
def last_renewal_late_days(account: str, as_of: datetime, known: Known) -> float | None:
    renewals = _renewals(account, known)
    return max(renewals)[1] if renewals else None


@of_account
def renewal_lateness_change(account: str, as_of: datetime, known: Known) -> float | None:
    renewals = _renewals(account, known)
    newest, late = max(renewals, default=(as_of, 0.0))
    usual = mean([days for at, days in renewals if at < newest])
    return None if usual is None else late - usual


@of_account
def renewed_late_share(account: str, as_of: datetime, known: Known) -> float | None:
    renewals = _renewals(account, known)
    return share(len([days for _, days in renewals if days > 0]), len(renewals))


@of_account
def renewed_share(account: str, as_of: datetime, known: Known) -> float | None:
    contracts = known.of_account("contracts", account)
    renewed = [row for row in contracts if row["renewed_at"] is not None]
    gone = [
        row
        for row in contracts
        if row["renewed_at"] is None
        and (row["cancelled_at"] is not None or _days_left(row, known) < -GRACE_DAYS)
    ]
    return share(len(renewed), len(renewed) + len(gone))


@of_account
def contract_starts_365d(account: str, as_of: datetime, known: Known) -> float:
    today = known.zone.day_of(as_of)
    ages = [days_from(row["starts_on"], today) for row in known.of_account("contracts", account)]
    return len([days for days in ages if 1 <= days <= 365])


@of_account
def contracts_cancelled_365d(account: str, as_of: datetime, known: Known) -> float:
    contracts = known.of_account("contracts", account)
    return len([row for row in contracts if between(row["cancelled_at"], as_of, 0, 365)])


@of_account
def contracts_ending_90d(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _waiting(account, known) if _days_left(row, known) <= 90])


@of_account
def contracts_past_notice(account: str, as_of: datetime, known: Known) -> float:
    """A notice day is known once it has ended."""
    return len([row for row in _waiting(account, known) if row["notice_on"] is not None])


@of_account
def term_left_share(account: str, as_of: datetime, known: Known) -> float | None:
    waiting = _waiting(account, known)
    if not waiting:
        return None
    next_end = min(row["ends_on"] for row in waiting)
    return max(
        _days_left(row, known) / days_from(row["starts_on"], row["ends_on"])
        for row in waiting
        if row["ends_on"] == next_end
    )
