"""How regularly an account is heard from: days since, weeks and months with contact, gaps."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from math import sqrt

from tests.factories import Row
from tests.features.reference.blocks import in_blocks
from tests.features.reference.days import DAY, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known
from tests.features.reference.touches import (
    MEETINGS,
    in_days,
    is_reply,
    is_touch,
    personal,
    took_part,
)

MINUTE = timedelta(minutes=1)
MOST_USUAL_GAPS = 20.0


def _rows(account: str, known: Known) -> list[Row]:
    return personal(known.of_account("activities", account))


def _days_since(rows: Iterable[Row], as_of: datetime) -> float | None:
    newest = max((row["occurred_at"] for row in rows), default=None)
    return None if newest is None else days_from(newest, as_of)


def _signs(account: str, known: Known) -> list[datetime]:
    """When the account was heard from in the last 365 days, oldest first, equal ones kept."""
    rows = in_days(_rows(account, known), known.as_of, 0, 365)
    return sorted(row["occurred_at"] for row in rows if took_part(row))


def _gaps(signs: list[datetime]) -> list[timedelta]:
    return [signs[at] - signs[at - 1] for at in range(1, len(signs))]


@of_account
def days_since_touch(account: str, as_of: datetime, known: Known) -> float | None:
    return _days_since([row for row in _rows(account, known) if is_touch(row)], as_of)


@of_account
def days_since_inbound(account: str, as_of: datetime, known: Known) -> float | None:
    rows = [row for row in _rows(account, known) if row["direction"] == "inbound"]
    return _days_since(rows, as_of)


@of_account
def days_since_meeting(account: str, as_of: datetime, known: Known) -> float | None:
    return _days_since([row for row in _rows(account, known) if row["kind"] in MEETINGS], as_of)


@of_account
def days_since_proposal(account: str, as_of: datetime, known: Known) -> float | None:
    return _days_since([r for r in _rows(account, known) if r["kind"] == "proposal"], as_of)


@of_account
def post_sales_silence_days(account: str, as_of: datetime, known: Known) -> float | None:
    return _days_since([r for r in _rows(account, known) if r["phase"] == "post_sales"], as_of)


def _active_weeks(account: str, known: Known, weeks: int) -> float:
    return len([rows for rows in in_blocks(_rows(account, known), known.as_of, 7, weeks) if rows])


@of_account
def active_weeks_13(account: str, as_of: datetime, known: Known) -> float:
    return _active_weeks(account, known, 13)


@of_account
def active_weeks_52(account: str, as_of: datetime, known: Known) -> float:
    return _active_weeks(account, known, 52)


@of_account
def two_way_months_12(account: str, as_of: datetime, known: Known) -> float:
    """An answered touch is an outbound row and a reply in one."""
    months = 0
    for rows in in_blocks(_rows(account, known), as_of, 30, 12):
        is_mutual = any(row["direction"] == "mutual" for row in rows)
        is_touched = any(is_touch(row) for row in rows)
        is_replied = any(is_reply(row) for row in rows)
        months += is_mutual or (is_touched and is_replied)
    return months


@of_account
def longest_silence_365d(account: str, as_of: datetime, known: Known) -> float | None:
    signs = _signs(account, known)
    if not signs:
        return None
    return max([*_gaps(signs), as_of - signs[-1]]) / DAY


@of_account
def gap_variation_365d(account: str, as_of: datetime, known: Known) -> float | None:
    """Exact up to the root: gaps are whole numbers of minutes."""
    gaps = [gap // MINUTE for gap in _gaps(_signs(account, known))]
    if len(gaps) < 2 or sum(gaps) == 0:
        return None
    mean = Fraction(sum(gaps), len(gaps))
    variance = sum(((gap - mean) ** 2 for gap in gaps), Fraction(0)) / len(gaps)
    return sqrt(variance / mean**2)


@of_account
def silence_vs_usual(account: str, as_of: datetime, known: Known) -> float | None:
    signs = _signs(account, known)
    if not signs or signs[-1] == signs[0]:
        return None
    gaps, silence = signs[-1] - signs[0], as_of - signs[-1]
    return min(silence * (len(signs) - 1) / gaps, MOST_USUAL_GAPS)  # a mean of gaps is not exact
