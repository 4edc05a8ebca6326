"""Quarantine: what became of every input row: accepted, quarantined or a duplicate."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import polars as pl

from features.schema import SALES_TABLES

QUARANTINE_FILE = "quarantine.parquet"


class Code(StrEnum):
    """Why a row was set aside, or accepted with a warning; the numbers never change."""

    BAD_ID = "E01"
    CONFLICTING_DUPLICATE = "E02"
    ORPHAN = "E03"
    BAD_DATE = "E04"
    BAD_NUMBER = "E05"
    CLOSED_BEFORE_CREATED = "E06"
    NOT_IN_LIST = "E07"
    UNKNOWN_OWNER = "E08"
    HISTORY_BEFORE_CREATION = "E09"
    OUTCOME_WITHOUT_CLOSE = "E10"
    NEGATIVE_AMOUNT = "E11"
    BAD_ENCODING = "E12"
    RAGGED_ROW = "E13"
    NO_EXCHANGE_RATE = "E14"
    FUTURE_STAMP = "E15"


FAULT_SCHEMA: Mapping[str, pl.DataType] = {
    "table": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),
    "code": pl.String(),
    "column": pl.String(),
    "expected": pl.String(),
    "found": pl.String(),
    "also": pl.String(),
    "raw": pl.String(),
}
"""One set-aside row (or one warning); `also` lists the row's further codes."""

DUPLICATE_SCHEMA: Mapping[str, pl.DataType] = {
    "table": pl.String(),
    "file": pl.String(),
    "line": pl.Int64(),
    "id": pl.String(),
    "of_line": pl.Int64(),
}
"""One repeated row: its line, its id and the line of the equal row that was accepted."""


class DataRefusedError(ValueError):
    """The data cannot carry the run: too many rows set aside, or too few left."""


