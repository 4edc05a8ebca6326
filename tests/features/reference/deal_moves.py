"""A deal's stage, close date and owner, and how they moved."""

from datetime import datetime, timedelta
from fractions import Fraction

from tests.factories import Cell, Row
from tests.features.reference.arithmetic import share
from tests.features.reference.days import between, days_from
from tests.features.reference.rates import (
    closed_deals,
    median_stage_days,
    mixed_rate,
    open_stages,
    passed,
    rate_of_some,
)
from tests.features.reference.registry import of_deal
from tests.features.reference.rows import Known


def _stage(deal: str, known: Known) -> Cell:
    return known.deal_value(deal, "stage")


def _moves(deal: str, known: Known) -> list[Row]:
    """Moves from one stage to another: the first stage, which follows none, is not a move."""
    return [row for row in known.deal_changes(deal, "stage") if row.get("old") is not None]


@of_deal
def stage_position(deal: str, as_of: datetime, known: Known) -> float | None:
    return open_stages(known).get(_stage(deal, known))


@of_deal
def stage_win_rate(deal: str, as_of: datetime, known: Known) -> float | None:
    """The book's own rate for a declared stage that no deal passed; None for any other such."""
    stage, closed = _stage(deal, known), closed_deals(known)
    return mixed_rate(passed(closed, stage), closed) if stage in open_stages(known) else None


@of_deal
def stage_days(deal: str, as_of: datetime, known: Known) -> float | None:
    """The change that set the stage counts, even if another one was made later; not a first one."""
    changes = known.deal_changes(deal, "stage")
    if changes and changes[-1].get("old") is not None:
        return days_from(changes[-1]["changed_at"], as_of)
    return days_from(known.deals[deal]["created_at"], as_of)


@of_deal
def stage_days_ratio(deal: str, as_of: datetime, known: Known) -> float | None:
    stage = _stage(deal, known)
    if stage not in open_stages(known):
        return None
    usual = median_stage_days(closed_deals(known), stage)
    return share(stage_days(deal, as_of, known), usual or 0.0)


@of_deal
def stage_moves_90d(deal: str, as_of: datetime, known: Known) -> float:
    return len([m for m in _moves(deal, known) if between(m["changed_at"], as_of, 0, 90)])


@of_deal
def stage_progress_90d(deal: str, as_of: datetime, known: Known) -> float | None:
    """A move from or to a stage without a place gains none; places are exact parts of the way."""
    place = open_stages(known)
    gained = Fraction(0)
    for move in _moves(deal, known):
        old, new = place.get(move.get("old")), place.get(move.get("new"))
        if between(move["changed_at"], as_of, 0, 90) and old is not None and new is not None:
            way = max(len(set(place.values()) - {None}) - 1, 1)
            gained += Fraction(round((new - old) * way), way)
    return float(gained)


@of_deal
def pushes(deal: str, as_of: datetime, known: Known) -> float:
    return len([1 for _, old, new in known.close_dates(deal) if new > old])


@of_deal
def days_pushed(deal: str, as_of: datetime, known: Known) -> float:
    moved = [new - old for _, old, new in known.close_dates(deal) if new > old]
    return sum(moved, timedelta()).days


@of_deal
def pushes_across_quarter(deal: str, as_of: datetime, known: Known) -> float:
    end = known.zone.quarter_end
    return len([1 for _, old, new in known.close_dates(deal) if end(new) > end(old)])


@of_deal
def pull_ins(deal: str, as_of: datetime, known: Known) -> float:
    return len([1 for _, old, new in known.close_dates(deal) if new < old])


@of_deal
def owner_changes(deal: str, as_of: datetime, known: Known) -> float:
    """The first owner, who follows nobody, is not a change."""
    return len(
        [1 for row in known.deal_changes(deal, "owner_rep_id") if row.get("old") is not None]
    )


@of_deal
def owner_win_rate(deal: str, as_of: datetime, known: Known) -> float | None:
    """None before the first close of the owner's own."""
    owner, closed = known.deal_value(deal, "owner_rep_id"), closed_deals(known)
    return rate_of_some([other for other in closed if other.owner == owner is not None], closed)


@of_deal
def customer_win_rate(deal: str, as_of: datetime, known: Known) -> float | None:
    account, closed = known.deals[deal]["account_id"], closed_deals(known)
    return mixed_rate([other for other in closed if other.account == account], closed)


@of_deal
def type_win_rate(deal: str, as_of: datetime, known: Known) -> float | None:
    kind, closed = known.deals[deal]["type"], closed_deals(known)
    return rate_of_some([other for other in closed if other.kind == kind is not None], closed)
