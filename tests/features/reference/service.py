"""Tickets, contacts, referrals and the account's own record."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import mean
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


def _in_days(rows: list[Row], stamp: str, known: Known, newest: int, oldest: int) -> list[Row]:
    return [row for row in rows if between(row[stamp], known.as_of, newest, oldest)]


@of_account
def tenure_days(account: str, as_of: datetime, known: Known) -> float | None:
    for row in known.of_account("accounts", account):
        return days_from(row["created_at"], as_of)
    return None


@of_account
def tickets_90d(account: str, as_of: datetime, known: Known) -> float:
    return len(_in_days(known.of_account("tickets", account), "opened_at", known, 0, 90))


@of_account
def tickets_91_365d(account: str, as_of: datetime, known: Known) -> float:
    return len(_in_days(known.of_account("tickets", account), "opened_at", known, 90, 365))


@of_account
def open_tickets(account: str, as_of: datetime, known: Known) -> float:
    return len([r for r in known.of_account("tickets", account) if r["closed_at"] is None])


@of_account
def escalations_365d(account: str, as_of: datetime, known: Known) -> float:
    return len(_in_days(known.of_account("tickets", account), "escalated_at", known, 0, 365))


@of_account
def csat_365d(account: str, as_of: datetime, known: Known) -> float | None:
    ended = _in_days(known.of_account("tickets", account), "closed_at", known, 0, 365)
    return mean([row["csat"] for row in ended if row["csat"] is not None])


@of_account
def contacts_known(account: str, as_of: datetime, known: Known) -> float:
    return len([r for r in known.of_account("contacts", account) if r["left_at"] is None])


@of_account
def contacts_left_365d(account: str, as_of: datetime, known: Known) -> float:
    return len(_in_days(known.of_account("contacts", account), "left_at", known, 0, 365))


@of_account
def owner_changes_730d(account: str, as_of: datetime, known: Known) -> float:
    """The first owner, who follows nobody, is not a change."""
    owners = [
        row
        for row in known.of_account("account_changes", account)
        if row["field"] in ("owner", "owner_rep_id") and row["old"] is not None
    ]
    return len(_in_days(owners, "changed_at", known, 0, 730))


@of_account
def referrals_365d(account: str, as_of: datetime, known: Known) -> float:
    return len(_in_days(known.of_account("referrals", account), "given_at", known, 0, 365))


@of_account
def referrals_earlier(account: str, as_of: datetime, known: Known) -> float:
    return len(known.of_account("referrals", account)) - referrals_365d(account, as_of, known)


@of_account
def referral_silence_days(account: str, as_of: datetime, known: Known) -> float | None:
    given = [row["given_at"] for row in known.of_account("referrals", account)]
    return days_from(max(given), as_of) if given else None
