"""Random rows of the tables: cells that may be null, doubtful, zero or equal."""

from collections.abc import Callable
from random import Random

from features.schema import PHASES, REFERRAL_KINDS
from tests.factories import Row
from tests.features.reference.awkward_times import Times
from tests.features.reference.days import DAY

ACCOUNTS = ("acme", "birch", "cedar")
DEALS = tuple(f"{account}-{number}" for account in ACCOUNTS for number in range(3))
REPS = ("rep-1", "rep-1", "rep-2", "rep-2", None)
STAGES = ("qualify", "propose", "agree", "sign")
SEGMENTS = ("small", "small", "large", "large", None)


def account_row(times: Times, name: str) -> Row:
    created = times.moment(2000) if times.rng.random() < 0.8 else None
    return {
        "account_id": name,
        "owner_rep_id": times.rng.choice(REPS),
        "segment": times.rng.choice(SEGMENTS),
        "created_at": created,
        "recorded_at": times.recorded(created),
    }


def deal_row(times: Times, name: str) -> Row:
    created = times.moment(700)
    closed = times.moment(500) if times.rng.random() < 0.5 else None
    if closed is not None and times.rng.random() < 0.85:  # some close before they are created
        closed = max(closed, created)
    if closed is not None:
        times.closes[name] = closed
    return {
        "opportunity_id": name,
        "account_id": name.split("-", maxsplit=1)[0],
        "owner_rep_id": times.rng.choice(REPS),
        "type": times.rng.choice(("new", "new", "expansion", "renewal", None)),
        "stage": times.rng.choice((*STAGES, None)),
        "amount": times.rng.choice((None, 0.0, *(_cents(times.rng) for _ in range(6)))),
        "close_date": times.rng.choice((None, times.day(), times.day())),
        "created_at": created,
        "closed_at": closed,
        "outcome": None if closed is None else times.rng.choice(("won", "won", "lost")),
        "recorded_at": times.recorded(created),
    }


def stage_rows(rng: Random) -> list[Row]:
    """The declared stages: none, all without a rank, some with an equal rank, or one without.

    An unranked stage has two ranked ones beside it: with fewer, the code gives it the first
    place instead of none.
    """
    if rng.random() < 0.2:
        return []
    names = [*STAGES[: rng.choice((1, 3, 4, 4))], "won"]
    kind = rng.choice(("distinct", "equal", "one unranked", "unranked"))
    return [
        {
            "stage": name,
            "sort_order": None
            if kind == "unranked" or (kind == "one unranked" and name == "agree")
            else float(rng.choice((at, 1)) if kind == "equal" else at),
            "is_closed": name == "won",
        }
        for at, name in enumerate(names)
    ]


def _cents(rng: Random) -> float:
    return rng.randint(1, 2_000_000) / 100


def _deal_change(times: Times) -> Row:
    """A change at any time, or entered as the deal closes; some change nothing."""
    rng, deal = times.rng, times.rng.choice(DEALS)
    field = rng.choice(("stage", "close_date", "amount", "owner", "close_date", "stage"))
    old, new = (_text(times, field) for _ in range(2))
    row: Row = {
        "opportunity_id": deal,
        "changed_at": times.moment(),
        "field": field,
        "old": old,
        "new": old if rng.random() < 0.1 else new,
    }
    closing = times.closes.get(deal)
    if closing is None or rng.random() < 0.8:
        return row
    return {**row, "changed_at": closing - rng.choice((0, 9, 50)) * DAY, "recorded_at": closing}


def _account_change(times: Times) -> Row:
    field = times.rng.choice(("segment", "owner", "owner_rep_id"))
    old, new = (_text(times, field) for _ in range(2))
    return {
        "account_id": times.rng.choice(ACCOUNTS),
        "changed_at": times.moment(),
        "field": field,
        "old": old,
        "new": new,
    }


def _text(times: Times, field: str) -> str | None:
    rng = times.rng
    texts: dict[str, Callable[[], str | None]] = {
        "stage": lambda: rng.choice(STAGES),
        "close_date": lambda: times.day().isoformat() + rng.choice(("", "", "T09:30:00Z")),
        "amount": lambda: str(_cents(rng)),
        "segment": lambda: rng.choice(SEGMENTS),
    }
    if rng.random() < 0.08:
        return rng.choice((None, "not a value"))
    return texts.get(field, lambda: rng.choice(REPS))()


