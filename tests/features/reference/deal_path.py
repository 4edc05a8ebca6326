"""The way of a deal through the stages: back, over some, and how long in each."""

from datetime import datetime

from tests.factories import Cell, Row
from tests.features.reference.days import days_from
from tests.features.reference.rates import closed_deals, median_stage_days, open_stages
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known


def _moves(deal: str, known: Known) -> list[Row]:
    """Changes of the stage that have an old value, by changed_at, recorded_at, lesser old."""
    rows = [row for row in known.deal_changes(deal, "stage") if row.get("old") is not None]
    return sorted(
        rows,
        key=lambda row: (
            row["changed_at"],
            row.get("recorded_at") or row["changed_at"],
            row["old"],
        ),
    )


def _gain(move: Row, known: Known) -> int:
    """Places gained among the open stages, negative when it went back; 0 without both places."""
    place = open_stages(known)
    order = sorted({at for at in place.values() if at is not None})
    old, new = place.get(move["old"]), place.get(move.get("new"))
    return 0 if old is None or new is None else order.index(new) - order.index(old)


@of_deal
def stage_moves(deal: str, as_of: datetime, known: Known) -> float:
    return len(_moves(deal, known))


@of_deal
def stage_moves_back(deal: str, as_of: datetime, known: Known) -> float:
    return len([move for move in _moves(deal, known) if _gain(move, known) < 0])


@of_deal
def is_last_move_back(deal: str, as_of: datetime, known: Known) -> float:
    moves = _moves(deal, known)
    last = [move for move in moves if move["changed_at"] == moves[-1]["changed_at"]]
    return float(any(_gain(move, known) < 0 for move in last))


@of_deal
def stages_skipped(deal: str, as_of: datetime, known: Known) -> float:
    return sum(max(_gain(move, known) - 1, 0) for move in _moves(deal, known))


@of_deal
def first_stage_days(deal: str, as_of: datetime, known: Known) -> float:
    moved = [move["changed_at"] for move in _moves(deal, known)]
    return max(days_from(known.deals[deal]["created_at"], min([*moved, as_of])), 0.0)


def _stays(deal: str, known: Known) -> list[tuple[Cell, float]]:
    """The stages in which the deal stood, with the days, as its moves tell."""
    entered, stays = known.deals[deal]["created_at"], []
    for move in _moves(deal, known):
        stays.append((move["old"], max(days_from(entered, move["changed_at"]), 0.0)))
        entered = move["changed_at"]
    last = known.deal_value(deal, "stage")
    return [*stays, (last, days_from(entered, known.as_of))]


@of_deal
def path_days_ratio(deal: str, as_of: datetime, known: Known) -> float | None:
    """A stage visited twice counts twice on both sides; one that is not open, on neither."""
    of_open = open_stages(known)
    stood = usual = 0.0
    for stage, days in _stays(deal, known):
        of_won = median_stage_days(closed_deals(known), stage)
        if of_won is not None and stage in of_open:
            stood, usual = stood + days, usual + of_won
    return min(stood / usual, 20.0) if usual > 0 else None
