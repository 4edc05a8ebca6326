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
PEOPLE = ("contacts-0", "contacts-1", "contacts-2")
"""The first of the contacts, as the books number them."""

AHEAD = (0, 30, 60, 90, 91)
"""Days from as_of to the end of a contract that waits for renewal."""

CATEGORIES = ("Pipeline", "pipeline", "Best Case", "commit", "Omitted", "closed-won", "my own")
PROBABILITIES = ("0", "0.1", "0.25", "0.3", "0.7", "0.123456", "1")


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
        "forecast_category": times.rng.choice((None, *CATEGORIES)),
        "crm_probability": times.rng.choice((None, 0.1, 0.5)),
        "lead_source": times.rng.choice((None, "web", " Partner ", "fax")),
        "recorded_at": times.recorded(created),
    }


def stage_rows(rng: Random) -> list[Row]:
    """The declared stages: none, all without a rank, some with an equal rank, or one without.

    Beside the one without there may be several with a rank, a single one, or only a closed one.
    """
    if rng.random() < 0.2:
        return []
    names = [*STAGES[: rng.choice((1, 2, 3, 4, 4, 4))], "won"]
    kind = rng.choice(("distinct", "equal", "one unranked", "unranked"))
    return [
        {
            "stage": name,
            "sort_order": None
            if kind == "unranked" or (kind == "one unranked" and name == names[-2])
            else float(rng.choice((at, 1)) if kind == "equal" else at),
            "is_closed": name == "won",
        }
        for at, name in enumerate(names)
    ]


def _cents(rng: Random) -> float:
    return rng.randint(1, 2_000_000) / 100


CHANGED = (
    *("stage", "stage", "stage", "close_date", "close_date", "close_date"),
    *("amount", "amount", "owner", "forecast_category", "probability", "crm_probability"),
)


def _deal_change(times: Times) -> Row:
    """A change at any time, or entered as the deal closes; some change nothing."""
    rng, deal = times.rng, times.rng.choice(DEALS)
    field = rng.choice(CHANGED)
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
        "forecast_category": lambda: rng.choice(CATEGORIES),
        "probability": lambda: rng.choice(PROBABILITIES),
        "crm_probability": lambda: rng.choice(PROBABILITIES),
    }
    if rng.random() < 0.08:
        return rng.choice((None, "not a value"))
    return texts.get(field, lambda: rng.choice(REPS))()


def _activity(times: Times) -> Row:
    rng = times.rng
    deal = rng.choice(DEALS)
    account = deal.split("-", maxsplit=1)[0] if rng.random() < 0.9 else rng.choice(ACCOUNTS)
    row: Row = {
        "account_id": account,
        "occurred_at": times.moment(),
        "kind": rng.choice(
            ("email", "call", "voicemail", "meeting", "demo", "visit", "proposal", "Task")
        ),
        "direction": rng.choice(("outbound", "outbound", "inbound", "mutual", None)),
        "phase": rng.choice((*PHASES, None)),
        "opportunity_id": rng.choice((deal, deal, None)),
        "contact_id": rng.choice((*PEOPLE, None)),
        "rep_id": rng.choice(REPS),
        "duration_minutes": rng.choice((None, float(rng.randint(1, 120)), rng.randint(1, 99) / 2)),
        "answered": rng.choice((True, False, None)),
        "automated": rng.choice((True, False, False, None)),
    }
    return {**row, **_chase(times)} if rng.random() < 0.08 else row


def _chase(times: Times) -> Row:
    """An e-mail of the last days that waits for an answer."""
    back = times.rng.choice((0.04, 0.5, 1, 2, 3)) * DAY
    written: Row = {"kind": "email", "direction": "outbound", "answered": None, "automated": None}
    return {**written, "occurred_at": times.rng.choice(times.as_ofs) - back}


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
    """Some end on an edge of the 90 days in which a renewal is near."""
    ahead = times.zone.day_of(times.rng.choice(times.as_ofs)) + times.rng.choice(AHEAD) * DAY
    ends = times.rng.choice((times.day(), times.day(), ahead))
    return {
        "account_id": times.rng.choice(ACCOUNTS),
        "starts_on": ends - times.rng.choice((1, 30, 365)) * DAY,
        "ends_on": ends,
        "notice_on": times.rng.choice((None, ends - 30 * DAY, times.day())),
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
        "created_at": times.rng.choice((times.stamp(), times.as_ofs[1] - 900 * DAY)),
        "left_at": times.rng.choice((times.stamp(), times.as_ofs[1] - 9 * DAY)),
    }


def _deal_contact(times: Times) -> Row:
    return {
        "opportunity_id": times.rng.choice(DEALS),
        "contact_id": times.rng.choice(PEOPLE),
        "created_at": times.stamp(),
    }


def _covenant(times: Times) -> Row:
    """Some are met on the very day on which they are due."""
    met = times.stamp()
    met_on = None if met is None else times.zone.day_of(met)
    return {
        "opportunity_id": times.rng.choice(DEALS),
        "agreed_at": times.moment(),
        "stage": times.rng.choice((*STAGES, None)),
        "due_on": times.rng.choice((None, times.day(), times.day(), met_on)),
        "met_at": met,
    }


def _quote(times: Times) -> Row:
    """The last deal of each account is never quoted, the one before it only of late."""
    deal = times.rng.choice([name for name in DEALS if not name.endswith("2")])
    return {
        "opportunity_id": deal,
        "quoted_at": times.moment(120 if deal.endswith("1") else 800),
        "list_amount": times.rng.choice((None, 0.0, 10_000.0, 9_876.54, 12_345.67)),
        "amount": times.rng.choice((None, _cents(times.rng), _cents(times.rng))),
        "billing_terms": times.rng.choice((None, "30 days", "60 days", "yearly")),
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
MANY = {"opportunity_changes": 8, "activities": 6, "invoices": 3, "usage": 4, "quotes": 2}
"""Tables that get so many times the rows of the others."""
