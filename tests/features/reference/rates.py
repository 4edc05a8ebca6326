"""The closed deals of the whole book: rates, medians and stages, one deal at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from statistics import median

from tests.factories import Cell, Row
from tests.features.reference.days import days_from
from tests.features.reference.rows import Known

WEIGHT = 20.0
"""Deals of the book's own rate that are mixed into the rate of a part of it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A closed deal's stay in one stage; `place` counts its stages from 0."""

    stage: Cell
    days: float
    place: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed deal with what was known of it when its close became known."""

    account: Cell
    kind: Cell
    owner: Cell
    segment: Cell
    amount: Cell
    cycle_days: float
    is_won: bool
    visits: tuple[Visit, ...]


@lru_cache(maxsize=8)
def closed_deals(known: Known) -> tuple[Closed, ...]:
    """The deals whose close was known before as_of."""
    found = []
    for deal in known.rows("opportunities"):
        if deal["closed_at"] is None or deal["outcome"] not in ("won", "lost"):
            continue
        identity, account = deal["opportunity_id"], deal["account_id"]
        then = max(deal["closed_at"], known.world.known_from("opportunities", deal))
        value = known.world.value
        found.append(
            Closed(
                account,
                deal["type"],
                value("opportunities", identity, "owner_rep_id", then),
                value("accounts", account, "segment", then),
                value("opportunities", identity, "amount", then),
                max(days_from(deal["created_at"], deal["closed_at"]), 0.0),
                deal["outcome"] == "won",
                tuple(_visits(known, deal, then)),
            )
        )
    return tuple(found)


def _visits(known: Known, deal: Row, then: datetime) -> list[Visit]:
    """The stages a deal went through before it closed, by the moves known when its close was.

    It began in the `old` of its first move; without a move, it stood all the time in the stage
    it had when its close became known. A visit ends when the next one begins.
    """
    identity, ended = deal["opportunity_id"], deal["closed_at"]
    moves = [
        row
        for at, row in known.world.changes("opportunities", "stage")
        if row["opportunity_id"] == identity and at <= then
    ]
    stood = known.world.value("opportunities", identity, "stage", then)
    first = moves[0].get("old") if moves else stood
    entered = [(deal["created_at"], first), *((m["changed_at"], m.get("new")) for m in moves)]
    entered = [(at, stage) for at, stage in entered if stage is not None and at < ended]
    entered.sort(key=lambda visit: visit[0])
    visits = []
    for place, (at, stage) in enumerate(entered):
        left = entered[place + 1][0] if place + 1 < len(entered) else ended
        visits.append(Visit(stage, days_from(at, left), place))
    return visits


def base_rate(closed: Iterable[Closed]) -> float | None:
    """Share won of all closed deals; None before the first close."""
    won = [deal.is_won for deal in closed]
    return sum(won) / len(won) if won else None


def mixed_rate(part: Iterable[Closed], closed: Iterable[Closed]) -> float | None:
    """Share won of a part of the closed deals, mixed with 20 deals of the book's rate."""
    base = base_rate(closed)
    if base is None:
        return None
    won = [deal.is_won for deal in part]
    return (sum(won) + WEIGHT * base) / (len(won) + WEIGHT)


def rate_of_some(part: Iterable[Closed], closed: Iterable[Closed]) -> float | None:
    """The mixed rate of a part in which a deal closed; None of a part without one."""
    return mixed_rate(part, closed) if part else None


def median_amount(part: Iterable[Closed]) -> float | None:
    """The median amount of the won deals whose amount is known."""
    amounts = [deal.amount for deal in part if deal.is_won and deal.amount is not None]
    return median(amounts) if amounts else None


def median_cycle(part: Iterable[Closed]) -> float | None:
    """The median days from creation to a win."""
    days = [deal.cycle_days for deal in part if deal.is_won]
    return median(days) if days else None


def passed(closed: Iterable[Closed], stage: Cell) -> list[Closed]:
    """The closed deals that passed a stage."""
    return [deal for deal in closed if any(visit.stage == stage for visit in deal.visits)]


def median_stage_days(closed: Iterable[Closed], stage: Cell) -> float | None:
    """The median days that won deals stood in a stage."""
    days = [v.days for deal in closed if deal.is_won for v in deal.visits if v.stage == stage]
    return median(days) if days else None


def open_stages(known: Known) -> dict[Cell, float | None]:
    """Stages with their place, 0 (first) to 1 (last); those of one rank share a place.

    The stages declared and not closed, by `sort_order`; where none is declared, the stages that
    closed deals passed, by the median of their place among the stages of a deal.
    """
    order: dict[Cell, float | None] = {}
    if known.world.has(["stages.sort_order"]):
        for row in known.world.rows.get("stages", []):
            if row.get("is_closed") is not True:
                order[row["stage"]] = row.get("sort_order")
    else:
        met: dict[Cell, list[int]] = {}
        for deal in closed_deals(known):
            for visit in deal.visits:
                met.setdefault(visit.stage, []).append(visit.place)
        order = {stage: median(at) for stage, at in met.items()}
    ranks = sorted({rank for rank in order.values() if rank is not None})
    last = max(len(ranks) - 1, 1)
    return {
        stage: None if rank is None else ranks.index(rank) / last for stage, rank in order.items()
    }
