"""Batch: some rows of a spine and the part of a book that describes them, in one of two ways.

The plain way looks up each row of the spine by itself, a few as-ofs at a time: simple, and what the
other one is held against. The fast way first gives ids codes and puts every table in the order of
account and moment.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.coded import CodedBook, coded
from features.context import Context
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.timeline import Timeline
from features.timelines import Timelines
from features.view import SPINE_ROW, View

Way = Literal["plain", "fast"]

FAST_FROM = 1
"""As-ofs from which the fast way is taken unless told. It has come to win at a single one: by a
third with five million activities, by nothing with ten thousand."""

_ROWS_AT_ONCE = 6_000
"""Plain way: whole as-ofs up to this many spine rows."""

_AT_ONCE = 2

_PAIRS_AT_ONCE = 4_000_000
"""Fast way: accounts up to this many pairs of a spine row and an event, so that memory stays."""

_LEAST_AS_OFS = 8
"""Running totals take memory by row, however few the as-ofs: as for so many pairs at least."""

_IDENTITY = (SPINE_ROW, ENTITY_ID, AS_OF, ACCOUNT_ID)


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of a spine, and the book that they are described from.

    Attributes:
        book: the whole book, or the part of its accounts with codes as ids.
        rows: the spine's rows with the ids of `book`.
        calendar: the organisation's.
        source: what codes mean; None in the plain way.
        span: first account code and the one after the last.
    """

    book: Book
    rows: pl.DataFrame
    calendar: Calendar
    source: CodedBook | None = None
    span: tuple[int, int] = (0, 0)
    _made: dict[tuple[str, str, bytes], Timeline] = field(default_factory=dict)

    def view(self, spine: pl.DataFrame, context: Context) -> View:
        """What feature groups see of a spine with the ids of this batch."""
        numbered = spine.with_row_index(SPINE_ROW)
        return View(self.book, numbered.lazy(), context, self.calendar, self._timelines(numbered))

    def named(self, described: pl.DataFrame) -> pl.DataFrame:
        """Codes become ids again."""
        if self.source is None:
            return described
        is_of_deal = ACCOUNT_ID in described.columns
        ids = {ENTITY_ID: self.source.deals if is_of_deal else self.source.accounts}
        if is_of_deal:
            ids[ACCOUNT_ID] = self.source.accounts
        return described.with_columns(ids[name].gather(described[name]).alias(name) for name in ids)

    def _timelines(self, numbered: pl.DataFrame) -> Timelines | None:
        if self.source is None:
            return None
        first, after = self.span
        starts = self.source.starts["opportunities"]
        identity = numbered.select(name for name in _IDENTITY if name in numbered.columns)
        return Timelines(
            self.book,
            identity,
            self.calendar,
            first=(first, int(starts[first])),
            count=(after - first, int(starts[after] - starts[first])),
            strays=self.source.strays(first, after),
            _made=self._made,
        )


def batches(
    book: Book, rows: pl.DataFrame, calendar: Calendar, *, way: Way | None = None
) -> Iterator[Batch]:
    """Cut a spine into batches; at least one, even without rows.

    Args:
        book: the CRM.
        rows: a spine, each row once: entity_id, as_of, and account_id for deals.
        calendar: the organisation's.
        way: chosen by the number of as_ofs unless given.
    """
    if way is None:
        way = "fast" if rows[AS_OF].n_unique() >= FAST_FROM else "plain"
    yield from _fast(book, rows, calendar) if way == "fast" else _plain(book, rows, calendar)


def each(cut: Iterable[Batch], describe: Callable[[Batch], pl.DataFrame]) -> Sequence[pl.DataFrame]:
    """What is told of every batch, in order; two are described at a time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(describe, cut))


def _plain(book: Book, rows: pl.DataFrame, calendar: Calendar) -> Iterator[Batch]:
    rows = rows.sort(AS_OF, ENTITY_ID)
    if rows.height <= _ROWS_AT_ONCE:
        yield Batch(book, rows, calendar)
        return
    counts = rows.group_by(AS_OF).len().sort(AS_OF)
    part = (counts["len"].cum_sum() - 1) // _ROWS_AT_ONCE
    parts = rows.join(counts.select(AS_OF, part.alias("part")), on=AS_OF)
    for cut in parts.partition_by("part", maintain_order=True, include_key=False):
        yield Batch(book, cut, calendar)


def _fast(book: Book, rows: pl.DataFrame, calendar: Calendar) -> Iterator[Batch]:
    account = ACCOUNT_ID if ACCOUNT_ID in rows.columns else ENTITY_ID
    source = coded(book, rows[account], calendar, is_of_deals=account == ACCOUNT_ID)
    told = _recoded(rows, source, account)
    odd = told.filter(~pl.col("is_found"))
    if not odd.is_empty():  # deals that the book does not have, or has with another account
        yield from _plain(book, odd.select(rows.columns), calendar)
    rows = told.filter("is_found").select(
        pl.col(f"{name}_code").alias(name) if name != AS_OF else pl.col(AS_OF)
        for name in rows.columns
    )
    rows = rows.sort(ENTITY_ID, AS_OF)
    per_account = np.bincount(rows[account].to_numpy(), minlength=len(source.accounts))
    events = np.diff(source.starts["activities"])
    pairs = np.cumsum(np.maximum(per_account, _LEAST_AS_OFS) * (1 + events))
    part = pairs // _PAIRS_AT_ONCE
    edges = [*np.flatnonzero(np.diff(part, prepend=-1)), len(part)]
    for first, after in pairwise(edges):
        span = (int(first), int(after))
        cut = rows.filter(pl.col(account).is_between(span[0], span[1], closed="left"))
        yield Batch(source.part(*span), cut, calendar, source, span)
    if rows.is_empty():
        yield Batch(source.part(0, 0), rows, calendar, source)


def _recoded(rows: pl.DataFrame, source: CodedBook, account: str) -> pl.DataFrame:
    """The spine with the codes of its ids, and whether the book has it so."""
    accounts = pl.DataFrame({account: source.accounts}).with_row_index(f"{account}_code")
    found = rows.join(accounts, on=account, how="left")
    if account == ENTITY_ID:
        return found.with_columns(is_found=pl.lit(value=True))
    owner = np.repeat(
        np.arange(len(source.accounts)), np.diff(source.starts["opportunities"])
    ).astype(np.uint32)
    deals = pl.DataFrame({ENTITY_ID: source.deals, "_owner": owner})
    deals = deals.with_row_index(f"{ENTITY_ID}_code")
    is_found = (pl.col("_owner") == pl.col(f"{account}_code")).fill_null(value=False)
    return found.join(deals, on=ENTITY_ID, how="left").with_columns(is_found=is_found)
