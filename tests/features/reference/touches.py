"""Activities of an account: who spoke to whom, how often, how long ago."""

from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import share, total
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known

USUAL_MINUTES = {"email": 15.0, "call": 15.0, "voicemail": 15.0}
OTHER_MINUTES = 60.0
MEETINGS = ("meeting", "demo", "visit")


def personal(rows: Iterable[Row]) -> list[Row]:
    """Rows not marked as automated."""
    return [row for row in rows if row["automated"] is not True]


def is_touch(row: Row) -> bool:
    """Whether we reached out."""
    return row["direction"] == "outbound"


def is_reply(row: Row) -> bool:
    """Whether the customer spoke."""
    return row["direction"] == "inbound" or (is_touch(row) and row["answered"] is True)


def took_part(row: Row) -> bool:
    """Whether the customer replied, or did something together with us."""
    return is_reply(row) or row["direction"] == "mutual"


def in_days(rows: Iterable[Row], as_of: datetime, newest: int, oldest: int) -> list[Row]:
    """Rows that occurred more than `newest` and at most `oldest` days before as_of."""
    return [row for row in rows if between(row["occurred_at"], as_of, newest, oldest)]


def reply_rate(rows: Iterable[Row]) -> float | None:
    """Answered touches of all touches."""
    touches = [row for row in rows if is_touch(row)]
    return share(len([row for row in touches if row["answered"] is True]), len(touches))


def last_part(rows: Iterable[Row]) -> datetime | None:
    """When the customer last took part."""
    return max((row["occurred_at"] for row in rows if took_part(row)), default=None)


def unanswered_since_part(rows: list[Row]) -> list[Row]:
    """Unanswered touches later than the last time the customer took part."""
    last = last_part(rows)
    return [
        row
        for row in rows
        if is_touch(row) and not is_reply(row) and (last is None or row["occurred_at"] > last)
    ]


def meetings(rows: Iterable[Row]) -> float:
    """Meetings, demos and visits."""
    return len([row for row in rows if row["kind"] in MEETINGS])


def people(rows: Iterable[Row]) -> float:
    """Different people of the customer who took part."""
    return len({row["contact_id"] for row in rows if took_part(row)} - {None})


def _rows(account: str, known: Known) -> list[Row]:
    return personal(known.of_account("activities", account))


def _recent(account: str, known: Known, newest: int, oldest: int) -> list[Row]:
    return in_days(_rows(account, known), known.as_of, newest, oldest)


@of_account
def replies_30d(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _recent(account, known, 0, 30) if is_reply(row)])


@of_account
def replies_31_90d(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _recent(account, known, 30, 90) if is_reply(row)])


@of_account
def reply_rate_30d(account: str, as_of: datetime, known: Known) -> float | None:
    return reply_rate(_recent(account, known, 0, 30))


@of_account
def reply_rate_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return reply_rate(_recent(account, known, 0, 90))


@of_account
def silence_days(account: str, as_of: datetime, known: Known) -> float | None:
    last = last_part(_rows(account, known))
    return None if last is None else days_from(last, as_of)


@of_account
def one_way_touches(account: str, as_of: datetime, known: Known) -> float:
    return len(in_days(unanswered_since_part(_rows(account, known)), as_of, 0, 365))


@of_account
def meetings_90d(account: str, as_of: datetime, known: Known) -> float:
    return meetings(_recent(account, known, 0, 90))


@of_account
def touches_30d(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _recent(account, known, 0, 30) if is_touch(row)])


@of_account
def touches_31_90d(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _recent(account, known, 30, 90) if is_touch(row)])


@of_account
def touches_91_365d(account: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _recent(account, known, 90, 365) if is_touch(row)])


@of_account
def hours_90d(account: str, as_of: datetime, known: Known) -> float:
    minutes = []
    for row in _recent(account, known, 0, 90):
        usual = USUAL_MINUTES.get(row["kind"], OTHER_MINUTES)
        given = row["duration_minutes"]
        minutes.append(usual if given is None else float(round(given)))
    return total(minutes) / 60


@of_account
def contacts_active_90d(account: str, as_of: datetime, known: Known) -> float:
    return people(_recent(account, known, 0, 90))


@of_account
def contacts_active_365d(account: str, as_of: datetime, known: Known) -> float:
    return people(_recent(account, known, 0, 365))


@of_account
def post_sales_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    phases = [row["phase"] for row in _recent(account, known, 0, 365) if row["phase"] is not None]
    return share(phases.count("post_sales"), len(phases))
