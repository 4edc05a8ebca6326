"""Random CRM rows in which happening and recording are drawn independently."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from features.schema import DIRECTIONS, PHASES, REFERRAL_KINDS
from tests.factories import Cell, Row, day, on

Rows = dict[str, list[Row]]

ACCOUNTS = ("acme", "birch", "cedar")
DEALS = tuple(f"{account}-{number}" for account in ACCOUNTS for number in range(3))
REPS = ("rep-1", "rep-2")
STAGES = ("qualify", "propose", "agree")
SEGMENTS = ("small", "large")
PEOPLE = {"c1": "acme", "c2": "birch", "c3": "cedar"}

HISTORIES = {
    "opportunity_changes": (
        *("stage", "close_date", "amount", "owner"),
        *("forecast_category", "probability"),
    ),
    "account_changes": ("segment", "owner"),
}


def moment(rng: Random) -> datetime:
    """A time around the origin: near it, years before, after it, or exactly on the edge."""
    kind = rng.random()
    if kind < 0.12:
        return day(0) + rng.choice([-1, 0, 0, 1]) * timedelta(microseconds=1)
    if kind < 0.2:
        return day(rng.randint(-2, 2))
    if kind < 0.65:
        return day(rng.uniform(-100, 40))
    return day(rng.uniform(-700, 0))


def maybe(rng: Random, value: Cell) -> Cell:
    """The value, or null one time in four."""
    return None if rng.random() < 0.25 else value


def insiders(deal: str) -> list[str]:
    """The people of the deal's account."""
    return [person for person, account in PEOPLE.items() if deal.startswith(account)]


def of_day(rng: Random) -> date:
    return on(rng.choice([-1, 0, 0, 1, *(rng.randint(-400, 60) for _ in range(8))]))


def value_of(field: str, rng: Random) -> str:
    """A random value of a mutable field, as the change history writes it."""
    choices: dict[str, Sequence[str]] = {
        "stage": STAGES,
        "owner": REPS,
        "segment": SEGMENTS,
        "close_date": [on(rng.randint(-60, 200)).isoformat()],
        "amount": [str(float(rng.randint(1, 90) * 100))],
        "forecast_category": ["pipeline", "Best Case", "commit", "unheard of"],
        "probability": [str(rng.randint(1, 9) / 10)],
    }
    return rng.choice(choices[field])


def draw(seed: int) -> Rows:
    """A small world; every moment, stamp and `recorded_at` is drawn by itself."""
    rng = Random(seed)
    rows: Rows = {
        "accounts": [_account(rng, account) for account in ACCOUNTS],
        "opportunities": [_deal(rng, deal) for deal in DEALS],
        "stages": [{"stage": stage, "sort_order": at} for at, stage in enumerate(STAGES)],
        "opportunity_changes": [],
        "account_changes": [],
    }
    for name, make, count in _EVENTS:
        rows[name] = [make(rng, f"{name}-{seed}-{number}") for number in range(count)]
    rows["usage"] = _distinct(rows["usage"], "account_id", "period_on", "metric")
    rows["contacts"] = _distinct(rows["contacts"], "contact_id")
    rows["opportunity_contacts"] = _distinct(
        rows["opportunity_contacts"], "opportunity_id", "contact_id"
    )
    return rows


def stamped(rng: Random, name: str) -> Row:
    """A moment column and an independent `recorded_at`."""
    return {name: moment(rng), "recorded_at": moment(rng)}


def _distinct(rows: list[Row], *keys: str) -> list[Row]:
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


def _number(identity: str) -> int:
    """The running number at the end of an identity: variety that draws nothing."""
    return int(identity.rsplit("-", maxsplit=1)[1])


def _account(rng: Random, account: str) -> Row:
    early = {"created_at": day(rng.uniform(-900, -200)), "recorded_at": day(-rng.uniform(190, 900))}
    return {"account_id": account, "name": account, **(early if rng.random() < 0.8 else {})}


def _deal(rng: Random, deal: str) -> Row:
    closed = maybe(rng, moment(rng))
    return {
        "opportunity_id": deal,
        "account_id": deal.split("-", maxsplit=1)[0],
        "type": rng.choice(["new", "expansion", "renewal"]),
        "created_at": day(rng.uniform(-500, -20)) if rng.random() < 0.8 else moment(rng),
        "recorded_at": day(rng.uniform(-500, -20)) if rng.random() < 0.8 else moment(rng),
        "closed_at": closed,
        "outcome": "open" if closed is None else rng.choice(["won", "lost"]),
        "discount_pct": 5.0,
        "lead_source": ("web", "partner", "fax")[_number(deal)],
    }


