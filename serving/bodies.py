"""Bodies: the schemas of the API, filled from rows of a snapshot."""

from collections.abc import Iterable
from datetime import date

from serving.live import Served
from serving.roll_up import at_risk, promised_within
from serving.rows import AccountRow, CurvePoint, DealRow, ReasonRow
from serving.schemas import (
    AccountScore,
    AtRiskScore,
    DealCurve,
    DealScore,
    LossReason,
    Point,
    Provenance,
    Reason,
)


def provenance_of(served: Served) -> Provenance:
    """Where every answer of a request comes from."""
    snapshot = served.snapshot
    return Provenance(
        as_of=snapshot.as_of,
        scored_at=snapshot.scored_at,
        snapshot_id=snapshot.snapshot_id,
        model_version=snapshot.model_version,
        stale=served.is_stale,
        data_freshness=snapshot.observed_until,
    )


def at_risk_score(
    deals: Iterable[DealRow], source: Provenance, *, currency: str, period_end: date
) -> AtRiskScore:
    """What these deals may fail to bring; `period_end` is that of the quarter of as_of."""
    asked = tuple(deals)
    whole = at_risk(asked, currency=currency)
    quarter = at_risk(promised_within(asked, period_end), currency=currency)
    return AtRiskScore(
        **dict(source),
        amount_at_risk=whole.amount,
        amount_promised=whole.promised,
        quarter_share_at_risk=quarter.share,
        deals_without_amount=whole.without_amount,
        deals_without_risk=whole.without_risk,
    )


def account_score(
    row: AccountRow, source: Provenance, *, deals: Iterable[DealRow], period_end: date
) -> AccountScore:
    """The body for one account.

    Args:
        deals: its open ones that the caller may see.
        period_end: last day of the fiscal quarter of as_of.
    """
    cells = {name: getattr(row, name) for name in row.__slots__ if name != "reasons"}
    risk = at_risk_score(deals, source, currency=row.currency, period_end=period_end)
    fields = {**risk.model_dump(), **cells, "reasons": _reasons(row.reasons)}
    return AccountScore.model_validate(fields)


def deal_score(row: DealRow, source: Provenance) -> DealScore:
    """The body for one open deal."""
    cells = {name: getattr(row, name) for name in row.__slots__ if name != "reasons"}
    cells["flags"] = list(row.flags)
    cells["likely_loss"] = [LossReason.model_validate(way) for way in row.likely_loss]
    fields = {**source.model_dump(), **cells, "reasons": _reasons(row.reasons)}
    return DealScore.model_validate(fields)


def deal_curve(row: DealRow, points: tuple[CurvePoint, ...], source: Provenance) -> DealCurve:
    """The body for the curve of one open deal."""
    fields = {
        **source.model_dump(),
        "opportunity_id": row.opportunity_id,
        "account_id": row.account_id,
        "status": row.status,
        "points": [Point.model_validate(point) for point in points],
        "committed_on": row.committed_on,
        "month_end": row.month_end,
        "quarter_end": row.period_end,
    }
    return DealCurve.model_validate(fields)


def _reasons(rows: tuple[ReasonRow, ...]) -> list[Reason]:
    return [Reason.model_validate(row) for row in rows]
