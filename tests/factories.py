"""Rows of the CRM tables with sensible defaults, and `book` which makes a Book of them.

A test writes only the cells it cares about; a cell outside the contract is refused.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import TypeAlias

import polars as pl

from features.book import Book, make_book
from features.schema import RECORDED_AT, TABLES

Cell: TypeAlias = str | float | bool | datetime | date | None
Row: TypeAlias = dict[str, Cell]

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)
"""`day(0)`: the as_of of most tests; a Thursday, the first day of a quarter."""

_serial = count(1)


def day(days: float) -> datetime:
    """The moment so many days after (before, when negative) the origin."""
    return ORIGIN + timedelta(days=days)


def on(days: int) -> date:
    """The calendar day (UTC) so many days after the origin."""
    return day(days).date()


def row(table: str, **cells: Cell) -> Row:
    """A row of any table: the cells given, null elsewhere."""
    unknown = sorted(set(cells) - set(TABLES[table].schema))
    if unknown:
        raise KeyError(f"table {table} has no columns {unknown}")
    return dict(cells)


def account(account_id: str = "acme", *, at: datetime | None = None, **cells: Cell) -> Row:
    """An account created three years before the origin."""
    defaults: Row = {"account_id": account_id, "name": account_id.title()}
    created = {"created_at": at if at is not None else day(-1095)}
    return row("accounts", **{**defaults, **created, **cells})


def account_change(
    field: str, old: str | None, new: str | None, *, at: datetime, **cells: Cell
) -> Row:
    """One change of one field of account `acme`."""
    defaults: Row = {"account_id": "acme", "changed_at": at, "field": field}
    return row("account_changes", **{**defaults, "old": old, "new": new, **cells})


def rep(rep_id: str = "rep-1", **cells: Cell) -> Row:
    """A rep."""
    return row("reps", **{"rep_id": rep_id, "name": rep_id.title(), "is_active": True, **cells})


def deal(opportunity_id: str = "deal-1", *, at: datetime | None = None, **cells: Cell) -> Row:
    """An open new-business deal of `acme`, created 90 days before the origin."""
    defaults: Row = {
        "opportunity_id": opportunity_id,
        "account_id": "acme",
        "owner_rep_id": "rep-1",
        "type": "new",
        "stage": "qualify",
        "amount": 10_000.0,
        "close_date": on(60),
        "created_at": at if at is not None else day(-90),
        "outcome": "open",
    }
    return row("opportunities", **{**defaults, **cells})


def closed(opportunity_id: str, outcome: str, *, at: datetime, **cells: Cell) -> Row:
    """A deal that ended `won` or `lost` at that moment, created 60 days earlier."""
    ends: Row = {"closed_at": at, "outcome": outcome, "close_date": at.date(), "stage": outcome}
    return deal(opportunity_id, at=at - timedelta(days=60), **{**ends, **cells})


def change(field: str, old: str | None, new: str | None, *, at: datetime, **cells: Cell) -> Row:
    """One change of one field of `deal-1`."""
    defaults: Row = {"opportunity_id": "deal-1", "changed_at": at, "field": field}
    return row("opportunity_changes", **{**defaults, "old": old, "new": new, **cells})


def activity(*, at: datetime, **cells: Cell) -> Row:
    """An outbound e-mail to `acme` that nobody answered."""
    defaults: Row = {
        "activity_id": f"activity-{next(_serial)}",
        "account_id": "acme",
        "occurred_at": at,
        "kind": "email",
        "direction": "outbound",
        "phase": "sales",
        "answered": False,
        "automated": False,
    }
    return row("activities", **{**defaults, **cells})


def contact(contact_id: str = "contact-1", *, at: datetime | None = None, **cells: Cell) -> Row:
    """A person at `acme`."""
    created = at if at is not None else day(-400)
    defaults: Row = {"contact_id": contact_id, "account_id": "acme", "created_at": created}
    return row("contacts", **{**defaults, **cells})


def deal_contact(contact_id: str = "contact-1", *, at: datetime, **cells: Cell) -> Row:
    """A person put on `deal-1`."""
    defaults: Row = {"opportunity_id": "deal-1", "contact_id": contact_id, "created_at": at}
    return row("opportunity_contacts", **{**defaults, **cells})


def contract(*, starts_on: date, ends_on: date, **cells: Cell) -> Row:
    """A contract of `acme`."""
    defaults: Row = {"contract_id": f"contract-{next(_serial)}", "account_id": "acme"}
    return row("contracts", **{**defaults, "starts_on": starts_on, "ends_on": ends_on, **cells})


def invoice(amount: float = 1_000.0, *, at: datetime, **cells: Cell) -> Row:
    """An invoice to `acme`, due 30 days after issue, not paid."""
    defaults: Row = {
        "invoice_id": f"invoice-{next(_serial)}",
        "account_id": "acme",
        "issued_at": at,
        "amount": amount,
        "due_on": (at + timedelta(days=30)).date(),
    }
    return row("invoices", **{**defaults, **cells})


def ticket(*, at: datetime, **cells: Cell) -> Row:
    """An open ticket of `acme`."""
    defaults: Row = {
        "ticket_id": f"ticket-{next(_serial)}",
        "account_id": "acme",
        "opened_at": at,
    }
    return row("tickets", **{**defaults, **cells})


def usage(value: float, *, period_on: date, **cells: Cell) -> Row:
    """One period's usage of `acme`."""
    defaults: Row = {"account_id": "acme", "period_on": period_on, "metric": "seats"}
    return row("usage", **{**defaults, "value": value, **cells})


