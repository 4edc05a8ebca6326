"""Digest: which accounts of a book have changed since another night, told from all their rows.

An account's digest is the sum of the hashes of its rows in all tables, as numbers of 64 bits. Rows
of a deal's table count for the account of their deal, activities for the account that they name.
"""

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import polars as pl

from features.book import Book
from features.history import value_starts
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES

MARK = "mark"
_BEFORE = f"{MARK}_before"


@dataclass(frozen=True, eq=False)
class WholeBook:
    """A book that is there as a whole every night, and says only by its rows what has changed.

    Attributes:
        book: the CRM.
    """

    book: Book

    @cached_property
    def marks(self) -> pl.DataFrame:
        """account_id, mark: another mark, other rows."""
        return digests(self.book)

    @cached_property
    def whole(self) -> Book:
        """The book, and since when its history covers a field."""
        book = self.book
        return Book(book.tables, book.present, book.observed_until, value_starts(book))

    def part(self, accounts: pl.Series | None = None) -> Book:
        """The rows of some accounts, or of all, and what the whole book says of itself."""
        return self.whole if accounts is None else part_of_book(self.whole, accounts)


def digests(book: Book) -> pl.DataFrame:
    """account_id, mark (UInt64) of every account that any row belongs to, in no order."""
    deals = book["opportunities"].select(OPPORTUNITY_ID, ACCOUNT_ID)
    sums = []
    for number, table in enumerate(TABLES):
        rows = book[table]
        names = rows.collect_schema().names()
        if ACCOUNT_ID not in names and OPPORTUNITY_ID not in names:
            continue
        row = pl.struct(names).hash(seed=number).alias(MARK)
        key = ACCOUNT_ID if ACCOUNT_ID in names else OPPORTUNITY_ID
        marked = rows.select(key, row).group_by(key).agg(pl.col(MARK).sum())
        if key == OPPORTUNITY_ID:
            marked = marked.join(deals, on=OPPORTUNITY_ID)
        sums.append(marked.select(ACCOUNT_ID, MARK))
    return pl.concat(sums).group_by(ACCOUNT_ID).agg(pl.col(MARK).sum()).collect(engine="streaming")


def changed(before: pl.DataFrame, after: pl.DataFrame) -> pl.Series:
    """The accounts whose mark is another, that are new or that are gone; sorted ids.

    Args:
        before: account_id, mark.
        after: the same of a later night.
    """
    beside = after.join(before.rename({MARK: _BEFORE}), on=ACCOUNT_ID, how="full", coalesce=True)
    return beside.filter(pl.col(MARK).ne_missing(pl.col(_BEFORE)))[ACCOUNT_ID].sort()


def part_of_book(book: Book, accounts: pl.Series) -> Book:
    """The rows of some accounts, in memory; tables of no account as they are."""
    asked = pl.LazyFrame({ACCOUNT_ID: accounts})
    deals = book["opportunities"].join(asked, on=ACCOUNT_ID, how="semi").select(OPPORTUNITY_ID)
    tables = {}
    for table, rows in book.tables.items():
        names = rows.collect_schema().names()
        if ACCOUNT_ID in names:
            tables[table] = rows.join(asked, on=ACCOUNT_ID, how="semi")
        elif OPPORTUNITY_ID in names:
            tables[table] = rows.join(deals, on=OPPORTUNITY_ID, how="semi")
        else:
            tables[table] = rows
    found = pl.collect_all(list(tables.values()))
    lazy = {table: rows.lazy() for table, rows in zip(tables, found, strict=True)}
    return Book(MappingProxyType(lazy), book.present, book.observed_until, book.value_starts)
