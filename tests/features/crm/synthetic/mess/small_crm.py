"""A small hand-made CRM whose accounts are all alike, for the mess to be laid over."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from tests.factories import (
    Row,
    account,
    account_change,
    activity,
    change,
    contact,
    day,
    deal,
    deal_contact,
    frame,
    invoice,
    rep,
)

Tables = Mapping[str, pl.DataFrame]

END = day(0)
GROWN_AT = day(-100)
COUNTRIES = ("GB", "DE", "US", "SE")
INDUSTRIES = ("retail", "energy")
REPS = ("R001", "R002", "R003")


def small_crm(accounts: int = 40) -> Tables:
    """Accounts of two years, each with a deal, two contacts, invoices, and touches of all kinds.

    `P<i>-old` is on the deal of account i; `P<i>-new` came 20 days before the end.
    """
    numbers = range(1, accounts + 1)
    rows: dict[str, list[Row]] = {
        "accounts": [_account(i) for i in numbers],
        "account_changes": [line for i in numbers for line in _first_values(i)],
        "reps": [rep(name) for name in REPS],
        "opportunities": [_deal(i) for i in numbers],
        "opportunity_changes": [line for i in numbers for line in _deal_history(i)],
        "contacts": [line for i in numbers for line in _contacts(i)],
        "opportunity_contacts": [
            deal_contact(f"P{i}-old", opportunity_id=f"O{i}", at=day(-90)) for i in numbers
        ],
        "activities": [line for i in numbers for line in _touches(i)],
        "invoices": [line for i in numbers for line in _invoices(i)],
    }
    return {name: table(name, lines) for name, lines in rows.items()}


def table(name: str, rows: Sequence[Row]) -> pl.DataFrame:
    """A conforming frame, sorted by the moment at which the CRM learnt of a row."""
    whole = frame(name, rows).collect()
    ordered = name not in ("accounts", "reps")
    return whole.sort("recorded_at", maintain_order=True) if ordered else whole


def lone_account(**cells: object) -> pl.DataFrame:
    """Table accounts with one row."""
    return table("accounts", [account("A00001", **cells)])


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def account_id(number: int) -> str:
    return f"A{number:05d}"


def born(number: int) -> datetime:
    return day(-730 + number % 7)


def _account(i: int) -> Row:
    return account(
        account_id(i),
        name=f"Alderbridge Tools {'abcdefghij'[i % 10]}{i}",
        at=born(i),
        owner_rep_id=REPS[i % 3],
        account_type="customer",
        segment="mid_market",
        industry=INDUSTRIES[i % 2],
        country=COUNTRIES[i % 4],
        region="north",
        employees=100.0 + i,
        annual_revenue=1e6 * i,
    )


def _first_values(i: int) -> list[Row]:
    told = (("owner", REPS[i % 3]), ("segment", "small"), ("account_type", "customer"))
    first = [
        account_change(field, None, new, at=born(i), account_id=account_id(i))
        for field, new in told
    ]
    grown = account_change("segment", "small", "mid_market", at=GROWN_AT, account_id=account_id(i))
    return [*first, grown]


def _deal(i: int) -> Row:
    return deal(
        f"O{i}",
        account_id=account_id(i),
        owner_rep_id=REPS[i % 3],
        amount=20_000.0 + i,
        at=day(-90 - i),
    )


def _deal_history(i: int) -> list[Row]:
    of = {"opportunity_id": f"O{i}"}
    return [
        change("stage", None, "qualify", at=day(-90 - i), **of),
        change("amount", None, "18000.5", at=day(-90 - i), **of),
        change("amount", "18000.5", f"{20_000.0 + i}", at=day(-40), **of),
    ]


def _contacts(i: int) -> list[Row]:
    home = {"account_id": account_id(i)}
    return [
        contact(f"P{i}-old", at=born(i), **home),
        contact(f"P{i}-new", at=day(-20), **home),
    ]


def _touches(i: int) -> list[Row]:
    home = {"account_id": account_id(i)}
    inbound = [activity(at=day(-back), direction="inbound", **home) for back in range(5, 700, 40)]
    return [
        *inbound,
        activity(at=day(-6), kind="newsletter", automated=True, **home),
        activity(at=day(-6), kind="cold call", **home),
        activity(at=day(-6), kind="deal call", direction="inbound", opportunity_id=f"O{i}", **home),
        activity(
            at=day(-6), kind="old friend", direction="inbound", contact_id=f"P{i}-old", **home
        ),
        activity(
            at=day(-6), kind="deal talk", contact_id=f"P{i}-old", opportunity_id=f"O{i}", **home
        ),
        activity(at=day(-6), kind="new friend", contact_id=f"P{i}-new", **home),
    ]


def _invoices(i: int) -> list[Row]:
    home = {"account_id": account_id(i)}
    return [
        invoice(1_000.0 + i, at=day(-300 - i), **home),
        invoice(-250.0, at=day(-50), **home),
    ]