@dataclass(frozen=True, slots=True)
class TableCount:
    """Where the rows of one table went.

    Raises:
        ValueError: unless rows_in = accepted + quarantined + duplicates.
    """

    table: str
    rows_in: int
    accepted: int
    quarantined: int
    duplicates: int

    def __post_init__(self) -> None:
        parts = (self.accepted, self.quarantined, self.duplicates)
        if min(self.rows_in, *parts) < 0 or self.rows_in != sum(parts):
            raise ValueError(
                f"table {self.table}: expected {self.rows_in} rows in = accepted + quarantined"
                f" + duplicates, got {parts[0]} + {parts[1]} + {parts[2]} = {sum(parts)}"
            )


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a table may be set aside: more than both figures stops a run."""

    share: float = 0.05
    rows: int = 20

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0 or self.rows < 0:
            raise ValueError(f"expected a share in 0..1 and rows >= 0, got {self}")

    def is_exceeded(self, count: TableCount) -> bool:
        """Whether the table lost too much to go on."""
        over_share = count.quarantined > self.share * count.rows_in
        return over_share and count.quarantined > self.rows


LIMIT = Limit()


@dataclass(frozen=True, slots=True, eq=False)
class ReadReport:
    """The outcome of reading one source, row by row and table by table.

    Attributes:
        source: the address that was read.
        counts: one entry per table that was there.
        quarantined: rows as FAULT_SCHEMA.
        duplicates: rows as DUPLICATE_SCHEMA.
        warnings: rows as FAULT_SCHEMA; the rows they speak of were accepted.
        unknown_columns: table → columns outside the contract, which were not read.
        unknown_files: files of the source that name no table of the contract.
        notes: anything else that was seen, in words.
    """

    source: str
    counts: tuple[TableCount, ...]
    quarantined: pl.DataFrame
    duplicates: pl.DataFrame
    warnings: pl.DataFrame
    unknown_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown_files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for count in self.counts:
            is_table = pl.col("table") == count.table
            listed = self.quarantined.filter(is_table).height
            repeated = self.duplicates.filter(is_table).height
            if (listed, repeated) != (count.quarantined, count.duplicates):
                raise ValueError(
                    f"table {count.table}: expected {count.quarantined} quarantined rows and "
                    f"{count.duplicates} duplicates listed, got {listed} and {repeated}"
                )

    def count(self, table: str) -> TableCount:
        """The table's row accounting; all zero for a table that was not there."""
        for count in self.counts:
            if count.table == table:
                return count
        return TableCount(table, 0, 0, 0, 0)

    def refusals(self, limit: Limit = LIMIT) -> tuple[str, ...]:
        """Why a run on these data must stop, one sentence each; empty when it may go on."""
        over = tuple(self._over(count, limit) for count in self.counts if limit.is_exceeded(count))
        return over + self._nothing_left()

    def refuse_if_over_limit(self, limit: Limit = LIMIT) -> None:
        """Stop the run when too much was set aside or nothing is left to work on.

        Raises:
            DataRefusedError: naming each table with its counts and its first bad row.
        """
        refusals = self.refusals(limit)
        if refusals:
            raise DataRefusedError("; ".join(refusals))

    def to_mapping(self) -> dict[str, object]:
        """The report without row contents, ready for JSON."""
        return {
            "source": self.source,
            "tables": [
                {
                    "table": count.table,
                    "rows_in": count.rows_in,
                    "accepted": count.accepted,
                    "quarantined": count.quarantined,
                    "duplicates": count.duplicates,
                }
                for count in self.counts
            ],
            "quarantined": tally(self.quarantined),
            "warnings": tally(self.warnings),
            "unknown_columns": {
                name: list(self.unknown_columns[name]) for name in sorted(self.unknown_columns)
            },
            "unknown_files": list(self.unknown_files),
            "notes": list(self.notes),
            "refusals": list(self.refusals()),
        }

    def _over(self, count: TableCount, limit: Limit) -> str:
        rows = self.quarantined.filter(pl.col("table") == count.table).sort("line")
        return (
            f"table {count.table}: expected at most {limit.share:.0%} of its rows and "
            f"{limit.rows} rows quarantined, found {count.quarantined} of {count.rows_in}; "
            f"first: {describe(rows)}"
        )

    def _nothing_left(self) -> tuple[str, ...]:
        refusals: list[str] = []
        accounts = self.count("accounts")
        if accounts.accepted == 0:
            refusals.append(
                "table accounts: expected at least one accepted row, "
                f"found 0 of {accounts.rows_in} rows{self._first_of('accounts')}"
            )
        sales = [self.count(table) for table in SALES_TABLES]
        if sum(count.accepted for count in sales) == 0:
            there = [f"{count.table} 0 of {count.rows_in}" for count in sales if self._has(count)]
            refusals.append(
                f"tables {', '.join(SALES_TABLES)}: expected at least one accepted row in one of "
                f"them, found {', '.join(there) or 'none of the tables'}"
            )
        return tuple(refusals)

    def _has(self, count: TableCount) -> bool:
        return any(count.table == other.table for other in self.counts)

    def _first_of(self, table: str) -> str:
        rows = self.quarantined.filter(pl.col("table") == table).sort("line")
        return f"; first: {describe(rows)}" if rows.height else ""


def describe(faults: pl.DataFrame) -> str:
    """The first fault of the frame in words: file, line, column, code, expected and found."""
    first = faults.row(0, named=True)
    column = f", column {first['column']}" if first["column"] else ""
    found = "nothing" if first["found"] is None else first["found"]
    if column and first["found"] is not None:
        found = repr(found)
    return (
        f"{first['code']} in {first['file']} line {first['line']}{column}: "
        f"expected {first['expected']}, found {found}"
    )


def tally(faults: pl.DataFrame) -> list[dict[str, object]]:
    """Faults counted by table, code and column, each with the first line it was seen on."""
    return (
        faults.group_by("table", "code", "column", "expected")
        .agg(pl.len().alias("rows"), pl.col("line").min().alias("first_line"))
        .sort("table", "code", "column", "expected", nulls_last=True)
        .to_dicts()
    )


def frame_of(parts: Sequence[pl.DataFrame], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The parts below one another in the schema's columns; without parts, no row."""
    return pl.concat([pl.DataFrame(schema=schema), *(part.select(list(schema)) for part in parts)])


def write_quarantine(report: ReadReport, folder: Path) -> Path:
    """Write the quarantined rows to `quarantine.parquet`, readable by its owner only."""
    content = BytesIO()
    report.quarantined.write_parquet(content)
    return write_private(folder / QUARANTINE_FILE, content.getvalue())


def write_json(path: Path, document: Mapping[str, object]) -> Path:
    """Write a JSON document, readable by its owner only."""
    text = json.dumps(dict(document), indent=2, default=str) + "\n"
    return write_private(path, text.encode("utf-8"))


def write_private(path: Path, content: bytes) -> Path:
    """Write the whole file or nothing: under another name first (mode 0600), then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return path
