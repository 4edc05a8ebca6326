"""Accounting: every row of a table ends as accepted, quarantined or a duplicate, and is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from features.calendar import Calendar
from features.crm.given import Given
from features.crm.parse import DAY_ONLY, is_blank, is_day_only, shown, value
from features.crm.records import LINE, RAW
from features.crm.rules import (
    ROW,
    Rule,
    cell_rules,
    history_rule,
    judge,
    own_rules,
    owner_warnings,
    relation_rules,
    span_warnings,
)
from features.quarantine import (
    DUPLICATE_SCHEMA,
    FAULT_SCHEMA,
    Code,
    TableCount,
    frame_of,
)
from features.schema import TABLES, TIME, Column, Table

HISTORIES: Mapping[str, str] = {
    "account_changes": "accounts",
    "opportunity_changes": "opportunities",
}
"""Table of changes → the table whose rows they change."""

_CREATED = "#created"
_OF_ROW = "#of_row"
_KINDS = "#kinds"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What the rules need to know beside the rows.

    Attributes:
        calendar: the zone of times without one, and where days end.
        now: the run's clock; a stamp after it is refused.
        base_currency: the currency of money that needs no rate; None when not known.
    """

    calendar: Calendar
    now: datetime
    base_currency: str | None = None

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError(f"expected a clock with a time zone, got {self.now}")


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """One table after all rules.

    Attributes:
        accepted: the contract's columns in their order, rows in the source's order.
        quarantined: rows as FAULT_SCHEMA, one per row set aside, by line.
        duplicates: rows as DUPLICATE_SCHEMA.
        warnings: rows as FAULT_SCHEMA; their rows are among the accepted.
        count: the sum that must come out even.
    """

    accepted: pl.DataFrame
    quarantined: pl.DataFrame
    duplicates: pl.DataFrame
    warnings: pl.DataFrame
    count: TableCount


def sort_rows(given: Given, rulebook: Rulebook, accepted: Mapping[str, pl.DataFrame]) -> Outcome:
    """Put every row of a table where it belongs.

    Rows that cannot be read are set aside first, then rows that contradict themselves; of what is
    left, equal rows under one key are duplicates of the first and unequal ones are all set aside;
    then come the rules that look at other tables.

    Args:
        given: the table as its source gave it.
        rulebook: zone, clock and base currency.
        accepted: accepted rows of the tables sorted before this one.
    """
    table = TABLES[given.table]
    known = {name: frame for name, frame in accepted.items() if frame.height > 0}
    aside: list[pl.DataFrame] = []
    rows = _typed(given, table, rulebook.calendar)
    rows = _sieve(rows, cell_rules(table, given.columns), aside)
    rows = _sieve(rows, own_rules(table, rulebook.calendar, rulebook.now), aside)
    rows, repeated = _apart(rows, table, aside)
    rows = _sieve(rows, relation_rules(table, known, rulebook.base_currency), aside)
    parent = HISTORIES.get(table.name)
    if parent is not None and parent in accepted:
        rows = _sieve(_with_creation(rows, accepted[parent], parent), [history_rule(parent)], aside)
    heeded = span_warnings(table, rulebook.calendar) + owner_warnings(table, known)
    quarantined = pl.concat([_told(given, pl.concat(aside)), _uncut(given)]).sort("line")
    return Outcome(
        accepted=rows.select(list(table.schema)),
        quarantined=quarantined,
        duplicates=_named(given, table, repeated),
        warnings=_told(given, judge(rows, heeded)),
        count=TableCount(
            given.table, given.rows_in, rows.height, quarantined.height, repeated.height
        ),
    )


def _typed(given: Given, table: Table, calendar: Calendar) -> pl.DataFrame:
    """Every contract column in its dtype, `#row`, and the flags of blank cells and bare days."""
    schema = given.cells.schema
    columns: list[pl.Expr] = []
    for column in table.columns:
        columns += (
            _cell(column, schema[column.name], calendar)
            if column.name in schema
            else _absent(column)
        )
    return given.cells.select(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW), *columns)


def _cell(column: Column, dtype: pl.DataType, calendar: Calendar) -> list[pl.Expr]:
    cell = [value(column, dtype, calendar), is_blank(column.name, dtype)]
    return [*cell, is_day_only(column.name, dtype)] if column.dtype == TIME else cell


def _absent(column: Column) -> list[pl.Expr]:
    cell = [pl.lit(None, column.dtype).alias(column.name)]
    flag = pl.lit(value=False).alias(DAY_ONLY + column.name)
    return [*cell, flag] if column.dtype == TIME else cell