def _activity(times: Times) -> Row:
    rng = times.rng
    deal = rng.choice(DEALS)
    account = deal.split("-", maxsplit=1)[0] if rng.random() < 0.9 else rng.choice(ACCOUNTS)
    return {
        "account_id": account,
        "occurred_at": times.moment(),
        "kind": rng.choice(("email", "call", "voicemail", "meeting", "demo", "visit", "proposal")),
        "direction": rng.choice(("outbound", "outbound", "inbound", "mutual", None)),
        "phase": rng.choice((*PHASES, None)),
        "opportunity_id": rng.choice((deal, deal, None)),
        "contact_id": rng.choice(("c1", "c2", "c3", None)),
        "rep_id": rng.choice(REPS),
        "duration_minutes": rng.choice((None, float(rng.randint(1, 120)), rng.randint(1, 99) / 2)),
        "answered": rng.choice((True, False, None)),
        "automated": rng.choice((True, False, False, None)),
    }


def _invoice(times: Times) -> Row:
    rng = times.rng
    return {
        "account_id": rng.choice(ACCOUNTS),
        "issued_at": times.moment(),
        "amount": rng.choice((-1, 1, 1, 1, 0)) * _cents(rng),
        "due_on": rng.choice((None, times.day(), times.day())),
        "paid_at": times.stamp(),
    }


def _ticket(times: Times) -> Row:
    return {
        "account_id": times.rng.choice(ACCOUNTS),
        "opened_at": times.moment(),
        "closed_at": times.stamp(),
        "csat": times.rng.choice((None, 1.0, 2.0, 3.0, 4.0, 5.0)),
        "escalated_at": times.stamp(),
    }


def _contract(times: Times) -> Row:
    ends = times.day()
    return {
        "account_id": times.rng.choice(ACCOUNTS),
        "starts_on": ends - times.rng.choice((1, 30, 365)) * DAY,
        "ends_on": ends,
        "renewed_at": times.moment() if times.rng.random() < 0.3 else None,
        "cancelled_at": times.moment() if times.rng.random() < 0.25 else None,
    }


def _usage(times: Times) -> Row:
    return {
        "account_id": times.rng.choice(ACCOUNTS),
        "period_on": times.day(),
        "metric": times.rng.choice(("seats", "calls")),
        "value": times.rng.choice((0.0, float(times.rng.randint(1, 90)), times.rng.random() * 50)),
    }


def _referral(times: Times) -> Row:
    return {
        "account_id": times.rng.choice(ACCOUNTS),
        "given_at": times.moment(),
        "kind": times.rng.choice(REFERRAL_KINDS),
    }


def _contact(times: Times) -> Row:
    return {
        "account_id": times.rng.choice(ACCOUNTS),
        "created_at": times.stamp(),
        "left_at": times.stamp(),
    }


def _deal_contact(times: Times) -> Row:
    return {
        "opportunity_id": times.rng.choice(DEALS),
        "contact_id": times.rng.choice(("c1", "c2", "c3")),
        "created_at": times.stamp(),
    }


def _covenant(times: Times) -> Row:
    return {
        "opportunity_id": times.rng.choice(DEALS),
        "agreed_at": times.moment(),
        "due_on": times.rng.choice((None, times.day(), times.day())),
        "met_at": times.stamp(),
    }


def _quote(times: Times) -> Row:
    return {
        "opportunity_id": times.rng.choice(DEALS),
        "quoted_at": times.moment(),
        "list_amount": times.rng.choice((None, 0.0, 10_000.0, 9_876.54, 12_345.67)),
        "amount": times.rng.choice((None, _cents(times.rng), _cents(times.rng))),
    }


MAKERS: dict[str, Callable[[Times], Row]] = {
    "opportunity_changes": _deal_change,
    "account_changes": _account_change,
    "activities": _activity,
    "invoices": _invoice,
    "tickets": _ticket,
    "contracts": _contract,
    "usage": _usage,
    "referrals": _referral,
    "contacts": _contact,
    "opportunity_contacts": _deal_contact,
    "covenants": _covenant,
    "quotes": _quote,
}
MANY = {"opportunity_changes": 5, "activities": 6, "invoices": 3, "usage": 4, "quotes": 2}
"""Tables that get so many times the rows of the others."""
