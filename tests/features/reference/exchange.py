"""Who answers whom, how soon, who begins, and how long we ask without an answer."""

from datetime import datetime, timedelta
from statistics import median

from tests.factories import Row
from tests.features.reference.arithmetic import share
from tests.features.reference.days import DAY, between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known
from tests.features.reference.touches import (
    in_days,
    is_reply,
    is_touch,
    last_part,
    personal,
    took_part,
    unanswered_since_part,
)

FORTNIGHT = 14 * DAY
AHEAD = 90 * DAY
HOUR = timedelta(hours=1)


def _rows(account: str, known: Known) -> list[Row]:
    return personal(known.of_account("activities", account))


def _waited(touch: Row, rows: list[Row]) -> timedelta | None:
    """From a touch to the next inbound row strictly after it; None beyond a fortnight."""
    waits = [
        row["occurred_at"] - touch["occurred_at"]
        for row in rows
        if row["direction"] == "inbound" and row["occurred_at"] > touch["occurred_at"]
    ]
    shortest = min(waits, default=None)
    return None if shortest is None or shortest > FORTNIGHT else shortest


def _reply_hours(account: str, known: Known, oldest: int) -> float | None:
    rows = _rows(account, known)
    waits = [
        _waited(row, rows)
        for row in in_days(rows, known.as_of, 0, oldest)
        if is_touch(row) and not is_reply(row)
    ]
    hours = [wait / HOUR for wait in waits if wait is not None]
    return median(hours) if hours else None


@of_account
def reply_hours_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return _reply_hours(account, known, 90)


@of_account
def reply_hours_365d(account: str, as_of: datetime, known: Known) -> float | None:
    return _reply_hours(account, known, 365)


@of_account
def answered_14d_share_90d(account: str, as_of: datetime, known: Known) -> float | None:
    rows = _rows(account, known)
    touches = [row for row in in_days(rows, as_of, 14, 90) if is_touch(row)]
    answered = [row for row in touches if is_reply(row) or _waited(row, rows) is not None]
    return share(len(answered), len(touches))


@of_account
def customer_starts_365d(account: str, as_of: datetime, known: Known) -> float | None:
    """A row before the 365 days still keeps one of the first fortnight from being a beginning."""
    rows = [row for row in _rows(account, known) if row["direction"] is not None]
    moments = {row["occurred_at"] for row in rows}
    theirs = ours = 0
    for moment in moments:
        is_fresh = not any(timedelta() < moment - other <= FORTNIGHT for other in moments)
        if is_fresh and between(moment, as_of, 0, 365):
            directions = {row["direction"] for row in rows if row["occurred_at"] == moment}
            ours += "outbound" in directions
            theirs += "inbound" in directions and "outbound" not in directions
    return share(theirs, theirs + ours)


@of_account
def longest_chase_180d(account: str, as_of: datetime, known: Known) -> float:
    rows = in_days(_rows(account, known), as_of, 0, 180)
    longest = chase = 0
    for moment in sorted({row["occurred_at"] for row in rows}):
        at_once = [row for row in rows if row["occurred_at"] == moment]
        chase += len([row for row in at_once if is_touch(row) and not is_reply(row)])
        longest = max(longest, chase)
        if any(took_part(row) for row in at_once):
            chase = 0
    return longest


def _chase(account: str, known: Known) -> list[datetime]:
    """When the touches of the last 365 days were made that wait for an answer."""
    waiting = in_days(unanswered_since_part(_rows(account, known)), known.as_of, 0, 365)
    return [row["occurred_at"] for row in waiting]


@of_account
def chase_days(account: str, as_of: datetime, known: Known) -> float | None:
    touches = _chase(account, known)
    return days_from(min(touches), as_of) if touches else None


@of_account
def chase_gap_days(account: str, as_of: datetime, known: Known) -> float | None:
    """0 when all were made at one moment."""
    touches = _chase(account, known)
    if len(touches) <= 1:
        return None
    return days_from(min(touches), max(touches)) / (len(touches) - 1)


@of_account
def reminders_before_renewal(account: str, as_of: datetime, known: Known) -> float | None:
    today = known.zone.day_of(as_of)
    ends = [
        row["ends_on"]
        for row in known.of_account("contracts", account)
        if row["renewed_at"] is None
        and row["cancelled_at"] is None
        and today <= row["ends_on"] <= today + AHEAD
    ]
    if not ends:
        return None
    rows = _rows(account, known)
    last = last_part(rows)
    return len(
        [
            row
            for row in rows
            if row["kind"] == "email"
            and is_touch(row)
            and not is_reply(row)
            and known.zone.day_of(row["occurred_at"]) >= min(ends) - AHEAD
            and (last is None or row["occurred_at"] > last)
        ]
    )
