"""Changes: what a CRM entered, modified and removed since it was read the last time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from features.book import Book
from features.schema import TABLES
from features.segments import key_of_row


@dataclass(frozen=True, slots=True)
class Changes:
    """The rows of an incremental read.

    Attributes:
        rows: new and modified rows, complete; a row takes the place of the one with its key, of
            equal rows of a table without a key one stays. Tables of no account are there as a
            whole. `observed_until` is that of the whole book.
        removed: table → the keys of the rows that are gone; of a table without a key all columns.
    """

    rows: Book
    removed: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def keys(self, table: str) -> pl.Series:
        """Hashes of the keys that were entered, modified or removed."""
        names = TABLES[table].key or tuple(TABLES[table].schema)
        entered = self.rows[table].select(names).collect()
        gone = self.removed.get(table, entered.clear()).select(names)
        return pl.concat([entered, gone]).select(key_of_row(table)).to_series()
