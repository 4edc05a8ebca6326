"""Accounts: bucket, confidence, rank and reasons of one account or of many."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from serving.access import may_see
from serving.bodies import account_score, provenance_of
from serving.deps import (
    QuarterEnd,
    Reader,
    ServedNow,
    SettingsNow,
    account_seen,
    deals_seen,
    json_body,
)
from serving.problems import TooLargeError, UnknownRecordError
from serving.schemas import (
    AccountScore,
    AccountScoreItem,
    AccountScores,
    BatchRequest,
    Problem,
)

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])

AccountId = Annotated[str, Path(description="Id in the CRM; 15 or 18 characters are the same.")]


@router.get("/{account_id}/score")
def read_account_score(
    account_id: AccountId, served: ServedNow, caller: Reader, period_end: QuarterEnd
) -> AccountScore:
    """Bucket, confidence, probabilities, rank in the rep's book, reasons and trend."""
    row = served.snapshot.account(account_id)
    if row is None or not may_see(caller, row):
        raise UnknownRecordError
    return account_score(
        account_seen(row, served.snapshot, caller),
        provenance_of(served),
        deals=deals_seen(row, served.snapshot, caller),
        period_end=period_end,
    )


@router.post("/scores", dependencies=[Depends(json_body)], responses={415: {"model": Problem}})
def read_account_scores(
    batch: BatchRequest,
    served: ServedNow,
    caller: Reader,
    settings: SettingsNow,
    period_end: QuarterEnd,
) -> AccountScores:
    """Many accounts in the order asked for; one unknown id never fails the rest."""
    if len(batch.ids) > settings.batch_limit_max:
        raise TooLargeError(
            f"expected at most {settings.batch_limit_max} ids, got {len(batch.ids)}"
        )
    source = provenance_of(served)
    items = []
    for account_id in batch.ids:
        row = served.snapshot.account(account_id)
        score = None
        if row and may_see(caller, row):
            score = account_score(
                account_seen(row, served.snapshot, caller),
                source,
                deals=deals_seen(row, served.snapshot, caller),
                period_end=period_end,
            )
        status = "found" if score else "not_found"
        items.append({"id": account_id, "found": bool(score), "status": status, "score": score})
    return AccountScores(
        **dict(source), items=[AccountScoreItem.model_validate(item) for item in items]
    )
