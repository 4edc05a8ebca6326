"""Peer: every account feature of the catalogue by the project's own engine, context included."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from features.book import Book, make_book
from features.build import account_features
from features.calendar import Calendar
from features.coded import columns_read
from features.context import build_context
from features.schema import RECORDED_AT, TABLES
from features.snapshot import account_spine

FOUND = ("accounts", "opportunities", "activities", "opportunity_changes", "invoices", "tickets")
"""The tables that the generator makes; features of the others are null throughout."""


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The catalogue's columns of every account at every as_of."""
    book, calendar = read_book(folder, until=max(as_ofs)), Calendar()
    context = build_context(book, as_ofs, calendar)
    return account_features(book, account_spine(book, as_ofs), context, calendar, way="fast")


def read_book(folder: Path, *, until: datetime) -> Book:
    """The generator's tables as a book, streamed from their files."""
    tables = {table: _contract(folder, table) for table in FOUND}
    return make_book(tables, observed_until=until)


def _contract(folder: Path, table: str) -> pl.LazyFrame:
    """A file's columns in the contract's dtypes, `recorded_at` never empty in event tables."""
    spec = TABLES[table]
    read = set(columns_read(table))
    rows = pl.scan_parquet(folder / f"{table}.parquet")
    there = read & set(rows.collect_schema().names())
    cells = [
        (pl.col(name) if name in there else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in spec.schema.items()
    ]
    filled = pl.coalesce(RECORDED_AT, spec.moment) if spec.moment else pl.col(RECORDED_AT)
    return rows.select(cells).with_columns(filled.alias(RECORDED_AT))
