"""Payment of an account: which positive invoices fell due, and when each was paid; whole days."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import mean, share, total
from tests.features.reference.days import days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _due(account: str, known: Known, newest: int, oldest: int) -> list[Row]:
    """Positive invoices due `newest` to `oldest` days, both inclusive, before the day of as_of."""
    today = known.zone.day_of(known.as_of)
    return [
        row
        for row in known.of_account("invoices", account)
        if row["amount"] > 0
        and row["due_on"] is not None
        and newest <= days_from(row["due_on"], today) <= oldest
    ]


def _late(rows: Iterable[Row], known: Known) -> list[float]:
    """Days late of each: 0 when early, up to the day of as_of where unpaid."""
    days = []
    for row in rows:
        paid = known.as_of if row["paid_at"] is None else row["paid_at"]
        days.append(max(days_from(row["due_on"], known.zone.day_of(paid)), 0.0))
    return days


@of_account
def days_late_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return mean(_late(_due(account, known, 1, 90), known))


@of_account
def days_late_change(account: str, as_of: datetime, known: Known) -> float | None:
    now = mean(_late(_due(account, known, 1, 90), known))
    before = mean(_late(_due(account, known, 91, 455), known))
    return None if now is None or before is None else now - before


@of_account
def worst_late_days_365d(account: str, as_of: datetime, known: Known) -> float | None:
    return max(_late(_due(account, known, 1, 365), known), default=None)


@of_account
def unpaid_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    due = _due(account, known, 1, 365)
    unpaid = [row["amount"] for row in due if row["paid_at"] is None]
    return share(total(unpaid), total([row["amount"] for row in due]))


@of_account
def paid_early_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    due = _due(account, known, 1, 365)
    early = [
        row
        for row in due
        if row["paid_at"] is not None and known.zone.day_of(row["paid_at"]) < row["due_on"]
    ]
    return share(len(early), len(due))


@of_account
def oldest_overdue_days(account: str, as_of: datetime, known: Known) -> float | None:
    today = known.zone.day_of(as_of)
    overdue = [
        days_from(row["due_on"], today)
        for row in known.of_account("invoices", account)
        if row["amount"] > 0 and row["due_on"] is not None and row["paid_at"] is None
    ]
    return max((days for days in overdue if days > 0), default=None)
