"""Feature groups seen from a test: a book and a moment in, rows out."""

from datetime import datetime

import polars as pl

from features.book import Book
from features.build import Group
from features.calendar import Calendar
from features.context import build_context
from features.schema import AS_OF, ENTITY_ID
from features.snapshot import account_spine, deal_spine, deal_state
from features.view import KEYS, View
from tests.factories import day

UTC_DAYS = Calendar()


def account_view(book: Book, *as_ofs: datetime, calendar: Calendar = UTC_DAYS) -> View:
    """All accounts known at the moments, with their context."""
    context = build_context(book, as_ofs, calendar)
    spine = account_spine(book, as_ofs).collect()
    return View(book, spine.lazy(), context, calendar)


def deal_view(book: Book, *as_ofs: datetime, calendar: Calendar = UTC_DAYS) -> View:
    """All deals open at the moments, with their context."""
    context = build_context(book, as_ofs, calendar)
    state = deal_state(book, deal_spine(book, as_ofs), calendar).collect()
    return View(book, state.lazy(), context, calendar)


def described(group: Group, view: View) -> pl.DataFrame:
    """What the group says of every row of the spine, sorted by entity and moment."""
    told = view.spine.select(*KEYS, ENTITY_ID, AS_OF).join(group(view), on=KEYS, how="left")
    return told.drop(*KEYS).sort(ENTITY_ID, AS_OF).collect()


def account_row(
    group: Group, book: Book, *, at: datetime | None = None, account_id: str = "acme"
) -> dict[str, float | None]:
    """What the group says of one account, at the origin unless told otherwise."""
    frame = described(group, account_view(book, at if at is not None else day(0)))
    return frame.filter(pl.col(ENTITY_ID) == account_id).drop(ENTITY_ID, AS_OF).row(0, named=True)


def deal_row(
    group: Group, book: Book, *, at: datetime | None = None, opportunity_id: str = "deal-1"
) -> dict[str, float | None]:
    """What the group says of one deal, at the origin unless told otherwise."""
    frame = described(group, deal_view(book, at if at is not None else day(0)))
    chosen = frame.filter(pl.col(ENTITY_ID) == opportunity_id)
    return chosen.drop(ENTITY_ID, AS_OF).row(0, named=True)
