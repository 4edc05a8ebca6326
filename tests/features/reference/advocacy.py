"""What an account gave as a reference, by its kind."""

from datetime import datetime

from tests.features.reference.days import between
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known


@of_account
def referrals_91_365d(account: str, as_of: datetime, known: Known) -> float:
    given = known.of_account("referrals", account)
    return len([row for row in given if between(row["given_at"], as_of, 90, 365)])


def _of_kind(account: str, known: Known, kind: str) -> float:
    return len([row for row in known.of_account("referrals", account) if row["kind"] == kind])


@of_account
def reference_calls(account: str, as_of: datetime, known: Known) -> float:
    return _of_kind(account, known, "reference_call")


@of_account
def case_studies(account: str, as_of: datetime, known: Known) -> float:
    return _of_kind(account, known, "case_study")
