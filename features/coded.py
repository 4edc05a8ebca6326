"""Coded book: ids as numbers, tables in the order of account and moment, cut by account for free.

Ids of accounts, deals and people are hashed while their files are read: the text of millions of
rows is never kept. What follows works on small integers and on slices, and never looks at an
account outside its part.
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
from features.order import in_order
from features.schema import (
    ACCOUNT_ID,
    OPPORTUNITY_ID,
    TABLES,
    TIME,
    Table,
)
from features.timeline import MOMENT

CODE = pl.UInt32()
STRAYS = "strays"
_CODE, _DEAL, _HASH = "_code", "_deal", "_hash"
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

_IDS = (ACCOUNT_ID, OPPORTUNITY_ID, "contact_id", "rep_id")
"""Text that is only told apart: 64-bit hashes from here on. Those of the accounts and deals asked
about are seen to be distinct. Two of twenty people of an account share one with a chance of 1e-17,
and one of a million rows with an id that is not asked about is taken for another's with 1e-8."""

_SEEDS = range(8)


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
    codes = _codes(book, ids)

    def made(name: str) -> dict[str, pl.DataFrame]:
        found = _recoded(_read(book, name, calendar, codes.seed), codes)
        told = {name: found.drop_nulls(_CODE) if found[_CODE].has_nulls() else found}
        if name == "activities" and is_of_deals:
            told[STRAYS] = _strays(found, codes)
        return {name: _ordered(rows) for name, rows in told.items()}

    with ThreadPoolExecutor(_AT_ONCE) as pool:  # what sorts one table waits on one core
        each = list(pool.map(made, (*_OF_ACCOUNTS, *_OF_DEALS)))
    tables = {name: rows for told in each for name, rows in told.items()}
    starts = {name: _starts(rows, len(ids)) for name, rows in tables.items()}
    plain = {name: rows.drop(_CODE) for name, rows in tables.items()}
    whole = Book(book.tables, book.present, book.observed_until, value_starts(book))
    return CodedBook(ids, codes.deals[OPPORTUNITY_ID], plain, starts, whole)


@dataclass(frozen=True, slots=True, eq=False)
class _Codes:
    """What the ids of a run become.

    Attributes:
        accounts: hash of an account's id, _CODE.
        deals: opportunity_id, its hash, _CODE of its account, _DEAL; by code.
        seed: of the hashes, such that no two of these ids share one.
    """

    accounts: pl.DataFrame
    deals: pl.DataFrame
    seed: int


def _codes(book: Book, ids: pl.Series) -> _Codes:
    accounts = pl.DataFrame({ACCOUNT_ID: ids}).with_row_index(_CODE)
    deals = (
        book["opportunities"]
        .select(OPPORTUNITY_ID, ACCOUNT_ID)
        .join(accounts.lazy(), on=ACCOUNT_ID)
        .sort(_CODE, OPPORTUNITY_ID)
        .select(OPPORTUNITY_ID, _CODE)
        .with_row_index(_DEAL)
        .collect(engine="streaming")
    )
    for seed in _SEEDS:
        of_accounts, of_deals = ids.hash(seed=seed), deals[OPPORTUNITY_ID].hash(seed=seed)
        if all(named.n_unique() == len(named) for named in (of_accounts, of_deals)):
            return _Codes(
                accounts.with_columns(of_accounts.alias(_HASH)),
                deals.with_columns(of_deals.alias(_HASH)),
                seed,
            )
    raise ValueError(
        f"expected ids that are told apart, found {len(ids)} accounts and {deals.height} deals, "
        f"of them {deals[OPPORTUNITY_ID].n_unique()} different"
    )


def _read(book: Book, table: str, calendar: Calendar, seed: int) -> pl.DataFrame:
    """The columns that features read, in one chunk, beside the moment of each row.

    To fetch a place among many chunks is to search for its chunk first.
    """
    spec: Table = TABLES[table]
    moment = pl.lit(None, TIME) if spec.moment is None else happened(spec, calendar)
    there = book[table].collect_schema().names()
    cells = [_cell(name, seed) for name in there if name not in _UNREAD.get(table, ())]
    rows = book[table].select(*cells, moment.alias(MOMENT))
    return rows.collect(engine="streaming").rechunk()


def _cell(name: str, seed: int) -> pl.Expr:
    value = pl.col(name)
    if name in _WORDS:
        return value.cast(pl.Categorical())
    if name in _IDS:
        return pl.when(value.is_not_null()).then(value.hash(seed=seed)).alias(name)
    return value


def _recoded(rows: pl.DataFrame, codes: _Codes) -> pl.DataFrame:
    """The rows with codes as ids, and the code of the account that they count for.

    Only ids go through the joins; the other columns wait for the one move into order.
    """
    found = rows
    if OPPORTUNITY_ID in rows.columns:
        of_deals = _looked_up(rows[OPPORTUNITY_ID], codes.deals.select(_HASH, _DEAL, _CODE))
        found = found.with_columns(of_deals[_DEAL].alias(OPPORTUNITY_ID), of_deals[_CODE])
    if ACCOUNT_ID in rows.columns:
        code = _looked_up(rows[ACCOUNT_ID], codes.accounts.select(_HASH, _CODE))[_CODE]
        found = found.with_columns(code.alias(ACCOUNT_ID), code)
    return found


def _looked_up(hashes: pl.Series, codes: pl.DataFrame) -> pl.DataFrame:
    asked = pl.DataFrame({_HASH: hashes})
    return asked.join(codes, on=_HASH, how="left", maintain_order="left")


def _strays(rows: pl.DataFrame, codes: _Codes) -> pl.DataFrame:
    """Activities of a deal that name another account than the deal's, by the deal's account."""
    if OPPORTUNITY_ID not in rows.columns:
        return rows.clear()
    of_deal = codes.deals[_CODE].gather(rows[OPPORTUNITY_ID])
    return rows.with_columns(of_deal.alias(_CODE)).filter(
        pl.col(_CODE).ne_missing(pl.col(ACCOUNT_ID)) & pl.col(_CODE).is_not_null()
    )


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows by account and moment."""
    return rows.drop(MOMENT)[in_order(rows[_CODE], rows[MOMENT])]


def _starts(rows: pl.DataFrame, accounts: int) -> npt.NDArray[np.int64]:
    codes = rows[_CODE].to_numpy()
    return np.searchsorted(codes, np.arange(accounts + 1)).astype(np.int64)
