"""The book that a deal's owner carries: open deals, recent wins, and how dates were pushed."""

from dataclasses import dataclass
from datetime import datetime

from tests.factories import Cell
from tests.features.reference.days import between, days_from
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known, parsed

WEIGHT = 20.0
"""Deals of the book's own mean that are mixed into the mean of an owner."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A closed deal: whose it was, and how often it had been pushed, when its close was known."""

    owner: Cell
    is_won: bool
    closed_at: datetime
    pushes: int


def _ended(known: Known) -> list[Ended]:
    found = []
    for row in known.rows("opportunities"):
        if row["closed_at"] is None or row["outcome"] not in ("won", "lost"):
            continue
        then = max(row["closed_at"], known.world.known_from("opportunities", row))
        owner = known.world.value("opportunities", row["opportunity_id"], "owner_rep_id", then)
        pushes = _pushes_until(known, row["opportunity_id"], then)
        found.append(Ended(owner, row["outcome"] == "won", row["closed_at"], pushes))
    return found


def _pushes_until(known: Known, deal: Cell, then: datetime) -> int:
    """Changes to a later close date that were known at a moment or before it."""
    pushes = 0
    for at, row in known.world.changes("opportunities", "close_date"):
        old, new = parsed(row.get("old"), "Date"), parsed(row.get("new"), "Date")
        is_push = old is not None and new is not None and new > old
        pushes += row["opportunity_id"] == deal and at <= then and is_push
    return pushes


def _owner(deal: Cell, known: Known) -> Cell:
    return known.deal_value(str(deal), "owner_rep_id")


@of_deal
def owner_open_deals(deal: str, as_of: datetime, known: Known) -> float | None:
    owner = _owner(deal, known)
    if owner is None:
        return None
    still = [name for name, row in known.deals.items() if row["closed_at"] is None]
    return len([name for name in still if _owner(name, known) == owner])


@of_deal
def owner_wins_90d(deal: str, as_of: datetime, known: Known) -> float | None:
    owner = _owner(deal, known)
    if owner is None:
        return None
    won = [other for other in _ended(known) if other.is_won and other.owner == owner]
    return len([other for other in won if between(other.closed_at, as_of, 0, 90)])


@of_deal
def owner_pushes_mean(deal: str, as_of: datetime, known: Known) -> float | None:
    owner, ended = _owner(deal, known), _ended(known)
    own = [other.pushes for other in ended if other.owner == owner is not None]
    if not own:
        return None
    usual = sum(other.pushes for other in ended) / len(ended)
    return (sum(own) + WEIGHT * usual) / (len(own) + WEIGHT)


@of_deal
def owner_days(deal: str, as_of: datetime, known: Known) -> float:
    rows = known.deal_changes(deal, "owner_rep_id")
    taken = [row["changed_at"] for row in rows if row.get("old") is not None]
    return days_from(max(taken, default=known.deals[deal]["created_at"]), as_of)
