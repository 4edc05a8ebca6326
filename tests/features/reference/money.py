"""Invoices, their payment, and use: what an account bought, returned, paid late and used."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.days import between, days_from
from tests.features.reference.numbers import change, mean, share, total
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known

AT_MOST = 5.0


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
    return change(total(now), total(before), at_most=AT_MOST)


@of_account
def growth_quarter(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = _amounts(account, known, 0, 91), _amounts(account, known, 365, 456)
    return change(total(now), total(before), at_most=AT_MOST)


@of_account
def usage_trend(account: str, as_of: datetime, known: Known) -> float | None:
    rows = known.of_account("usage", account)
    changes = []
    for metric in sorted({row["metric"] for row in rows}):
        of_metric = [row for row in rows if row["metric"] == metric]
        now = mean(_values(of_metric, known, 0, 30))
        before = mean(_values(of_metric, known, 30, 120))
        if now is not None and before is not None and before > 0:
            changes.append(now / before - 1)
    return min(sum(changes) / len(changes), AT_MOST) if changes else None


def _values(rows: Iterable[Row], known: Known, newest: int, oldest: int) -> list[float]:
    return [
        row["value"]
        for row in rows
        if between(known.zone.moment(row["period_on"]), known.as_of, newest, oldest)
    ]


def _fell_due(account: str, known: Known, oldest: int) -> list[Row]:
    """Orders whose day of payment ended in the last `oldest` days."""
    return [
        row
        for row in known.of_account("invoices", account)
        if row["due_on"] is not None
        and between(known.zone.end_of(row["due_on"]), known.as_of, 0, oldest)
    ]


@of_account
def days_late_365d(account: str, as_of: datetime, known: Known) -> float | None:
    late = []
    for row in _fell_due(account, known, 365):
        paid = row["paid_at"] or as_of
        late.append(max(days_from(known.zone.end_of(row["due_on"]), paid), 0.0))
    return mean(late)


@of_account
def late_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    due = _fell_due(account, known, 365)
    late = [r for r in due if r["paid_at"] is None or r["paid_at"] > known.zone.end_of(r["due_on"])]
    return share(len(late), len(due))


@of_account
def overdue_now(account: str, as_of: datetime, known: Known) -> float:
    return total(
        [
            row["amount"]
            for row in known.of_account("invoices", account)
            if row["due_on"] is not None
            and known.zone.end_of(row["due_on"]) < as_of
            and row["paid_at"] is None
        ]
    )