def referral(*, at: datetime, **cells: Cell) -> Row:
    """A referral that `acme` gave."""
    defaults: Row = {
        "referral_id": f"referral-{next(_serial)}",
        "account_id": "acme",
        "given_at": at,
        "kind": "referral",
    }
    return row("referrals", **{**defaults, **cells})


def covenant(*, at: datetime, **cells: Cell) -> Row:
    """A next step agreed on `deal-1`, due two weeks later, not met."""
    defaults: Row = {
        "covenant_id": f"covenant-{next(_serial)}",
        "opportunity_id": "deal-1",
        "agreed_at": at,
        "stage": "qualify",
        "due_on": (at + timedelta(days=14)).date(),
    }
    return row("covenants", **{**defaults, **cells})


def quote(amount: float = 9_000.0, *, at: datetime, **cells: Cell) -> Row:
    """A quote on `deal-1` with a list price of 10,000."""
    defaults: Row = {
        "quote_id": f"quote-{next(_serial)}",
        "opportunity_id": "deal-1",
        "quoted_at": at,
        "list_amount": 10_000.0,
        "amount": amount,
    }
    return row("quotes", **{**defaults, **cells})


def frame(table: str, rows: Sequence[Row]) -> pl.LazyFrame:
    """A conforming frame; a missing `recorded_at` becomes the row's moment."""
    cells = {
        column: [
            _recorded(table, line) if column == RECORDED_AT else line.get(column) for line in rows
        ]
        for column in TABLES[table].schema
    }
    return pl.LazyFrame(cells, schema=TABLES[table].schema)


def book(
    *,
    observed_until: datetime | None = None,
    present: Mapping[str, frozenset[str]] | None = None,
    **tables: Sequence[Row],
) -> Book:
    """A Book of these rows: `book(accounts=[account()], invoices=[invoice(at=day(-3))])`.

    Args:
        observed_until: a year after the origin unless given.
        present: filled columns by table; read off the rows unless given.
        tables: table name → rows; an absent table has no row.
    """
    return make_book(
        {name: frame(name, rows) for name, rows in tables.items()},
        observed_until=observed_until if observed_until is not None else day(365),
        present=present,
    )


def _recorded(table: str, line: Row) -> Cell:
    recorded = line.get(RECORDED_AT)
    if recorded is not None:
        return recorded
    moment = line.get(TABLES[table].moment or "")
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return datetime.combine(moment, time(), tzinfo=UTC)
    return moment
