"""The rhythm of a deal: how touches, answers and meetings follow one another, and the pauses."""

from datetime import datetime
from itertools import pairwise

from tests.factories import Row
from tests.features.reference.arithmetic import share
from tests.features.reference.days import DAY, between, days_from
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known
from tests.features.reference.touches import (
    MEETINGS,
    in_days,
    is_reply,
    is_touch,
    personal,
    took_part,
)


def _rows(deal: str, known: Known) -> list[Row]:
    """Its personal activities; those of its account in a CRM that does not say on which deal."""
    if known.world.has(["activities.opportunity_id"]):
        return personal(known.of_deal("activities", deal))
    return personal(known.of_account("activities", known.deals[deal]["account_id"]))


def _is_inbound(row: Row) -> bool:
    return row["direction"] == "inbound"


def _met(deal: str, known: Known) -> list[datetime]:
    return [row["occurred_at"] for row in _rows(deal, known) if row["kind"] in MEETINGS]


@of_deal
def touches_31_90d(deal: str, as_of: datetime, known: Known) -> float:
    return len([row for row in in_days(_rows(deal, known), as_of, 30, 90) if is_touch(row)])


@of_deal
def replies_31_90d(deal: str, as_of: datetime, known: Known) -> float:
    return len([row for row in in_days(_rows(deal, known), as_of, 30, 90) if is_reply(row)])


@of_deal
def activity_trend(deal: str, as_of: datetime, known: Known) -> float:
    rows = _rows(deal, known)
    return len(in_days(rows, as_of, 0, 30)) - len(in_days(rows, as_of, 30, 90)) / 2


@of_deal
def days_since_touch(deal: str, as_of: datetime, known: Known) -> float | None:
    touched = [row["occurred_at"] for row in _rows(deal, known) if is_touch(row)]
    return days_from(max(touched), as_of) if touched else None


@of_deal
def days_since_meeting(deal: str, as_of: datetime, known: Known) -> float | None:
    met = _met(deal, known)
    return days_from(max(met), as_of) if met else None


@of_deal
def active_weeks_8(deal: str, as_of: datetime, known: Known) -> float:
    moments = [row["occurred_at"] for row in _rows(deal, known)]
    weeks = range(0, 56, 7)
    return len([1 for w in weeks if any(between(at, as_of, w, w + 7) for at in moments)])


@of_deal
def longest_silence_days(deal: str, as_of: datetime, known: Known) -> float:
    created = known.deals[deal]["created_at"]
    heard = [row["occurred_at"] for row in _rows(deal, known) if took_part(row)]
    moments = [created, *sorted(at for at in heard if at > created), as_of]
    return max(days_from(before, after) for before, after in pairwise(moments))


@of_deal
def reply_latency_days(deal: str, as_of: datetime, known: Known) -> float | None:
    rows = [row for row in _rows(deal, known) if is_touch(row) or _is_inbound(row)]
    rows.sort(key=lambda row: (row["occurred_at"], is_touch(row)))
    waited = [
        after["occurred_at"] - before["occurred_at"]
        for before, after in pairwise(rows)
        if is_touch(before) and _is_inbound(after)
    ]
    return sum(wait / DAY for wait in waited) / len(waited) if waited else None


@of_deal
def inbound_share_90d(deal: str, as_of: datetime, known: Known) -> float | None:
    rows = in_days(_rows(deal, known), as_of, 0, 90)
    inbound = len([row for row in rows if _is_inbound(row)])
    return share(inbound, inbound + len([row for row in rows if is_touch(row)]))


@of_deal
def meetings_made(deal: str, as_of: datetime, known: Known) -> float:
    return len(_met(deal, known))


@of_deal
def demos_made(deal: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _rows(deal, known) if row["kind"] == "demo"])


@of_deal
def first_meeting_age_days(deal: str, as_of: datetime, known: Known) -> float | None:
    met = _met(deal, known)
    return max(days_from(known.deals[deal]["created_at"], min(met)), 0.0) if met else None
