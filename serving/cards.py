"""Cards: what the page says of one account and of its open deals, already in words."""

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from models.zombie import ZOMBIE
from serving import wording
from serving.charts import sparkline
from serving.roll_up import at_risk
from serving.rows import AccountRow, Bucket, DealRow, HistoryPoint, ReasonRow

REASONS_SHOWN = 2
AT_RISK_FROM = 0.5
PAST = "past_commitment"
SLOW = "slow_buyer"

_ORDER: tuple[Bucket, ...] = ("a_list", "pain", "walk_away", "steady")


@dataclass(frozen=True, slots=True)
class Record:
    """What one publication holds of one account; read once for the whole page.

    Attributes:
        row: its slip figures and its count of open deals are of `deals` alone.
        deals: the open ones that the reader may see.
    """

    row: AccountRow
    deals: tuple[DealRow, ...]
    past: tuple[HistoryPoint, ...]


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason beside its sign.

    Attributes:
        sign: + speaks for the displayed bucket, − against it.
        spoken: the sign for who does not see it.
    """

    sign: str
    spoken: str
    text: str


@dataclass(frozen=True, slots=True)
class SlipFact:
    """The worst slip risk among the open deals.

    Attributes:
        risk: in words; None where no open deal has one.
        day: the promised date, or what stands in its place.
        is_high: more likely to slip than to close in time.
    """

    risk: str | None
    day: str
    is_high: bool


@dataclass(frozen=True, slots=True)
class DealLine:
    """One open deal in the table under a card; every cell in words.

    Attributes:
        lost: how it is likely to be lost, if it is; None where no lost deal of the book says why.
    """

    name: str
    amount: str
    promised: str
    slip: str
    won: str
    is_high: bool
    lost: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """The probability of the displayed bucket over twelve weeks.

    Attributes:
        word: rising, level, falling, or why there is no such word.
        picture: a sparkline; None without history.
        weeks: day and figure per week, oldest first, for the table.
    """

    word: str
    picture: Markup | None
    weeks: tuple[tuple[date, str], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One account as the page shows it.

    Attributes:
        anchor: unique on the page; made here, never from the CRM.
        row: the published answer behind the words.
        value: money in its short form; None when neither invoices nor won deals are known.
        facts: segment and kind, in the order shown.
        likeness: what became of past periods like this one; None where none are known.
        closest: for an account that needs review, the two likeliest buckets.
        at_risk: what the open deals may fail to bring by their dates, and how many of them it
            cannot speak of; None without one.
        kept_until: for one kept in pursuit, the last day, or nothing where it has none.
    """

    anchor: str
    row: AccountRow
    name: str
    value: str | None
    confidence: str
    facts: tuple[str, ...]
    reasons: tuple[ReasonLine, ...]
    has_driver: bool
    score: Score
    slip: SlipFact
    deals: tuple[DealLine, ...]
    likeness: str | None
    closest: str | None
    kept_until: str | None
    at_risk: str | None


def card(record: Record, *, anchor: str, today: date) -> Card:
    """Say everything about one account.

    Args:
        record: what was published of it.
        anchor: see `Card`.
        today: of the organisation, at as_of.
    """
    row = record.row
    return Card(
        anchor=anchor,
        row=row,
        name=row.name or row.account_id,
        value=None if row.value is None else wording.money(row.value, row.currency),
        confidence=wording.CONFIDENCE_NAMES[row.confidence] if row.confidence else "",
        facts=_facts(row),
        reasons=tuple(_reason(reason, row.bucket) for reason in row.reasons[:REASONS_SHOWN]),
        has_driver=len(row.reasons) >= REASONS_SHOWN,
        score=_score(row, record.past),
        slip=_slip(row, today),
        deals=tuple(_deal(deal, today) for deal in sorted(record.deals, key=_by_promise)),
        likeness=_likeness(row),
        closest=_closest(row) if row.confidence == "review" else None,
        kept_until=_kept_until(row, today),
        at_risk=_at_risk(record.deals, row.currency),
    )


def displayed(row: AccountRow) -> float:
    """The probability of the bucket that the account is in; 0 where it is in none."""
    return _probabilities(row)[row.bucket] if row.bucket else 0.0


def is_at_risk(deal: DealRow) -> bool:
    """More likely to miss its promised date than to be won by it."""
    return deal.slip_risk is not None and deal.slip_risk >= AT_RISK_FROM


def _facts(row: AccountRow) -> tuple[str, ...]:
    segment = wording.plain(row.segment) if row.segment else ""
    kind = wording.SUBTYPE_WORDS[row.subtype] if row.subtype else ""
    return tuple(fact for fact in (segment, kind) if fact)


def _reason(reason: ReasonRow, bucket: Bucket | None) -> ReasonLine:
    direction, _, named = reason.effect.partition("_")
    named = named.removeprefix("from_")
    # a steady account is explained by what keeps it off the A-list: away from there is for it
    is_for = (direction == "toward") == (named == bucket)
    sign, spoken = ("+", "For:") if is_for else ("−", "Against:")
    return ReasonLine(sign, spoken, wording.sentence(reason.text))