def _sieve(rows: pl.DataFrame, rules: Sequence[Rule], aside: list[pl.DataFrame]) -> pl.DataFrame:
    """The rows that break no rule; the faults of the others are laid `aside`."""
    faults = judge(rows, rules)
    aside.append(faults)
    return _without(rows, faults)


def _without(rows: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    return rows.join(gone.select(ROW), on=ROW, how="anti", maintain_order="left")


def _apart(
    rows: pl.DataFrame, table: Table, aside: list[pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that stand alone under their key, and the repeated ones with the row they repeat."""
    content = list(table.schema)
    key = list(table.key) or content
    # An empty outcome says the same as `open`; other cells are equal only when they are equal.
    cells = [pl.col(name).fill_null("open") if name == "outcome" else name for name in content]
    kinds = pl.struct(cells).n_unique().over(key)
    many = rows.filter(pl.len().over(key) > 1).with_columns(
        kinds.alias(_KINDS), pl.col(ROW).min().over(key).alias(_OF_ROW)
    )
    name = table.key[0] if table.key else content[0]
    expected = f"one content for each {' + '.join(key)}"
    rule = Rule(Code.CONFLICTING_DUPLICATE, name, expected, pl.col(_KINDS) > 1)
    consistent = _sieve(many, [rule], aside)
    repeated = consistent.filter(pl.col(ROW) != pl.col(_OF_ROW))
    return _without(_without(rows, aside[-1]), repeated), repeated


def _with_creation(rows: pl.DataFrame, parents: pl.DataFrame, parent: str) -> pl.DataFrame:
    key = list(TABLES[parent].key)
    created = parents.select(*key, pl.col("created_at").alias(_CREATED))
    return rows.join(created, on=key, how="left", maintain_order="left")


def _told(given: Given, faults: pl.DataFrame) -> pl.DataFrame:
    """Faults with file, line, raw text and the cell as found; one row each, by its first fault."""
    first = (
        faults.sort(ROW, "rank")
        .group_by(ROW, maintain_order=True)
        .agg(
            pl.col("code", "column", "expected").first(),
            pl.col("code").slice(1).unique(maintain_order=True).str.join(", ").alias("also"),
        )
    )
    parts = [_quoted(given, part) for part in first.partition_by("column")]
    return frame_of(parts, FAULT_SCHEMA).sort("line", "code")


def _quoted(given: Given, faults: pl.DataFrame) -> pl.DataFrame:
    """The same faults, all of one column, with what was found there."""
    name = faults["column"][0]
    places = faults[ROW]
    cells = given.cells[places]
    found = (
        cells.select(shown(name).alias("found"))["found"]
        if name in given.columns
        else pl.Series("found", [None] * faults.height, dtype=pl.String)
    )
    return faults.with_columns(
        pl.lit(given.table).alias("table"),
        pl.lit(given.file).alias("file"),
        cells[LINE].alias("line"),
        found,
        pl.when(pl.col("also") != "").then(pl.col("also")).alias("also"),
        given.raw(places).alias("raw"),
    )


def _uncut(given: Given) -> pl.DataFrame:
    """The rows that could not be cut into cells, as FAULT_SCHEMA."""
    if given.broken is None:
        return pl.DataFrame(schema=FAULT_SCHEMA)
    nothing = pl.lit(None, pl.String)
    told = given.broken.select(
        pl.lit(given.table).alias("table"),
        pl.lit(given.file).alias("file"),
        pl.col(LINE).alias("line"),
        "code",
        nothing.alias("column"),
        "expected",
        "found",
        nothing.alias("also"),
        pl.col(RAW).alias("raw"),
    )
    return frame_of([told], FAULT_SCHEMA)


def _named(given: Given, table: Table, repeated: pl.DataFrame) -> pl.DataFrame:
    """The repeated rows as DUPLICATE_SCHEMA; without a key the whole row's first ids name it."""
    key = table.key or tuple(table.required)
    told = repeated.select(
        pl.lit(given.table).alias("table"),
        pl.lit(given.file).alias("file"),
        given.cells[repeated[ROW]][LINE].alias("line"),
        pl.concat_str([pl.col(name).cast(pl.String) for name in key], separator=" · ").alias("id"),
        given.cells[repeated[_OF_ROW]][LINE].alias("of_line"),
    )
    return frame_of([told], DUPLICATE_SCHEMA)
