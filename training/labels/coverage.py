"""Coverage: what the book as a whole can tell, and from when on."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.book import Book


@dataclass(frozen=True, slots=True)
class Coverage:
    """Facts about the book that decide which label components exist.

    They belong to the source and not to an account: a label may depend on when the ticket log
    began, as it depends on the policy.

    Attributes:
        is_transactional: a book without opportunities, where an order is a win.
        first_invoice: when invoices begin; None without any.
        first_won: when won deals begin; None without any.
        first_ticket: when tickets begin; None without any.
        friction_items: names of the friction items that this CRM can ever have.
    """

    is_transactional: bool
    first_invoice: datetime | None
    first_won: datetime | None
    first_ticket: datetime | None
    friction_items: tuple[str, ...]


def coverage_of(book: Book) -> Coverage:
    """Read the coverage off the book."""
    won = book["opportunities"].filter(pl.col("outcome") == "won")
    invoices, won_deals, tickets = pl.collect_all(
        [
            book["invoices"].select(
                pl.col("issued_at").min(), (pl.col("amount") < 0).any().alias("has_credit_notes")
            ),
            won.select(pl.col("closed_at").min()),
            book["tickets"].select(pl.col("opened_at").min()),
        ]
    )
    return Coverage(
        is_transactional=not book.has("opportunities"),
        first_invoice=invoices["issued_at"].item(),
        first_won=won_deals["closed_at"].item(),
        first_ticket=tickets["opened_at"].item(),
        friction_items=_friction_items(book, has_credit_notes=invoices["has_credit_notes"].item()),
    )


def _friction_items(book: Book, *, has_credit_notes: bool) -> tuple[str, ...]:
    has_discounts = book.has("opportunities.discount_pct", "opportunities.closed_at")
    # a book without one credit note does not keep returns: nought would be invented
    there = {
        "late": book.has("invoices.due_on", "invoices.paid_at"),
        "discount": has_discounts or book.has("quotes.list_amount", "quotes.amount"),
        "service": book.has("tickets"),
        "chase": book.has("activities.direction"),
        "returns": has_credit_notes,
    }
    return tuple(name for name, is_there in there.items() if is_there)


def possible_friction(book: Book) -> int:
    """How many friction items this CRM can ever have."""
    return len(coverage_of(book).friction_items)