def _score(row: AccountRow, points: tuple[HistoryPoint, ...]) -> Score:
    weeks = tuple((point.on, wording.chance(point.p)) for point in points)
    word = wording.TREND_WORDS[row.trend] if row.trend else "short history"
    if not points or row.bucket is None:
        return Score("no history", None, ())
    title = (
        f"Chance of {wording.BUCKET_NAMES[row.bucket]}: {weeks[0][1]} to {weeks[-1][1]} "
        f"in {wording.count(len(weeks), 'week')}, {word}"
    )
    return Score(word, sparkline([point.p for point in points], title), weeks)


def _slip(row: AccountRow, today: date) -> SlipFact:
    if not row.open_deals:
        return SlipFact(None, "no open deal", is_high=False)
    if row.slip_risk_max is None or row.slip_on is None:
        return SlipFact(None, "no promised date", is_high=False)
    day = wording.short_day(row.slip_on, beside=today)
    if row.slip_on < today:
        return SlipFact("late", f"since {day}", is_high=True)
    is_high = row.slip_risk_max >= AT_RISK_FROM
    return SlipFact(wording.chance(row.slip_risk_max), day, is_high=is_high)


def _deal(deal: DealRow, today: date) -> DealLine:
    def day(on: date) -> str:
        return wording.short_day(on, beside=today)

    won, ends = deal.p_won_by_period_end, day(deal.period_end)
    return DealLine(
        name=_deal_name(deal),
        amount="not known" if deal.amount is None else wording.money(deal.amount, deal.currency),
        promised="no date" if deal.committed_on is None else day(deal.committed_on),
        slip=_deal_slip(deal),
        won="not known" if won is None else f"{wording.chance(won)} by {ends}",
        is_high=PAST in deal.flags or is_at_risk(deal),
        lost=_likely_loss(deal),
    )


def _likely_loss(deal: DealRow) -> str | None:
    """The likeliest ways, of what they are the shares, and how much of it is known at all."""
    if not deal.likely_loss or deal.loss_coverage is None:
        return None
    ways = ", ".join(
        f"{wording.loss_reason(way.reason)} {wording.chance(way.p)}" for way in deal.likely_loss
    )
    like = "deals like it" if deal.loss_basis == "deal" else "all lost deals"
    return f"{ways} (from {like}; {wording.chance(deal.loss_coverage)} of lost deals say why)"


def _deal_name(deal: DealRow) -> str:
    """Its name, and what is odd about it; whom to nurture is not asked of a zombie."""
    name = deal.name or deal.opportunity_id
    if ZOMBIE in deal.flags:
        return f"{name} (zombie: far older than deals that are won)"
    return f"{name} (slow buyer: nurture)" if SLOW in deal.flags else name


def _deal_slip(deal: DealRow) -> str:
    if PAST in deal.flags:
        return "date passed"
    return "not known" if deal.slip_risk is None else wording.chance(deal.slip_risk)


def _at_risk(deals: tuple[DealRow, ...], currency: str) -> str | None:
    if not deals:
        return None
    found = at_risk(deals, currency=currency)
    told = []
    if found.amount is not None and found.promised is not None:
        risk, all_of_it = (wording.money(sum_, currency) for sum_ in (found.amount, found.promised))
        told.append(f"{risk} of {all_of_it} at risk")
    if found.without_amount:
        told.append(f"{found.without_amount} without an amount in {currency}")
    if found.without_risk:
        told.append(f"{found.without_risk} without a forecast")
    return ", ".join(told)


def _by_promise(deal: DealRow) -> tuple[float, date, str]:
    """The greatest risk first, then the nearest promise; what has neither comes last."""
    risk = -1.0 if deal.slip_risk is None else deal.slip_risk
    return -risk, deal.committed_on or date.max, deal.opportunity_id


def _closest(row: AccountRow) -> str:
    """The two likeliest buckets with their chances."""
    chances = _probabilities(row)
    likely = sorted(_ORDER, key=lambda bucket: -chances[bucket])[:2]
    told = [f"{wording.BUCKET_NAMES[name]} {wording.chance(chances[name])}" for name in likely]
    return ", ".join(told)


def _likeness(row: AccountRow) -> str | None:
    """What the bucket is about first: of an A-list account growth, of a pain the trouble."""
    if not row.similar_accounts:
        return None
    won, grew, hard = row.similar_won or 0, row.similar_grew or 0, row.similar_hard or 0
    told = {
        "a_list": f"{grew} grew, {won} brought a win",
        "pain": f"{hard} were hard to serve, {won} brought a win",
        "walk_away": f"{won} brought a win",
    }.get(row.bucket or "", f"{won} brought a win, {grew} grew")
    return f"Of {row.similar_accounts} past periods most like this one, {told}."


def _kept_until(row: AccountRow, today: date) -> str | None:
    if not row.kept_in_pursuit:
        return None
    return "" if row.expires_on is None else wording.short_day(row.expires_on, beside=today)


def _probabilities(row: AccountRow) -> dict[Bucket, float]:
    given = (row.p_a_list, row.p_pain, row.p_walk_away, row.p_steady)
    return {bucket: p or 0.0 for bucket, p in zip(_ORDER, given, strict=True)}
