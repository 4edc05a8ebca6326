"""Scatter: a book too large for memory, cut on disk by a hash of the account.

Each table is read once, as a stream, and every row is written to the part of its account. A part
is a book like any other, and what the whole book knows about itself travels with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import polars as pl
from polars.io.partition import FileProviderArgs

from features.book import Book
from features.history import value_starts
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES

PART = "_part"
_OF_DEAL = f"{PART}_deal"


def part_of(account_id: pl.Expr, parts: int) -> pl.Expr:
    """The part of an account: a hash of its id, the same in every process with this Polars."""
    return (account_id.hash(seed=0) % parts).cast(pl.Int32)


@dataclass(frozen=True)
class Scattered:
    """A book in parts on disk.

    Attributes:
        folders: one of each part, there even where the part holds no row.
        whole: the book that was cut, which knows since when its history covers a field.
    """

    folders: Sequence[Path]
    whole: Book

    def part(self, number: int) -> Book:
        """One part: the tables of its accounts, and those that belong to no account."""
        tables: dict[str, pl.LazyFrame] = {}
        for table, rows in self.whole.tables.items():
            files = sorted(self.folders[number].glob(f"{table}.*.parquet"))
            is_cut = {ACCOUNT_ID, OPPORTUNITY_ID} & set(rows.collect_schema().names())
            tables[table] = pl.scan_parquet(files) if files else rows.clear() if is_cut else rows
        whole = self.whole
        return Book(
            MappingProxyType(tables), whole.present, whole.observed_until, whole.value_starts
        )


def scatter(book: Book, folder: Path, parts: int) -> Scattered:
    """Write a book in parts, one folder each.

    An activity of a deal whose account is of another part is written to both.

    Args:
        book: tables that can be streamed.
        folder: where the parts go.
        parts: how many.

    Raises:
        ValueError: for fewer than one part.
    """
    if parts < 1:
        raise ValueError(f"expected at least one part, got {parts}")
    of_account = part_of(pl.col(ACCOUNT_ID), parts).alias(PART)
    of_deal = (
        book["opportunities"].select(OPPORTUNITY_ID, of_account).collect(engine="streaming").lazy()
    )
    for table in TABLES:
        names = book[table].collect_schema().names()
        if ACCOUNT_ID in names:
            rows = book[table].with_columns(of_account)
        elif OPPORTUNITY_ID in names:
            rows = book[table].join(of_deal, on=OPPORTUNITY_ID)
        else:
            continue
        _write(rows, folder, f"{table}.own")
        if table == "activities" and OPPORTUNITY_ID in names:
            both = rows.join(of_deal, on=OPPORTUNITY_ID, suffix="_deal")
            strays = both.filter(pl.col(PART) != pl.col(_OF_DEAL))
            moved = strays.with_columns(pl.col(_OF_DEAL).alias(PART)).drop(_OF_DEAL)
            _write(moved, folder, f"{table}.strays")
    folders = [folder / f"{part:04d}" for part in range(parts)]
    whole = Book(book.tables, book.present, book.observed_until, value_starts(book))
    return Scattered(folders, whole)


def _write(rows: pl.LazyFrame, folder: Path, name: str) -> None:
    def path(asked: FileProviderArgs) -> str:
        part = asked.partition_keys.item(0, 0)
        return f"{part:04d}/{name}.{asked.index_in_partition}.parquet"

    cut = pl.PartitionBy(folder, key=PART, include_key=False, file_path_provider=path)
    rows.sink_parquet(cut, compression="lz4", statistics=False, mkdir=True)
