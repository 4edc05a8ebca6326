"""Tickets of an account: how many, how long, how they were rated, which were escalated."""

from datetime import datetime
from statistics import median

from tests.factories import Row
from tests.features.reference.arithmetic import mean, share
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _tickets(account: str, known: Known, stamp: str, newest: int, oldest: int) -> list[Row]:
    rows = known.of_account("tickets", account)
    return [row for row in rows if between(row[stamp], known.as_of, newest, oldest)]


def _mark(account: str, known: Known, newest: int, oldest: int) -> float | None:
    rows = _tickets(account, known, "closed_at", newest, oldest)
    return mean([row["csat"] for row in rows if row["csat"] is not None])


def _open(account: str, known: Known) -> list[Row]:
    return [row for row in known.of_account("tickets", account) if row["closed_at"] is None]


@of_account
def tickets_30d(account: str, as_of: datetime, known: Known) -> float:
    return len(_tickets(account, known, "opened_at", 0, 30))


@of_account
def tickets_change_90d(account: str, as_of: datetime, known: Known) -> float:
    now = _tickets(account, known, "opened_at", 0, 90)
    return len(now) - len(_tickets(account, known, "opened_at", 90, 180))


@of_account
def hours_to_close_365d(account: str, as_of: datetime, known: Known) -> float | None:
    hours = [
        max(days_from(row["opened_at"], row["closed_at"]) * 24, 0.0)
        for row in _tickets(account, known, "closed_at", 0, 365)
    ]
    return median(hours) if hours else None


@of_account
def csat_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return _mark(account, known, 0, 90)


@of_account
def csat_change(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = _mark(account, known, 0, 90), _mark(account, known, 90, 365)
    return None if now is None or before is None else now - before


@of_account
def escalation_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    opened = _tickets(account, known, "opened_at", 0, 365)
    return share(len([row for row in opened if row["escalated_at"] is not None]), len(opened))


@of_account
def open_escalations(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _open(account, known) if row["escalated_at"] is not None])


@of_account
def oldest_open_ticket_days(account: str, as_of: datetime, known: Known) -> float | None:
    opened = [row["opened_at"] for row in _open(account, known)]
    return days_from(min(opened), as_of) if opened else None
