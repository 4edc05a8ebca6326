"""Given: one contract table as its source gave it, before a single cell was read."""

import difflib
from dataclasses import dataclass

import polars as pl

from features.crm.records import LINE, RAW, Records
from features.schema import TABLES, SchemaError


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A table of the source.

    Attributes:
        table: the contract's name.
        file: what a message calls its origin.
        cells: `#line`, perhaps `#raw`, then the contract's columns that the source has, in
            whatever dtype it has them.
        broken: rows that could not be cut into cells, as `Records.broken`; None for none.
        unknown: columns outside the contract, left unread.
    """

    table: str
    file: str
    cells: pl.DataFrame
    broken: pl.DataFrame | None = None
    unknown: tuple[str, ...] = ()

    @property
    def rows_in(self) -> int:
        """Rows of the source, those that could not be cut included."""
        return self.cells.height + (0 if self.broken is None else self.broken.height)

    @property
    def columns(self) -> tuple[str, ...]:
        """The contract's columns that the source has."""
        return tuple(name for name in self.cells.columns if name not in (LINE, RAW))

    def raw(self, rows: pl.Series) -> pl.Series:
        """The raw text of these rows (places in `cells`); a typed row is written as JSON."""
        chosen = self.cells[rows]
        if RAW in chosen.columns:
            return chosen[RAW]
        if chosen.height == 0:
            return pl.Series(RAW, [], dtype=pl.String)
        texts = [pl.col(name).cast(pl.String) for name in self.columns]
        return chosen.select(pl.struct(texts).struct.json_encode().alias(RAW))[RAW]


def from_records(table: str, file: str, records: Records) -> Given:
    """A table from the records of a CSV file.

    Raises:
        SchemaError: when a required column is missing.
    """
    _require(table, file, records.header)
    known = [name for name in TABLES[table].schema if name in records.header]
    unknown = tuple(name for name in records.header if name not in known)
    return Given(table, file, records.cells.select(LINE, RAW, *known), records.broken, unknown)


def from_frame(table: str, file: str, frame: pl.DataFrame) -> Given:
    """A table from a typed frame; a line number is the row's place, from 1.

    Raises:
        SchemaError: when a required column is missing or holds lists or structs.
    """
    _require(table, file, frame.columns)
    known = [name for name in TABLES[table].schema if name in frame.columns]
    for name in known:
        if frame.schema[name].is_nested() or frame.schema[name] in (pl.Binary, pl.Object):
            raise SchemaError(
                f"table {table}, file {file}, column {name}: expected plain values, "
                f"found {frame.schema[name]}"
            )
    cells = frame.select(known).with_row_index(LINE, offset=1)
    unknown = tuple(name for name in frame.columns if name not in known)
    return Given(table, file, cells.with_columns(pl.col(LINE).cast(pl.Int64)), None, unknown)


def _require(table: str, file: str, found: tuple[str, ...] | list[str]) -> None:
    missing = [name for name in TABLES[table].required if name not in found]
    if not missing:
        return
    parts = [_missing(name, found) for name in missing]
    hint = ""
    if len(found) == 1 and any(mark in found[0] for mark in ";\t|"):
        hint = " (the columns seem not to be separated by commas)"
    raise SchemaError(
        f"table {table}, file {file}: expected {' and '.join(parts)}; "
        f"found columns {', '.join(found)}{hint}"
    )


def _missing(name: str, found: tuple[str, ...] | list[str]) -> str:
    nearest = difflib.get_close_matches(name, found, n=3, cutoff=0.0)
    return f"column {name} (nearest: {', '.join(nearest) or 'none'})"
