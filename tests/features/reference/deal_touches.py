"""What happened on a deal: touches, replies, people, quotes and agreed next steps."""

from datetime import datetime

from tests.factories import Row
from tests.features.reference.arithmetic import share
from tests.features.reference.days import days_from
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known
from tests.features.reference.touches import (
    in_days,
    is_reply,
    is_touch,
    last_part,
    meetings,
    people,
    personal,
    reply_rate,
    unanswered_since_part,
)


def _rows(deal: str, known: Known) -> list[Row]:
    """Its personal activities; those of its account in a CRM that does not say on which deal."""
    if known.world.has(["activities.opportunity_id"]):
        return personal(known.of_deal("activities", deal))
    return personal(known.of_account("activities", known.deals[deal]["account_id"]))


def _recent(deal: str, known: Known, days: int) -> list[Row]:
    return in_days(_rows(deal, known), known.as_of, 0, days)


@of_deal
def touches_30d(deal: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _recent(deal, known, 30) if is_touch(row)])


@of_deal
def replies_30d(deal: str, as_of: datetime, known: Known) -> float:
    return len([row for row in _recent(deal, known, 30) if is_reply(row)])


@of_deal
def reply_rate_90d(deal: str, as_of: datetime, known: Known) -> float | None:
    return reply_rate(_recent(deal, known, 90))


@of_deal
def silence_days(deal: str, as_of: datetime, known: Known) -> float:
    return days_from(last_part(_rows(deal, known)) or known.deals[deal]["created_at"], as_of)


@of_deal
def one_way_touches(deal: str, as_of: datetime, known: Known) -> float:
    """Of the last 365 days."""
    return len(in_days(unanswered_since_part(_rows(deal, known)), as_of, 0, 365))


@of_deal
def meetings_90d(deal: str, as_of: datetime, known: Known) -> float:
    return meetings(_recent(deal, known, 90))


@of_deal
def contacts_active_90d(deal: str, as_of: datetime, known: Known) -> float:
    return people(_recent(deal, known, 90))


@of_deal
def contacts_on_deal(deal: str, as_of: datetime, known: Known) -> float:
    return len({row["contact_id"] for row in known.of_deal("opportunity_contacts", deal)})


@of_deal
def reps_active_90d(deal: str, as_of: datetime, known: Known) -> float:
    return len({row["rep_id"] for row in _recent(deal, known, 90)} - {None})


@of_deal
def is_priced(deal: str, as_of: datetime, known: Known) -> float:
    """A proposal is a personal activity of that kind."""
    proposed = any(row["kind"] == "proposal" for row in _rows(deal, known))
    return float(proposed or len(known.of_deal("quotes", deal)) > 0)


@of_deal
def discount_depth(deal: str, as_of: datetime, known: Known) -> float | None:
    """The newest with a list price above zero and an amount; of equal times the greatest id."""
    priced = [
        row
        for row in known.of_deal("quotes", deal)
        if row["list_amount"] is not None and row["list_amount"] > 0 and row["amount"] is not None
    ]
    if not priced:
        return None
    newest = max(priced, key=lambda row: (row["quoted_at"], row["quote_id"]))
    return 1 - newest["amount"] / newest["list_amount"]


@of_deal
def covenants_agreed(deal: str, as_of: datetime, known: Known) -> float:
    return len(known.of_deal("covenants", deal))


def _is_due(row: Row, known: Known) -> bool:
    return row["due_on"] is not None and known.zone.end_of(row["due_on"]) < known.as_of


@of_deal
def covenants_unmet(deal: str, as_of: datetime, known: Known) -> float:
    rows = known.of_deal("covenants", deal)
    return len([row for row in rows if _is_due(row, known) and row["met_at"] is None])


@of_deal
def covenants_met_share(deal: str, as_of: datetime, known: Known) -> float | None:
    rows = known.of_deal("covenants", deal)
    met = [row for row in rows if row["met_at"] is not None]
    counted = [row for row in rows if row["met_at"] is not None or _is_due(row, known)]
    return share(len(met), len(counted))
