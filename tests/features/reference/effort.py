"""What we put into an account and what comes back: hours, meetings, kinds of touch, replies."""

from datetime import datetime
from fractions import Fraction

from tests.factories import Row
from tests.features.reference.arithmetic import share
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known
from tests.features.reference.touches import (
    MEETINGS,
    OTHER_MINUTES,
    USUAL_MINUTES,
    in_days,
    is_reply,
    is_touch,
    personal,
)

MOST = 5


def _recent(account: str, known: Known, newest: int, oldest: int) -> list[Row]:
    rows = personal(known.of_account("activities", account))
    return in_days(rows, known.as_of, newest, oldest)


def _met(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["kind"] in MEETINGS]


def _touches(account: str, known: Known, oldest: int) -> list[Row]:
    return [row for row in _recent(account, known, 0, oldest) if is_touch(row)]


def _minutes(rows: list[Row]) -> int:
    """Whole minutes of each row, a half to the even one."""
    usual = [USUAL_MINUTES.get(row["kind"], OTHER_MINUTES) for row in rows]
    given = [row["duration_minutes"] for row in rows]
    return sum(round(u if g is None else g) for u, g in zip(usual, given, strict=True))


def _trend(now: int, before: int, scale: Fraction) -> float | None:
    """The change of two rates, exact until it is a float; None unless there was some before."""
    return float(min(scale * now / before - 1, Fraction(MOST))) if before > 0 else None


@of_account
def hours_91_365d(account: str, as_of: datetime, known: Known) -> float:
    return _minutes(_recent(account, known, 90, 365)) / 60


@of_account
def hours_trend(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = _recent(account, known, 0, 90), _recent(account, known, 90, 365)
    return _trend(_minutes(now), _minutes(before), Fraction(275, 90))


@of_account
def meeting_hours_90d(account: str, as_of: datetime, known: Known) -> float:
    return _minutes(_met(_recent(account, known, 0, 90))) / 60


@of_account
def touches_per_meeting_365d(account: str, as_of: datetime, known: Known) -> float | None:
    meetings = _met(_recent(account, known, 0, 365))
    return share(len(_touches(account, known, 365)), len(meetings))


@of_account
def email_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    kinds = [row["kind"] for row in _touches(account, known, 365)]
    return share(kinds.count("email"), len(kinds))


@of_account
def voicemail_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    kinds = [row["kind"] for row in _touches(account, known, 365)]
    return share(kinds.count("voicemail"), kinds.count("voicemail") + kinds.count("call"))


@of_account
def automated_90d(account: str, as_of: datetime, known: Known) -> float:
    """The one count of rows that `personal` leaves out."""
    rows = in_days(known.of_account("activities", account), as_of, 0, 90)
    return len([row for row in rows if row["automated"] is True])


def _replies(account: str, known: Known, newest: int, oldest: int) -> int:
    return len([row for row in _recent(account, known, newest, oldest) if is_reply(row)])


@of_account
def replies_91_365d(account: str, as_of: datetime, known: Known) -> float:
    return _replies(account, known, 90, 365)


@of_account
def reply_trend(account: str, as_of: datetime, known: Known) -> float | None:
    now, before = _replies(account, known, 0, 30), _replies(account, known, 30, 120)
    return _trend(now, before, Fraction(3))


def _inbound_share(account: str, known: Known, oldest: int) -> float | None:
    directions = [row["direction"] for row in _recent(account, known, 0, oldest)]
    inbound = directions.count("inbound")
    return share(inbound, inbound + directions.count("outbound"))


@of_account
def inbound_share_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return _inbound_share(account, known, 90)


@of_account
def inbound_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    return _inbound_share(account, known, 365)


@of_account
def meetings_31_90d(account: str, as_of: datetime, known: Known) -> float:
    return len(_met(_recent(account, known, 30, 90)))


@of_account
def meetings_91_365d(account: str, as_of: datetime, known: Known) -> float:
    return len(_met(_recent(account, known, 90, 365)))
