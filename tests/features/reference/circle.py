"""The people of an account and ours: how many, how evenly, how steadily, and the champion."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import share
from tests.features.reference.blocks import in_blocks
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known
from tests.features.reference.touches import in_days, is_touch, people, personal, took_part

STEADY_MONTHS = 3
BROAD_PEOPLE = 2


def _recent(account: str, known: Known, newest: int, oldest: int) -> list[Row]:
    rows = personal(known.of_account("activities", account))
    return in_days(rows, known.as_of, newest, oldest)


def _named(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["contact_id"] is not None]


def _parts(rows: Iterable[Row]) -> list[Row]:
    """Rows in which a person known by name took part."""
    return [row for row in _named(rows) if took_part(row)]


def _per_person(rows: Iterable[Row]) -> Counter[str]:
    return Counter(row["contact_id"] for row in rows)


def _champions(account: str, known: Known) -> list[str]:
    """Everyone with the most rows more than 90 and at most 365 days before as_of."""
    counts = _per_person(_parts(_recent(account, known, 90, 365)))
    return [person for person, rows in counts.items() if rows == max(counts.values())]


@of_account
def effective_contacts_365d(account: str, as_of: datetime, known: Known) -> float | None:
    counts = _per_person(_parts(_recent(account, known, 0, 365)))
    return share(counts.total() ** 2, sum(rows**2 for rows in counts.values()))


@of_account
def top_contact_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    rows = [row for row in _named(_recent(account, known, 0, 365)) if is_touch(row)]
    counts = _per_person(rows)
    return share(max(counts.values(), default=0), counts.total())


@of_account
def answering_people_share_365d(account: str, as_of: datetime, known: Known) -> float | None:
    rows = _named(_recent(account, known, 0, 365))
    touched = {row["contact_id"] for row in rows if is_touch(row)}
    heard = {row["contact_id"] for row in _parts(rows)}
    return share(len(touched & heard), len(touched))


@of_account
def steady_people_12m(account: str, as_of: datetime, known: Known) -> float:
    rows = personal(known.of_account("activities", account))
    months: Counter[str] = Counter()
    for month in in_blocks(_parts(rows), as_of, 30, 12):
        months.update({row["contact_id"] for row in month})
    return len([person for person, heard in months.items() if heard >= STEADY_MONTHS])


@of_account
def broad_months_12(account: str, as_of: datetime, known: Known) -> float:
    rows = personal(known.of_account("activities", account))
    months = in_blocks(rows, as_of, 30, 12)
    return len([month for month in months if people(month) >= BROAD_PEOPLE])


@of_account
def champion_silence_days(account: str, as_of: datetime, known: Known) -> float | None:
    """Heard from at any time before as_of, the last 90 days too."""
    champions = _champions(account, known)
    rows = _parts(personal(known.of_account("activities", account)))
    heard = [row["occurred_at"] for row in rows if row["contact_id"] in champions]
    return days_from(max(heard), as_of) if heard else None


@of_account
def champion_left(account: str, as_of: datetime, known: Known) -> float | None:
    contacts = known.of_account("contacts", account)
    gone = {row["contact_id"] for row in contacts if row["left_at"] is not None}
    champions = _champions(account, known)
    return float(all(person in gone for person in champions)) if champions else None


def _phase_share(account: str, known: Known, phase: str) -> float | None:
    phases = [row["phase"] for row in _recent(account, known, 0, 90) if row["phase"] is not None]
    return share(phases.count(phase), len(phases))


@of_account
def pre_sales_share_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return _phase_share(account, known, "pre_sales")


@of_account
def sales_share_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return _phase_share(account, known, "sales")


@of_account
def post_sales_share_90d(account: str, as_of: datetime, known: Known) -> float | None:
    return _phase_share(account, known, "post_sales")


@of_account
def reps_active_90d(account: str, as_of: datetime, known: Known) -> float:
    return len({row["rep_id"] for row in _recent(account, known, 0, 90)} - {None})


@of_account
def new_contacts_180d(account: str, as_of: datetime, known: Known) -> float:
    contacts = known.of_account("contacts", account)
    return len([row for row in contacts if between(row["created_at"], as_of, 0, 180)])
