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
    OCCURRED_AT,
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
_CODE, _DEAL = "_code", "_deal"
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
        if STRAYS not in self.tables:
            return pl.DataFrame()
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


def coded(
    book: Book, accounts: pl.Series, calendar: Calendar, *, is_of_deals: bool = True
) -> CodedBook:
    """Give the accounts of a book codes and bring its tables in order.

    Args:
        book: the CRM.
        accounts: ids of the accounts that are asked about; others are left out.
        calendar: for rows that have a day without an hour.
        is_of_deals: whether rows are asked for by deal; only then are strays looked for.
    """
    ids = accounts.unique().sort()
    code_of = pl.DataFrame({ACCOUNT_ID: ids}).with_row_index(_CODE).lazy()
    deals = (
        book["opportunities"]
        .join(code_of, on=ACCOUNT_ID)
        .select(OPPORTUNITY_ID, _CODE)
        .sort(_CODE, OPPORTUNITY_ID)
        .with_row_index(_DEAL)
        .collect(engine="streaming")
    )

    def made(name: str) -> pl.DataFrame:
        if name == STRAYS:
            return _ordered(_strays(book, code_of, deals.lazy()))
        return _ordered(_recoded(_read(book, name, calendar), code_of, deals.lazy()))

    names = (*_OF_ACCOUNTS, *_OF_DEALS, *((STRAYS,) if is_of_deals else ()))
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # what sorts one table waits on one core
        tables = dict(zip(names, pool.map(made, names), strict=True))
    starts = {name: _starts(rows, len(ids)) for name, rows in tables.items()}
    plain = {name: rows.drop(_CODE) for name, rows in tables.items()}
    whole = Book(book.tables, book.present, book.observed_until, value_starts(book))
    return CodedBook(ids, deals[OPPORTUNITY_ID], plain, starts, whole)


def _read(book: Book, table: str, calendar: Calendar) -> pl.DataFrame:
    """The columns that features read, in one chunk, beside the moment of each row.

    To fetch a place among many chunks is to search for its chunk first.
    """
    spec: Table = TABLES[table]
    moment = pl.lit(None, TIME) if spec.moment is None else happened(spec, calendar)
    there = book[table].collect_schema().names()
    cells = [_cell(name) for name in there if name not in _UNREAD.get(table, ())]
    rows = book[table].select(*cells, moment.alias(MOMENT))
    return rows.collect(engine="streaming").rechunk()


def _cell(name: str) -> pl.Expr:
    value = pl.col(name)
    if name in _WORDS:
        return value.cast(pl.Categorical())
    if name in _PEOPLE:
        return pl.when(value.is_not_null()).then(value.hash(seed=0)).alias(name)
    return value


def _recoded(rows: pl.DataFrame, code_of: pl.LazyFrame, deals: pl.LazyFrame) -> pl.DataFrame:
    """The rows of the accounts that have a code, with codes as ids.

    Only ids go through the joins; the other columns wait for the one move into order.
    """
    is_of_accounts = ACCOUNT_ID in rows.columns
    codes = rows.lazy().select(
        name for name in (ACCOUNT_ID, OPPORTUNITY_ID) if name in rows.columns
    )
    if OPPORTUNITY_ID in rows.columns:
        of_deals = deals if not is_of_accounts else deals.select(OPPORTUNITY_ID, _DEAL)
        codes = codes.join(of_deals, on=OPPORTUNITY_ID, how="left", maintain_order="left")
        codes = codes.with_columns(pl.col(_DEAL).alias(OPPORTUNITY_ID)).drop(_DEAL)
    if is_of_accounts:
        codes = codes.join(code_of, on=ACCOUNT_ID, how="left", maintain_order="left")
        codes = codes.with_columns(pl.col(_CODE).alias(ACCOUNT_ID))
    found = rows.with_columns(codes.collect())
    return found.filter(pl.col(_CODE).is_not_null()) if found[_CODE].null_count() else found


def _strays(book: Book, code_of: pl.LazyFrame, deals: pl.LazyFrame) -> pl.DataFrame:
    """Activities of a deal that name another account than the deal's, by the deal's account."""
    rows = book["activities"]
    if OPPORTUNITY_ID not in rows.collect_schema().names():
        return pl.DataFrame(schema={_CODE: CODE, MOMENT: TIME})
    cells = [_cell(name) for name in rows.collect_schema() if name not in _UNREAD["activities"]]
    return (
        rows.select(*cells, pl.col(OCCURRED_AT).alias(MOMENT))
        .join(deals, on=OPPORTUNITY_ID)
        .join(code_of.rename({_CODE: "_own"}), on=ACCOUNT_ID, how="left")
        .filter(pl.col(_CODE).ne_missing(pl.col("_own")))
        .with_columns(pl.col("_own").alias(ACCOUNT_ID), pl.col(_DEAL).alias(OPPORTUNITY_ID))
        .drop("_own", _DEAL)
        .collect(engine="streaming")
    )


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows by account and moment."""
    order = in_order(rows[_CODE], rows[MOMENT])
    return rows.lazy().drop(MOMENT).select(pl.all().gather(order)).collect()


def _starts(rows: pl.DataFrame, accounts: int) -> npt.NDArray[np.int64]:
    codes = rows[_CODE].to_numpy()
    return np.searchsorted(codes, np.arange(accounts + 1)).astype(np.int64)
