"""Segments: all the rows of some accounts, in the order of the accounts, in files of their own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from features.book import Book
from features.coded import columns_read
from features.columns import Columns, Ints, write_columns
from features.history import known_from
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES
from features.sealed import Json, check, sealed

NO_ACCOUNT = ""
"""In whose place stand rows of a deal that the book does not have."""

OF_ACCOUNTS = tuple(name for name, spec in TABLES.items() if ACCOUNT_ID in spec.schema)
OF_DEALS = tuple(
    name
    for name, spec in TABLES.items()
    if OPPORTUNITY_ID in spec.schema and ACCOUNT_ID not in spec.schema
)
CUT = (*OF_ACCOUNTS, *OF_DEALS)
"""The tables whose rows belong to an account."""

KEY, CODE, ROWS = "_key", "_code", "_rows"

_ACCOUNTS, _STARTS = "accounts.parquet", "starts.parquet"


@dataclass(frozen=True, eq=False)
class Segment:
    """All the rows of some accounts as they were when the segment was written.

    Attributes:
        folder: where they are.
        told: what `write_segment` said of them.
    """

    folder: Path
    told: Json

    @cached_property
    def tables(self) -> Mapping[str, Columns]:
        """The rows of each table, not read yet."""
        forms = self.told["tables"]
        return {table: Columns(self.folder / f"{table}.cells", forms[table]) for table in CUT}

    @cached_property
    def accounts(self) -> pl.DataFrame:
        """account_id, its code here (by id), and how many rows it has in all.

        Raises:
            DamagedError: for files of another size, or accounts that are not those written.
        """
        check(self.folder, self.told["seals"], deep=[_ACCOUNTS])
        return pl.read_parquet(self.folder / _ACCOUNTS).with_row_index(CODE)

    @property
    def mark(self) -> int:
        """64 bits of the hash of all its files."""
        told = repr(sorted(self.told["seals"].items())).encode()
        return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), "big")

    def rows(self, table: str, accounts: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
        """The rows of some of the accounts, with these columns.

        Args:
            table: one of `CUT`.
            accounts: rows of `accounts`, by code.
            names: columns of the contract, and KEY; those that are not kept are null.
        """
        schema = {**TABLES[table].schema, KEY: pl.UInt64()}
        is_of_accounts = table in OF_ACCOUNTS
        cells = {n: schema[n] for n in names if not (is_of_accounts and n == ACCOUNT_ID)}
        codes = accounts[CODE].to_numpy().astype(np.int64)
        found = self.tables[table].rows(codes, schema=cells)
        if is_of_accounts and ACCOUNT_ID in names:
            place = np.repeat(np.arange(len(codes)), self.tables[table].counts(codes))
            found = found.with_columns(accounts[ACCOUNT_ID].gather(place))
        return found.select(names)

    def holders(self, table: str, keys: Ints) -> pl.Series:
        """Codes of the accounts that hold a row of one of these keys.

        Args:
            table: one of `CUT`.
            keys: hashes, sorted.
        """
        there, owners = (self.tables[table].array(name) for name in ("keys", "owners"))
        first = np.searchsorted(there, keys)
        after = np.searchsorted(there, keys, side="right")
        is_there = first < after
        pairs = zip(first[is_there], after[is_there], strict=True)
        found = [owners[begin:end] for begin, end in pairs]
        return pl.Series(CODE, np.concatenate(found) if found else owners[:0], pl.UInt32).unique()

    def firsts(self) -> pl.DataFrame:
        """Code of the account, table, field, known: the first change of a field."""
        return pl.read_parquet(self.folder / _STARTS)


def write_segment(folder: Path, tables: Mapping[str, pl.DataFrame], accounts: pl.Series) -> Json:
    """Write the rows of some accounts.

    Args:
        folder: there; what else is in it is sealed too.
        tables: as `stored` gives them, of all of `CUT`.
        accounts: whose rows these are; those without a row included.

    Returns:
        What `Segment` has to know of them.
    """
    of_deals = tables["opportunities"].select(OPPORTUNITY_ID, ACCOUNT_ID)
    index = accounts.unique().sort().alias(ACCOUNT_ID).to_frame().with_row_index(CODE)
    rows_of = np.zeros(index.height, np.int64)
    forms, firsts = {}, []
    for table in CUT:
        rows = tables[table]
        if table in OF_DEALS:
            rows = rows.join(of_deals, on=OPPORTUNITY_ID, how="left", maintain_order="left")
            rows = rows.with_columns(pl.col(ACCOUNT_ID).fill_null(NO_ACCOUNT))
        rows = rows.join(index, on=ACCOUNT_ID, how="left", maintain_order="left")
        rows = rows.drop(ACCOUNT_ID).sort(CODE, maintain_order=True)
        codes = rows[CODE].to_numpy()
        starts = np.searchsorted(codes, np.arange(index.height + 1)).astype(np.int64)
        rows_of += np.diff(starts)
        order = rows[KEY].arg_sort().to_numpy()
        arrays = {"keys": rows[KEY].to_numpy()[order], "owners": codes[order]}
        forms[table] = write_columns(rows.drop(CODE), starts, folder / f"{table}.cells", arrays)
        if "field" in rows.columns:
            known = known_from(TABLES[table]).min().alias("known")
            first = rows.group_by(CODE, "field").agg(known)
            firsts.append(first.with_columns(pl.lit(table).alias("table")))
    pl.concat(firsts).write_parquet(folder / _STARTS)
    told = index.select(ACCOUNT_ID, pl.Series(ROWS, rows_of))
    told.write_parquet(folder / _ACCOUNTS)
    return {"name": folder.name, "tables": forms, "seals": sealed(folder)}


def stored(book: Book, table: str) -> pl.DataFrame:
    """The columns of a table that features read, and the hash of each row's key."""
    return book[table].select(*columns_read(table), key_of_row(table)).collect()


def key_of_row(table: str) -> pl.Expr:
    """What tells a row from others: the hash of its key, of all its cells without one."""
    names = TABLES[table].key or tuple(TABLES[table].schema)
    cells = pl.col(names[0]) if len(names) == 1 else pl.struct(names)
    return cells.hash(seed=0).alias(KEY)


def counted(rows: pl.DataFrame) -> dict[str, int]:
    """Column → how many rows fill it."""
    return {name: rows.height - rows[name].null_count() for name in rows.columns if name != KEY}