def _activity(rng: Random, identity: str) -> Row:
    deal = rng.choice(DEALS)
    kind = rng.choice(["email", "call", "voicemail", "meeting", "demo", "proposal"])
    times = stamped(rng, "occurred_at")
    direction = maybe(rng, rng.choice(DIRECTIONS))
    is_answered = rng.random() < 0.4
    if _number(identity) % 3 == 0:  # a dense exchange of e-mails: some are answered soon,
        days = _number(identity) * 7 % 45
        kind, times["occurred_at"] = "email", day(-1 - days)
        if days < 20:  # and the last ones wait
            direction, is_answered = "outbound", False
    return {
        "activity_id": identity,
        "account_id": deal.split("-", maxsplit=1)[0],
        "kind": kind,
        "direction": direction,
        "phase": maybe(rng, rng.choice(PHASES)),
        "opportunity_id": maybe(rng, deal),
        "contact_id": maybe(rng, rng.choice([*PEOPLE, *insiders(deal) * 4])),
        "rep_id": rng.choice(REPS),
        "duration_minutes": maybe(rng, float(rng.randint(5, 90))),
        "answered": is_answered,
        "automated": rng.random() < 0.1,
        **times,
    }


def _invoice(rng: Random, identity: str) -> Row:
    earlier = timedelta(days=400 if _number(identity) % 4 == 0 else 0)
    return {
        "invoice_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "amount": float(rng.choice([-1, 1, 1, 1]) * rng.randint(1, 5000)),
        "due_on": of_day(rng),
        "paid_at": maybe(rng, moment(rng)),
        "issued_at": moment(rng) - earlier,
        "recorded_at": moment(rng),
    }


def _ticket(rng: Random, identity: str) -> Row:
    closed = maybe(rng, moment(rng))
    if _number(identity) % 2 == 0:  # spread over the year, so that marks can be compared
        closed = day(-20 - _number(identity) * 12)
    return {
        "ticket_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "closed_at": closed,
        "csat": maybe(rng, float(rng.randint(1, 5))),
        "escalated_at": maybe(rng, moment(rng)),
        "priority": "high",
        **stamped(rng, "opened_at"),
    }


def _contract(rng: Random, identity: str) -> Row:
    starts = of_day(rng)
    ends = starts + timedelta(days=rng.randint(20, 400))
    if _number(identity) % 2 == 0:  # about to end, so that it is waited for
        starts, ends = on(-300), on(10 + _number(identity) * 5)
    return {
        "contract_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "starts_on": starts,
        "ends_on": ends,
        "annual_value": float(rng.randint(1, 9) * 1000),
        "notice_on": ends - timedelta(days=60) if _number(identity) % 3 else None,
        "renewed_at": maybe(rng, moment(rng)),
        "cancelled_at": None if rng.random() < 0.7 else moment(rng),
        "recorded_at": moment(rng),
    }


def _usage(rng: Random, identity: str) -> Row:
    years_back = 365 if _number(identity) % 3 == 0 else 0
    return {
        "account_id": rng.choice(ACCOUNTS),
        "period_on": on(rng.randint(-110, 3) - years_back),
        "metric": rng.choice(["seats", "calls"]),
        "value": rng.uniform(0, 50),
        "recorded_at": moment(rng),
    }


def _referral(rng: Random, identity: str) -> Row:
    return {
        "referral_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "kind": REFERRAL_KINDS[_number(identity) % len(REFERRAL_KINDS)],
        **stamped(rng, "given_at"),
    }


def _contact(rng: Random, identity: str) -> Row:
    person = rng.choice([identity, *PEOPLE])
    return {
        "contact_id": person,
        "account_id": PEOPLE.get(person, rng.choice(ACCOUNTS)),
        "is_decision_maker": rng.random() < 0.5,
        "left_at": maybe(rng, moment(rng)),
        **stamped(rng, "created_at"),
    }


def _deal_contact(rng: Random, identity: str) -> Row:
    deal = rng.choice(DEALS)
    return {
        "opportunity_id": deal,
        "contact_id": rng.choice([identity, *insiders(deal) * 2]),
        **stamped(rng, "created_at"),
    }


def _covenant(rng: Random, identity: str) -> Row:
    return {
        "covenant_id": identity,
        "opportunity_id": rng.choice(DEALS),
        "stage": maybe(rng, rng.choice(STAGES)),
        "due_on": of_day(rng),
        "met_at": maybe(rng, moment(rng)),
        **stamped(rng, "agreed_at"),
    }


def _quote(rng: Random, identity: str) -> Row:
    return {
        "quote_id": identity,
        "opportunity_id": rng.choice(DEALS),
        "list_amount": 10_000.0,
        "amount": float(rng.randint(60, 100) * 100),
        "billing_terms": maybe(rng, rng.choice(["yearly", "monthly"])),
        **stamped(rng, "quoted_at"),
    }


_EVENTS = (
    ("activities", _activity, 90),
    ("invoices", _invoice, 40),
    ("tickets", _ticket, 20),
    ("contracts", _contract, 12),
    ("usage", _usage, 30),
    ("referrals", _referral, 8),
    ("contacts", _contact, 16),
    ("opportunity_contacts", _deal_contact, 36),
    ("covenants", _covenant, 24),
    ("quotes", _quote, 24),
)
