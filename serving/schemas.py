"""Schemas: the bodies of the API, flat, with the unit of every number."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from serving.rows import Bucket, Confidence, LossBasis, Status, Subtype, Trend

Probability = Annotated[float, Field(ge=0.0, le=1.0, description="Probability, 0 to 1.")]
Hours = Annotated[float | None, Field(description="Hours; null until there is a plan.")]

NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of a pair: JSON can spell those, UTF-8 cannot."""


def _plain_text(text: str) -> str:
    if NOT_IN_IDS.search(text):
        raise ValueError("expected Unicode text without control characters")
    return text


RecordId = Annotated[str, AfterValidator(_plain_text), Field(min_length=1, max_length=255)]


class Body(BaseModel):
    """Unknown fields are refused in what comes in and never go out."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Provenance(Body):
    """From what an answer was made; in the body, as some CRMs drop headers."""

    as_of: datetime = Field(description="Moment of knowledge, UTC; nothing later was used.")
    scored_at: datetime = Field(description="When scoring began, UTC.")
    snapshot_id: str = Field(description="The publication the answer is from.")
    model_version: int = Field(description="Version in the registry.")
    stale: bool = Field(description="A newer publication exists or cannot be ruled out.")
    data_freshness: datetime = Field(description="Up to when the CRM's rows were complete, UTC.")


class Reason(Body):
    """One reason in words, with the number behind it and that of similar accounts."""

    concept: str = Field(description="What it is about, e.g. engagement.")
    effect: str = Field(description="Where it points, e.g. toward_walk_away.")
    text: str = Field(description="The reason as a sentence.")
    feature: str = Field(description="Name in the feature catalogue.")
    value: float | None = Field(description="In the unit of the feature; null is not known.")
    peer_value: float | None = Field(description="Of similar accounts, same unit.")
    as_of: date = Field(description="Day of the value.")


class Receipt(Body):
    """What a doubt is due to, as shares of the answer's uncertainty."""

    data: Probability
    time: Probability
    model: Probability


class AtRiskScore(Provenance):
    """What the open deals that the caller may see may fail to bring by their committed days."""

    amount_at_risk: float | None = Field(
        description="Sum of amount times P(not won by the committed day); in the base currency."
    )
    amount_promised: float | None = Field(description="Sum of the amounts of the same deals.")
    quarter_share_at_risk: Probability | None = Field(
        description="Of what is promised within the fiscal quarter that ends next, the share at "
        "risk, 0 to 1."
    )
    deals_without_amount: int = Field(description="In none of the sums; count.")
    deals_without_risk: int = Field(
        description="With an amount, without a slip risk, in none of the sums; count."
    )


class AccountScore(AtRiskScore):
    """The answer for one account; bucket and p_* are null unless status is scored."""

    account_id: str
    name: str | None
    owner_rep_id: str | None
    segment: str | None
    value: float | None = Field(description="Invoiced in 12 months, else won; in `currency`.")
    currency: str = Field(description="ISO 4217.")
    status: Status
    bucket: Bucket | None
    subtype: Subtype | None
    confidence: Confidence | None
    p_a_list: Probability | None
    p_pain: Probability | None
    p_walk_away: Probability | None
    p_steady: Probability | None
    p_self_renewer: Probability | None = Field(description="Null where no renewal is due.")
    similar_accounts: int | None = Field(description="Past account-periods like this, count.")
    similar_won: int | None = Field(description="Of them, with a win.")
    similar_grew: int | None = Field(description="Of them, growing enough for the A-list.")
    similar_hard: int | None = Field(description="Of them, hard enough to serve for pain.")
    rank_in_book: int | None = Field(description="1 is most likely on the A-list of its book.")
    book_size: int | None = Field(description="Scored accounts of the owner, count.")
    expires_on: date | None = Field(description="Last day on which a walk-away counts.")
    kept_in_pursuit: bool = Field(description="Stays in pursuit, so that the model can be wrong.")
    reasons: list[Reason] = Field(description="At most five, strongest first.")
    slip_risk_max: Probability | None
    slip_on: date | None = Field(description="Committed day of the riskiest open deal.")
    open_deals: int = Field(description="Count.")
    trend: Trend | None = Field(description="Of the bucket's probability over 12 weeks.")
    missing: str | None = Field(description="What is short when there is not enough evidence.")
    hours_suggested: Hours = None
    hours_freed: Hours = None
    receipt: Receipt | None = Field(None, description="Null until it is measured.")
    overridden: bool = Field(default=False, description="A person moved the account.")


