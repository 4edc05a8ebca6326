"""Deals: slip risk, close days and the win curve of open deals."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from serving.access import may_see
from serving.bodies import deal_curve, deal_score, provenance_of
from serving.deps import Reader, ServedNow, SettingsNow, json_body
from serving.problems import TooLargeError, UnknownRecordError
from serving.schemas import (
    BatchRequest,
    DealCurve,
    DealScore,
    DealScoreItem,
    DealScores,
    Problem,
)

router = APIRouter(prefix="/v1/deals", tags=["deals"])

DealId = Annotated[str, Path(description="Id in the CRM; 15 or 18 characters are the same.")]


@router.get("/{opportunity_id}/score")
def read_deal_score(opportunity_id: DealId, served: ServedNow, caller: Reader) -> DealScore:
    """Won by the committed day, the month's end, the quarter's end; quartiles of the close."""
    row = served.snapshot.deal(opportunity_id)
    if row is None or not may_see(caller, row):
        raise UnknownRecordError
    return deal_score(row, provenance_of(served))


@router.get("/{opportunity_id}/curve")
def read_deal_curve(opportunity_id: DealId, served: ServedNow, caller: Reader) -> DealCurve:
    """Probability of won, and of lost, by each day of a grid; the rest is still open."""
    row = served.snapshot.deal(opportunity_id)
    if row is None or not may_see(caller, row):
        raise UnknownRecordError
    points = served.snapshot.curve(row.opportunity_id)
    return deal_curve(row, points, provenance_of(served))


@router.post("/scores", dependencies=[Depends(json_body)], responses={415: {"model": Problem}})
def read_deal_scores(
    batch: BatchRequest, served: ServedNow, caller: Reader, settings: SettingsNow
) -> DealScores:
    """Many deals in the order asked for; one unknown id never fails the rest."""
    if len(batch.ids) > settings.batch_limit_max:
        raise TooLargeError(
            f"expected at most {settings.batch_limit_max} ids, got {len(batch.ids)}"
        )
    source = provenance_of(served)
    items = []
    for opportunity_id in batch.ids:
        row = served.snapshot.deal(opportunity_id)
        score = deal_score(row, source) if row and may_see(caller, row) else None
        status = "found" if score else "not_found"
        items.append({"id": opportunity_id, "found": bool(score), "status": status, "score": score})
    return DealScores(**dict(source), items=[DealScoreItem.model_validate(item) for item in items])
