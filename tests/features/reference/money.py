"""Invoices, their payment, and use: what an account bought, returned, paid late and used."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import change, mean, share, thousandths, total
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _amounts(account: str, known: Known, newest: int, oldest: int) -> list[float]:
    return [
        row["amount"]
        for row in known.of_account("invoices", account)
        if between(row["issued_at"], known.as_of, newest, oldest)
    ]


def _positive(amounts: Iterable[float]) -> list[float]:
    return [amount for amount in amounts if amount > 0]


@of_account
def net_invoiced_90d(account: str, as_of: datetime, known: Known) -> float:
    return total(_amounts(account, known, 0, 90))


@of_account
def net_invoiced_91_365d(account: str, as_of: datetime, known: Known) -> float:
    return total(_amounts(account, known, 90, 365))


@of_account
def orders_365d(account: str, as_of: datetime, known: Known) -> float:
    return len(_positive(_amounts(account, known, 0, 365)))


@of_account
def order_silence_days(account: str, as_of: datetime, known: Known) -> float | None:
    ordered = [r["issued_at"] for r in known.of_account("invoices", account) if r["amount"] > 0]
    return days_from(max(ordered), as_of) if ordered else None


@of_account
def returns_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    amounts = _amounts(account, known, 0, 365)
    returned = [-amount for amount in amounts if amount < 0]
    return share(total(returned), total(_positive(amounts)))


@of_account
def growth_year(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = _amounts(account, known, 0, 365), _amounts(account, known, 365, 730)
    return change(total(now), total(before))


@of_account
def growth_quarter(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = _amounts(account, known, 0, 91), _amounts(account, known, 365, 456)
    return change(total(now), total(before))


@of_account
def usage_trend(account: str, as_of: datetime, known: Known) -> float | None:
    """A metric without use before says nothing; each change is cut off, and in thousandths."""
    rows = known.of_account("usage", account)
    changes = []
    for metric in sorted({row["metric"] for row in rows}):
        of_metric = [row for row in rows if row["metric"] == metric]
        now = mean(_values(of_metric, known, 0, 30))
        before = mean(_values(of_metric, known, 30, 120))
        if now is not None and before:
            changes.append(thousandths(change(now, before)))
    return mean(changes)


def _values(rows: Iterable[Row], known: Known, newest: int, oldest: int) -> list[float]:
    return [
        thousandths(row["value"])
        for row in rows
        if between(known.zone.moment(row["period_on"]), known.as_of, newest, oldest)
    ]


def _past_due(account: str, known: Known) -> list[tuple[Row, float]]:
    """Positive invoices past their day, with the calendar days since; credit notes are not due."""
    today = known.zone.day_of(known.as_of)
    dated = [
        (row, days_from(row["due_on"], today))
        for row in known.of_account("invoices", account)
        if row["due_on"] is not None and row["amount"] > 0
    ]
    return [(row, days) for row, days in dated if days > 0]


def _days_late(account: str, known: Known, oldest: int) -> list[float]:
    """Calendar days late of what fell due in `oldest` days: 0 when early, to as_of if unpaid."""
    zone, late = known.zone, []
    for row, days in _past_due(account, known):
        if days <= oldest:
            paid = zone.day_of(row["paid_at"] or known.as_of)
            late.append(max(days_from(row["due_on"], paid), 0.0))
    return late


@of_account
def days_late_365d(account: str, as_of: datetime, known: Known) -> float | None:
    return mean(_days_late(account, known, 365))


@of_account
def late_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    late = _days_late(account, known, 365)
    return share(len([days for days in late if days > 0]), len(late))


@of_account
def overdue_now(account: str, as_of: datetime, known: Known) -> float:
    past = _past_due(account, known)
    return total([row["amount"] for row, _ in past if row["paid_at"] is None])
