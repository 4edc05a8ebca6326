"""Coded book: ids as numbers, tables in the order of account and moment, cut by account for free.

Ids of accounts, deals and contacts are hashed once for a whole run. What follows works on small
integers and on slices, and never looks at an account outside its part.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import happened, value_starts
from features.schema import (
    ACCOUNT_ID,
    OPPORTUNITY_ID,
    TABLES,
    TIME,
    Table,
)
from features.timeline import (
    MOMENT,
    in_order,
)

CODE = pl.UInt32()
STRAYS = "strays"
_AT_ONCE = 2

_OF_ACCOUNTS = (
    "activities",
    "accounts",
    "account_changes",
    "opportunities",
    "contacts",
    "contracts",
    "invoices",
    "tickets",
    "usage",
    "referrals",
)
_OF_DEALS = ("opportunity_changes", "opportunity_contacts", "covenants", "quotes")
_UNREAD = MappingProxyType(
    {
        "activities": ("activity_id",),
        "invoices": ("invoice_id", "currency"),
        "tickets": ("ticket_id", "priority"),
        "opportunities": ("name", "next_step"),
        "opportunity_changes": ("changed_by",),
        "account_changes": ("changed_by",),
        "accounts": ("name", "parent_account_id", "merged_into"),
    }
)
"""Columns that no feature reads: they are not even decoded."""

_WORDS = ("kind", "field", "metric")
"""Text of few values that is compared with words: codes from here on."""

_PEOPLE = ("contact_id", "rep_id")
"""Text that is only told apart within an account: 64-bit hashes from here on. Two of twenty people
of an account share one with a chance of 1e-17."""


@dataclass(frozen=True, eq=False)
class CodedBook:
    """A book whose ids are codes and whose tables are sorted by account, then by moment.

    Attributes:
        accounts: id of each account code, in the order of the ids; only these accounts are there.
        deals: id of each deal code, by account.
        tables: contract tables with codes as ids; the rest of the book stands in `rest`.
        starts: table → first row of each account, and the end.
        rest: the tables that belong to no account, and what the whole book says of itself.
    """

    accounts: pl.Series
    deals: pl.Series
    tables: Mapping[str, pl.DataFrame]
    starts: Mapping[str, npt.NDArray[np.int64]]
    rest: Book

    def strays(self, first: int, after: int) -> pl.DataFrame:
        """Activities of the deals of these accounts that name an account of another part."""
        found = self._cut(STRAYS, first, after)
        if found.is_empty():
            return found
        is_here = pl.col(ACCOUNT_ID).is_between(first, after, closed="left")
        return found.filter(~is_here.fill_null(value=False))

    def _cut(self, table: str, first: int, after: int) -> pl.DataFrame:
        begin, end = (int(self.starts[table][code]) for code in (first, after))
        return self.tables[table].slice(begin, end - begin)

    def part(self, first: int, after: int) -> Book:
        """The book of the accounts with codes from `first` to before `after`."""
        cut = {name: self._cut(name, first, after).lazy() for name in self.tables if name != STRAYS}
        return Book(
            MappingProxyType({**self.rest.tables, **cut}),
            self.rest.present,
            self.rest.observed_until,
            self.rest.value_starts,
        )


def columns_read(table: str) -> tuple[str, ...]:
    """The columns of a contract table that a coded book takes over."""
    unread = _UNREAD.get(table, ())
    return tuple(name for name in TABLES[table].schema if name not in unread)


def coded(book: Book, accounts: pl.Series, calendar: Calendar) -> CodedBook:
    """Give the accounts of a book codes and bring its tables in order.

    Args:
        book: the CRM.
        accounts: ids of the accounts that are asked about; others are left out.
        calendar: for rows that have a day without an hour.
    """
    ids = accounts.unique().sort()
    code_of = pl.DataFrame({ACCOUNT_ID: ids}).with_row_index("_code").lazy()
    deals = (
        _with_code(book["opportunities"], code_of)
        .select(OPPORTUNITY_ID, "_code")
        .sort("_code", OPPORTUNITY_ID)
        .with_row_index("_deal")
        .collect(engine="streaming")
    )

    def made(name: str) -> pl.DataFrame:
        if name == STRAYS:
            return _strays(book, code_of, deals)
        if name in _OF_ACCOUNTS:
            rows = _recoded(_with_code(_read(book, name), code_of), deals.lazy())
        else:
            found = _read(book, name).join(deals.lazy(), on=OPPORTUNITY_ID)
            rows = found.with_columns(pl.col("_deal").alias(OPPORTUNITY_ID)).drop("_deal")
        return _ordered(rows, name, calendar)

    names = (*_OF_ACCOUNTS, *_OF_DEALS, STRAYS)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # what sorts one table waits on one core
        tables = dict(zip(names, pool.map(made, names), strict=True))
    starts = {name: _starts(rows, len(ids)) for name, rows in tables.items()}
    plain = {name: rows.drop("_code") for name, rows in tables.items()}
    whole = Book(book.tables, book.present, book.observed_until, value_starts(book))
    return CodedBook(ids, deals[OPPORTUNITY_ID], plain, starts, whole)


def _read(book: Book, table: str) -> pl.LazyFrame:
    rows = book[table].drop(_UNREAD.get(table, ()), strict=False)
    there = rows.collect_schema().names()
    words = [pl.col(name).cast(pl.Categorical()) for name in _WORDS if name in there]
    people = [_told_apart(pl.col(name)).alias(name) for name in _PEOPLE if name in there]
    return rows.with_columns(*words, *people)


def _told_apart(text: pl.Expr) -> pl.Expr:
    return pl.when(text.is_not_null()).then(text.hash(seed=0))


def _with_code(rows: pl.LazyFrame, code_of: pl.LazyFrame) -> pl.LazyFrame:
    coded_rows = rows.join(code_of, on=ACCOUNT_ID)
    return coded_rows.with_columns(pl.col("_code").alias(ACCOUNT_ID))


def _recoded(rows: pl.LazyFrame, deals: pl.LazyFrame) -> pl.LazyFrame:
    """Rows whose deal, where they name one, is a code too."""
    if OPPORTUNITY_ID not in rows.collect_schema().names():
        return rows
    codes = deals.select(OPPORTUNITY_ID, "_deal")
    coded_rows = rows.join(codes, on=OPPORTUNITY_ID, how="left")
    return coded_rows.with_columns(pl.col("_deal").alias(OPPORTUNITY_ID)).drop("_deal")


def _strays(book: Book, code_of: pl.LazyFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """Activities of a deal that name another account than the deal's, by the deal's account."""
    rows = _read(book, "activities")
    if OPPORTUNITY_ID not in rows.collect_schema().names():
        return pl.DataFrame(schema={"_code": CODE})
    own = code_of.rename({"_code": "_own"})
    found = (
        rows.join(deals.lazy(), on=OPPORTUNITY_ID)
        .join(own, on=ACCOUNT_ID, how="left")
        .filter(pl.col("_code").ne_missing(pl.col("_own")))
        .with_columns(pl.col("_own").alias(ACCOUNT_ID), pl.col("_deal").alias(OPPORTUNITY_ID))
        .drop("_own", "_deal")
    )
    return _ordered(found, "activities", Calendar())


def _ordered(rows: pl.LazyFrame, table: str, calendar: Calendar) -> pl.DataFrame:
    """Rows by account and moment."""
    spec: Table = TABLES[table]
    moment = pl.lit(None, TIME) if spec.moment is None else happened(spec, calendar)
    # One chunk: to fetch a place among many chunks is to search for its chunk first.
    read = rows.with_columns(moment.alias(MOMENT)).collect(engine="streaming").rechunk()
    order = in_order(read["_code"], read[MOMENT])
    return read.lazy().drop(MOMENT).select(pl.all().gather(order)).collect()


def _starts(rows: pl.DataFrame, accounts: int) -> npt.NDArray[np.int64]:
    codes = rows["_code"].to_numpy()
    return np.searchsorted(codes, np.arange(accounts + 1)).astype(np.int64)
