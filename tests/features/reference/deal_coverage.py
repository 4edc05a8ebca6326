"""The people of the customer on a deal: who took part, who is new, who left."""

from collections import Counter
from datetime import datetime
from functools import lru_cache
from statistics import median

from tests.factories import Cell, Row
from tests.features.reference.arithmetic import share
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known
from tests.features.reference.touches import personal, took_part

_PEOPLE = "opportunity_contacts"


def _took_part(deal: str, known: Known) -> list[Row]:
    """Rows in which a named person took part: of its account in a CRM that names no deals."""
    rows = known.of_account("activities", known.deals[deal]["account_id"])
    if known.world.has(["activities.opportunity_id"]):
        rows = known.of_deal("activities", deal)
    return [row for row in personal(rows) if took_part(row) and row["contact_id"] is not None]


def _recent(deal: str, known: Known, days: int) -> list[Row]:
    rows = _took_part(deal, known)
    return [row for row in rows if between(row["occurred_at"], known.as_of, 0, days)]


def _put_on(deal: str, known: Known) -> dict[Cell, datetime]:
    """The people put on the deal, with when."""
    return {row["contact_id"]: row["created_at"] for row in known.of_deal(_PEOPLE, deal)}


def _left(deal: str, known: Known) -> dict[Cell, datetime]:
    """The contacts of its account who left, with when."""
    rows = known.of_account("contacts", known.deals[deal]["account_id"])
    return {row["contact_id"]: row["left_at"] for row in rows if row["left_at"] is not None}


@of_deal
def contacts_effective_365d(deal: str, as_of: datetime, known: Known) -> float | None:
    each = Counter(row["contact_id"] for row in _recent(deal, known, 365)).values()
    return share(sum(each) ** 2, sum(rows**2 for rows in each))


@of_deal
def contacts_took_part(deal: str, as_of: datetime, known: Known) -> float:
    return len({row["contact_id"] for row in _took_part(deal, known)})


@of_deal
def contacts_heard_share(deal: str, as_of: datetime, known: Known) -> float | None:
    heard = {row["contact_id"] for row in _recent(deal, known, 90)}
    on_deal = _put_on(deal, known)
    return share(len([who for who in on_deal if who in heard]), len(on_deal))


@of_deal
def new_contacts_90d(deal: str, as_of: datetime, known: Known) -> float:
    return len([at for at in _put_on(deal, known).values() if between(at, as_of, 0, 90)])


@of_deal
def days_since_new_contact(deal: str, as_of: datetime, known: Known) -> float | None:
    return min((days_from(at, as_of) for at in _put_on(deal, known).values()), default=None)


@of_deal
def contacts_left(deal: str, as_of: datetime, known: Known) -> float:
    left = _left(deal, known)
    return len([who for who in _put_on(deal, known) if who in left])


@of_deal
def champions_left_365d(deal: str, as_of: datetime, known: Known) -> float:
    times = Counter(row["contact_id"] for row in _took_part(deal, known))
    left = _left(deal, known)
    return len([who for who in left if times[who] >= 2 and between(left[who], as_of, 0, 365)])


@of_deal
def contacts_to_won(deal: str, as_of: datetime, known: Known) -> float | None:
    """The median counts won deals with nobody on them; None where it is 0."""
    segment = known.account_value(known.deals[deal]["account_id"], "segment")
    numbers = [number for of, number in _people_of_won(known) if of == segment is not None]
    if not numbers or median(numbers) == 0:
        return None
    return min(len(_put_on(deal, known)) / median(numbers), 10.0)


@lru_cache(maxsize=8)
def _people_of_won(known: Known) -> tuple[tuple[Cell, int], ...]:
    """The segment of every won deal and the people on it, as known when its close became known."""
    found = []
    for deal in known.rows("opportunities"):
        if deal["closed_at"] is None or deal["outcome"] != "won":
            continue
        then = max(deal["closed_at"], known.world.known_from("opportunities", deal))
        segment = known.world.value("accounts", deal["account_id"], "segment", then)
        rows = [
            row
            for row in known.of_deal(_PEOPLE, deal["opportunity_id"])
            if known.world.known_from(_PEOPLE, row) <= then
        ]
        found.append((segment, len(rows)))
    return tuple(found)
