"""Rows: an account, a deal, a rep and a point of a win curve, as a snapshot holds them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Status = Literal["scored", "not_in_pursuit", "not_enough_evidence", "closed", "quarantined"]
CLOSED: Status = "closed"
"""Of a deal that was won or lost before as_of: its dates are told, and no probability."""
Bucket = Literal["a_list", "pain", "walk_away", "steady"]
Subtype = Literal["wont_close", "strings_along", "lost", "self_renewer"]
Confidence = Literal["firm", "leaning", "review"]
Trend = Literal["rising", "level", "falling"]
LossBasis = Literal["deal", "book"]

_SUFFIX_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One reason in words, with the feature, the value and the peers' value behind it."""

    concept: str
    effect: str
    text: str
    feature: str
    value: float | None
    peer_value: float | None
    as_of: date


@dataclass(frozen=True, slots=True)
class AccountRow:
    """The published answer for one account; bucket and p_* are None unless status is scored.

    Attributes:
        value: money in `currency`: invoiced in the 12 months before as_of, else won amount.
        p_self_renewer: P(a renewal that is due comes by itself); None where none is due.
        similar_accounts: past account-periods like this one; of them, similar_won had a win,
            similar_grew grew enough for the A-list, similar_hard were a pain.
        rank_in_book: 1 is the account most likely on the A-list in its owner's book.
        book_size: scored accounts of the owner, count.
        expires_on: last day on which a walk-away counts.
        slip_risk_max: the greatest slip risk of the account's open deals, in [0, 1].
        slip_on: committed date of the deal with the greatest slip risk.
        trend: of the displayed bucket's probability over twelve weeks.
        missing: what is short when there is not enough evidence, in words.
    """

    account_id: str
    name: str | None
    owner_rep_id: str | None
    segment: str | None
    value: float | None
    currency: str
    status: Status
    bucket: Bucket | None
    subtype: Subtype | None
    confidence: Confidence | None
    p_a_list: float | None
    p_pain: float | None
    p_walk_away: float | None
    p_steady: float | None
    p_self_renewer: float | None
    similar_accounts: int | None
    similar_won: int | None
    similar_grew: int | None
    similar_hard: int | None
    rank_in_book: int | None
    book_size: int | None
    expires_on: date | None
    kept_in_pursuit: bool
    reasons: tuple[ReasonRow, ...]
    slip_risk_max: float | None
    slip_on: date | None
    open_deals: int
    trend: Trend | None
    missing: str | None


@dataclass(frozen=True, slots=True)
class LossWay:
    """A way in which a deal may be lost, and P(it is that one | the deal is lost)."""

    reason: str
    p: float


@dataclass(frozen=True, slots=True)
class DealRow:
    """The published answer for one deal; every p_* and close date is None unless scored.

    Attributes:
        slip_risk: 1 - p_won_by_committed; None without a commitment or beyond the curve.
        p_slip: neither won nor lost by the end of the fiscal quarter of the commitment.
        close_p25: day by which a quarter of the wins on the curve have happened.
        flags: beyond_horizon, no_commitment, past_commitment, slow_buyer, zombie, as far as they
            hold.
        likely_loss: the two likeliest ways to lose it; empty where no lost deal says why.
        loss_basis: deal where a head looked at it, book where every deal gets the book's shares.
        loss_coverage: share of the lost deals that say why; only those were learnt from.
    """

    opportunity_id: str
    account_id: str
    account_name: str | None
    name: str | None
    owner_rep_id: str | None
    type: str | None
    stage: str | None
    amount: float | None
    currency: str
    status: Status
    committed_on: date | None
    period_end: date
    month_end: date
    p_won_by_committed: float | None
    slip_risk: float | None
    p_won_by_month_end: float | None
    p_won_by_period_end: float | None
    p_lost: float | None
    p_slip: float | None
    close_p25: date | None
    close_p50: date | None
    close_p75: date | None
    reasons: tuple[ReasonRow, ...]
    flags: tuple[str, ...]
    likely_loss: tuple[LossWay, ...]
    loss_basis: LossBasis | None
    loss_coverage: float | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Probability that the deal is won, or lost, on or before a day; the rest is still open."""

    on: date
    p_won: float
    p_lost: float


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The probability of the displayed bucket as it would have been computed on a day."""

    on: date
    p: float


@dataclass(frozen=True, slots=True)
class RepRow:
    """One rep, for names and for the tree of who sees whose rows."""

    rep_id: str
    name: str | None
    manager_id: str | None
    is_active: bool


def other_form(record_id: str) -> str | None:
    """The 18-character form of a 15-character Salesforce id, and the other way round.

    Source: each suffix letter holds the case of five characters, the first as the lowest bit.

    >>> other_form("0015g00000ABCDe")
    '0015g00000ABCDeAAP'
    >>> other_form("0015g00000ABCDeAAP")
    '0015g00000ABCDe'
    >>> other_form("acme")
    """
    if len(record_id) not in {15, 18} or not (record_id.isascii() and record_id.isalnum()):
        return None
    short = record_id[:15]
    groups = (short[start : start + 5] for start in (0, 5, 10))
    bits = (sum(char.isupper() << place for place, char in enumerate(group)) for group in groups)
    long = short + "".join(_SUFFIX_LETTERS[value] for value in bits)
    if len(record_id) == 15:
        return long
    return short if record_id == long else None
