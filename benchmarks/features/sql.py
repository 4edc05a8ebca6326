"""DuckDB's words for a definition: rows, filters and moments; shared by both DuckDB peers.

Every text that goes into a query comes from the definitions, from a moment, or from the path of a
folder of the benchmark's own.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from benchmarks.features.core61 import PARENT_MOMENTS, columns_of
from benchmarks.features.definition import PARTS, Condition, Derived, Measure, Rule, Source

SETTINGS = ("SET TimeZone = 'UTC'", "SET preserve_insertion_order = false")


def moment(value: datetime) -> str:
    """A moment as a literal."""
    return f"TIMESTAMPTZ '{value.isoformat()}'"


def rows_of(folder: Path, source: Source) -> str:
    """A query of the table's needed columns, its account and `known_from`, for a FROM."""
    columns = [f"t.{name}" for name in columns_of(source.table) if name != "recorded_at"]
    made = [f"{_derived(entry)} AS {entry.name}" for entry in source.derived]
    recorded = f"greatest(t.{source.moment}, coalesce(t.recorded_at, t.{source.moment}))"
    file = _file(folder, source.table)
    if source.parent is None:
        chosen = ", ".join([*columns, *made, f"{recorded} AS known_from"])
        return f"(SELECT {chosen} FROM {file} t)"  # noqa: S608
    parent, key = source.parent
    began = PARENT_MOMENTS[parent]
    known = f"greatest({recorded}, p.{began}, coalesce(p.recorded_at, p.{began}))"
    chosen = ", ".join([*columns, *made, "p.account_id", f"{known} AS known_from"])
    joined = f"{file} t JOIN {_file(folder, parent)} p USING ({key})"
    return f"(SELECT {chosen} FROM {joined})"  # noqa: S608


def keeps(where: Sequence[Rule]) -> str:
    """Whether a row keeps any of the rules."""
    if not where:
        return "true"
    rules = [" AND ".join(_holds(condition) for condition in rule) for rule in where]
    return "(" + " OR ".join(f"({rule})" for rule in rules) + ")"


def parts(column: str) -> str:
    """A number in whole thousandths; as DOUBLE, which adds whole numbers exactly up to 2^53."""
    return f"round({column}::DOUBLE * {PARTS})"


def value(measure: Measure, counts: str) -> str:
    """The aggregate of the rows that count: a number of days, a count, thousandths or a moment."""
    if measure.kind == "last":
        return f"max({measure.moment}) FILTER (WHERE {counts})"
    if measure.column is None:
        return f"count(*) FILTER (WHERE {counts})"
    if measure.kind == "distinct":
        return f"count(DISTINCT {measure.column}) FILTER (WHERE {counts})"
    return f"sum({parts(measure.column)}) FILTER (WHERE {counts})"


def finished(measure: Measure, counted: str, as_of: str) -> str:
    """A feature out of what `value` counted: REAL under its name."""
    if measure.kind == "last":
        counted = f"(epoch_us({as_of}) - epoch_us({counted})) / 86400e6"
    elif measure.kind != "distinct" and measure.column is not None:
        counted = f"CAST({counted} AS DOUBLE) / {PARTS}"
    return f"CAST({counted} AS REAL) AS {measure.name}"


def _file(folder: Path, table: str) -> str:
    path = str(folder / f"{table}.parquet").replace("'", "''")
    return f"read_parquet('{path}')"


def _holds(condition: Condition) -> str:
    column, wanted = condition.column, condition.value
    words = [f"'{word}'" for word in wanted] if isinstance(wanted, tuple) else []
    return {
        "is": f"{column} = '{wanted}'",
        "in": f"{column} IN ({', '.join(words)})",
        "above": f"{column} > {wanted}",
        "below": f"{column} < {wanted}",
        "after": f"{column} > {wanted}",
        "true": column,
        "not true": f"{column} IS NOT TRUE",
        "known": f"{column} IS NOT NULL",
    }[condition.op]


def _derived(entry: Derived) -> str:
    if entry.kind == "day end":
        end = f"(t.{entry.of[0]} + 1)::TIMESTAMP - INTERVAL 1 MICROSECOND"
        return f"({end})::TIMESTAMPTZ"
    days = f"epoch_us(t.{entry.of[1]}) // 86400000000 - (t.{entry.of[0]} - DATE '1970-01-01')"
    # greatest() would take the other value where one is empty.
    return f"CASE WHEN t.{entry.of[1]} IS NOT NULL THEN greatest({days}, 0) END"
