"""Random CRM rows in which happening and recording are drawn independently."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

from features.schema import DIRECTIONS, PHASES
from tests.factories import Cell, Row, day, on

Rows = dict[str, list[Row]]

ACCOUNTS = ("acme", "birch", "cedar")
DEALS = tuple(f"{account}-{number}" for account in ACCOUNTS for number in range(3))
REPS = ("rep-1", "rep-2")
STAGES = ("qualify", "propose", "agree")
SEGMENTS = ("small", "large")

HISTORIES = {
    "opportunity_changes": ("stage", "close_date", "amount", "owner"),
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
    rows["opportunity_contacts"] = _distinct(
        rows["opportunity_contacts"], "opportunity_id", "contact_id"
    )
    return rows


def stamped(rng: Random, name: str) -> Row:
    """A moment column and an independent `recorded_at`."""
    return {name: moment(rng), "recorded_at": moment(rng)}


def _distinct(rows: list[Row], *keys: str) -> list[Row]:
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


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
    }


def _activity(rng: Random, identity: str) -> Row:
    deal = rng.choice(DEALS)
    return {
        "activity_id": identity,
        "account_id": deal.split("-", maxsplit=1)[0],
        "kind": rng.choice(["email", "call", "meeting", "proposal"]),
        "direction": maybe(rng, rng.choice(DIRECTIONS)),
        "phase": maybe(rng, rng.choice(PHASES)),
        "opportunity_id": maybe(rng, deal),
        "contact_id": maybe(rng, rng.choice(["c1", "c2", "c3"])),
        "rep_id": rng.choice(REPS),
        "duration_minutes": maybe(rng, float(rng.randint(5, 90))),
        "answered": rng.random() < 0.4,
        "automated": rng.random() < 0.1,
        **stamped(rng, "occurred_at"),
    }


def _invoice(rng: Random, identity: str) -> Row:
    return {
        "invoice_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "amount": float(rng.choice([-1, 1, 1, 1]) * rng.randint(1, 5000)),
        "due_on": of_day(rng),
        "paid_at": maybe(rng, moment(rng)),
        **stamped(rng, "issued_at"),
    }


def _ticket(rng: Random, identity: str) -> Row:
    return {
        "ticket_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "closed_at": maybe(rng, moment(rng)),
        "csat": maybe(rng, float(rng.randint(1, 5))),
        "escalated_at": maybe(rng, moment(rng)),
        "priority": "high",
        **stamped(rng, "opened_at"),
    }


def _contract(rng: Random, identity: str) -> Row:
    starts = of_day(rng)
    return {
        "contract_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "starts_on": starts,
        "ends_on": starts + timedelta(days=rng.randint(20, 400)),
        "annual_value": float(rng.randint(1, 9) * 1000),
        "renewed_at": maybe(rng, moment(rng)),
        "cancelled_at": None if rng.random() < 0.7 else moment(rng),
        "recorded_at": moment(rng),
    }


def _usage(rng: Random, _identity: str) -> Row:
    return {
        "account_id": rng.choice(ACCOUNTS),
        "period_on": on(rng.randint(-110, 3)),
        "metric": rng.choice(["seats", "calls"]),
        "value": rng.uniform(0, 50),
        "recorded_at": moment(rng),
    }


def _referral(rng: Random, identity: str) -> Row:
    return {
        "referral_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "kind": "referral",
        **stamped(rng, "given_at"),
    }


def _contact(rng: Random, identity: str) -> Row:
    return {
        "contact_id": identity,
        "account_id": rng.choice(ACCOUNTS),
        "is_decision_maker": rng.random() < 0.5,
        "left_at": maybe(rng, moment(rng)),
        **stamped(rng, "created_at"),
    }


def _deal_contact(rng: Random, identity: str) -> Row:
    return {
        "opportunity_id": rng.choice(DEALS),
        "contact_id": identity,
        **stamped(rng, "created_at"),
    }


def _covenant(rng: Random, identity: str) -> Row:
    return {
        "covenant_id": identity,
        "opportunity_id": rng.choice(DEALS),
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
        **stamped(rng, "quoted_at"),
    }


_EVENTS = (
    ("activities", _activity, 60),
    ("invoices", _invoice, 40),
    ("tickets", _ticket, 20),
    ("contracts", _contract, 12),
    ("usage", _usage, 30),
    ("referrals", _referral, 8),
    ("contacts", _contact, 12),
    ("opportunity_contacts", _deal_contact, 24),
    ("covenants", _covenant, 24),
    ("quotes", _quote, 24),
)