class LossReason(Body):
    """A way in which the deal may be lost."""

    reason: str = Field(description="The CRM's code in small letters; other is any rare one.")
    p: Probability = Field(description="P(this reason, if the deal is lost), 0 to 1.")


class DealScore(Provenance):
    """The answer for one open deal; p_* and close days are null unless status is scored."""

    opportunity_id: str
    account_id: str
    account_name: str | None
    name: str | None
    owner_rep_id: str | None
    type: str | None
    stage: str | None
    amount: float | None = Field(description="In `currency`.")
    currency: str = Field(description="ISO 4217.")
    status: Status
    committed_on: date | None = Field(description="The day the CRM promises.")
    month_end: date = Field(description="End of the month of the commitment, else of as_of.")
    period_end: date = Field(description="End of its fiscal quarter.")
    p_won_by_committed: Probability | None
    slip_risk: Probability | None = Field(description="1 - p_won_by_committed, 0 to 1.")
    p_won_by_month_end: Probability | None
    p_won_by_period_end: Probability | None
    p_lost: Probability | None = Field(
        description="Lost by period_end, 0 to 1; of a zombie also what is open then."
    )
    p_slip: Probability | None = Field(description="Neither won nor lost by period_end, 0 to 1.")
    close_p25: date | None = Field(description="Day by which 25 % of the wins have happened.")
    close_p50: date | None = Field(description="Day by which 50 % of the wins have happened.")
    close_p75: date | None = Field(description="Day by which 75 % of the wins have happened.")
    reasons: list[Reason] = Field(description="At most five, strongest first.")
    flags: list[str] = Field(
        description="beyond_horizon, no_commitment, past_commitment, slow_buyer, zombie."
    )
    likely_loss: list[LossReason] = Field(
        description="At most two, likeliest first; empty where no lost deal says why."
    )
    loss_basis: LossBasis | None = Field(
        description="deal: of deals like this one; book: of all lost deals of the book."
    )
    loss_coverage: Probability | None = Field(
        description="Share of the lost deals that say why, 0 to 1; the others teach nothing."
    )
    hours_suggested: Hours = None
    hours_freed: Hours = None
    receipt: Receipt | None = Field(None, description="Null until it is measured.")


class Point(Body):
    """Won, or lost, on or before a day; the rest is still open."""

    on: date
    p_won: Probability
    p_lost: Probability


class DealCurve(Provenance):
    """The win curve of one open deal; no point unless status is scored."""

    opportunity_id: str
    account_id: str
    status: Status
    points: list[Point] = Field(description="Weekly, then every four weeks; by day.")
    committed_on: date | None = Field(description="The day the CRM promises.")
    month_end: date = Field(description="End of the month of the commitment, else of as_of.")
    quarter_end: date = Field(description="End of its fiscal quarter.")


class BatchRequest(Body):
    """Ids to answer for."""

    ids: list[RecordId] = Field(min_length=1, description="200 by habit, 1,000 at most.")


class AccountScoreItem(Body):
    """One place of a batch; an id that is unknown or foreign is not found."""

    id: str = Field(description="As it was asked for.")
    found: bool
    status: Literal["found", "not_found"]
    score: AccountScore | None


class DealScoreItem(Body):
    """One place of a batch; an id that is unknown or foreign is not found."""

    id: str = Field(description="As it was asked for.")
    found: bool
    status: Literal["found", "not_found"]
    score: DealScore | None


class AccountScores(Provenance):
    """A batch, in the order of the request."""

    items: list[AccountScoreItem]


class DealScores(Provenance):
    """A batch, in the order of the request."""

    items: list[DealScoreItem]


class BucketList(AtRiskScore):
    """One page of a rep's list."""

    rep_id: str
    rep_name: str | None
    total: int = Field(description="Accounts on all pages together, count.")
    items: list[AccountScore]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")


class Problem(Body):
    """An error, as application/problem+json (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class Health(Body):
    """The process is alive."""

    alive: bool


class Ready(Body):
    """What is in service, and what is wrong."""

    ready: bool
    snapshot_id: str | None
    bundle: str | None = Field(description="SHA-256 of the model bundle in service.")
    model_version: int | None
    as_of: datetime | None
    scored_at: datetime | None
    age_hours: float | None = Field(description="Hours since scoring began.")
    stale: bool
    problem: str | None = Field(description="Why the newest publication is not in service.")
