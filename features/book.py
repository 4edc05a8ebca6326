"""Book: the tables of one CRM as one frozen value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

import polars as pl

from features.schema import TABLES, conform, empty


@dataclass(frozen=True, slots=True)
class Book:
    """Every contract table of one CRM; a table that the source lacks is there without rows.

    Attributes:
        tables: table name → frame with exactly the contract's columns. In event tables
            `recorded_at` is never null (it defaults to the row's moment).
        present: table name → the columns that the source had and filled at least once. What is
            not here was not known to the source, which differs from "there was none".
        observed_until: the moment up to which the source can be trusted to be complete, UTC.
            A label is mature when its window ends at or before it.
        value_starts: of a part of a book: table and mutable column → when the whole book first
            knew of a change. None for a whole book, which is asked itself.
    """

    tables: Mapping[str, pl.LazyFrame]
    present: Mapping[str, frozenset[str]]
    observed_until: datetime
    value_starts: Mapping[tuple[str, str], datetime | None] | None = None

    def __getitem__(self, table: str) -> pl.LazyFrame:
        """The frame of a contract table; KeyError for a name outside the contract."""
        return self.tables[table]

    def has(self, *needs: str) -> bool:
        """Whether the source filled every need, each `table` or `table.column`."""
        for need in needs:
            table, _, column = need.partition(".")
            if table not in self.present:
                return False
            if column and column not in self.present[table]:
                return False
        return True

    def missing(self, needs: Iterable[str]) -> tuple[str, ...]:
        """The needs that the source did not fill, in the order given."""
        return tuple(need for need in needs if not self.has(need))


def make_book(
    tables: Mapping[str, pl.LazyFrame],
    *,
    observed_until: datetime,
    present: Mapping[str, frozenset[str]] | None = None,
) -> Book:
    """Build a Book from contract frames; absent tables become empty ones.

    Args:
        tables: table name → frame that already conforms.
        observed_until: aware UTC moment.
        present: filled columns by table; read off the data when not given.

    Raises:
        SchemaError: when a frame does not conform.
        ValueError: for a table outside the contract or a naive `observed_until`.
    """
    if observed_until.tzinfo is None:
        raise ValueError(f"expected observed_until with a time zone, got {observed_until}")
    unknown = sorted(set(tables) - set(TABLES))
    if unknown:
        raise ValueError(f"expected tables of the contract, got {unknown}")
    checked = {name: conform(name, frame) for name, frame in tables.items()}
    if present is None:
        present = {name: filled(frame) for name, frame in checked.items()}
    whole = {name: checked.get(name, empty(name)) for name in TABLES}
    known = {name: columns for name, columns in present.items() if columns}
    return Book(MappingProxyType(whole), MappingProxyType(known), observed_until)


def filled(frame: pl.LazyFrame) -> frozenset[str]:
    """Names of the columns with at least one value."""
    counts = frame.select(pl.all().count()).collect()
    return frozenset(name for name in counts.columns if counts[name][0] > 0)
