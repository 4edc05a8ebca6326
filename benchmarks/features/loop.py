"""The definitions in plain Python, row by row: slow, and the one the peers are held against."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.features.answer import TIME
from benchmarks.features.core61 import CORE, PARENT_MOMENTS, SOURCES
from benchmarks.features.definition import PARTS, Condition, Derived, Measure, Source

Row = dict[str, Any]


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """The 61 features of every account at every as_of."""
    by_account: dict[tuple[str, str], list[Row]] = {}
    for source in SOURCES.values():
        for row in _rows(folder, source):
            by_account.setdefault((source.table, row["account_id"]), []).append(row)
    answers = []
    for account in pl.read_parquet(folder / "accounts.parquet")["account_id"]:
        for as_of in as_ofs:
            told: Row = {"account_id": account, "as_of": as_of}
            for entry in CORE:
                if isinstance(entry, Measure):
                    rows = by_account.get((entry.table, account), [])
                    told[entry.name] = _value(entry, rows, as_of)
                else:
                    part, whole = told[entry.part], told[entry.whole]
                    told[entry.name] = entry.times * part / whole if whole > 0 else None
            answers.append(told)
    names = [entry.name for entry in CORE]
    schema = {"account_id": pl.String(), "as_of": TIME, **dict.fromkeys(names, pl.Float64())}
    return pl.DataFrame(answers, schema=schema).cast(dict.fromkeys(names, pl.Float32()))


def _rows(folder: Path, source: Source) -> list[Row]:
    """The table's rows with `known_from`, their account, and derived cells."""
    rows = _read(folder, source.table)
    parents: dict[str, Row] = {}
    if source.parent is not None:
        parent, key = source.parent
        for row in _read(folder, parent):
            parents[row[key]] = {**row, "known_from": _known(row, PARENT_MOMENTS[parent])}
    for row in rows:
        row["known_from"] = _known(row, source.moment)
        if source.parent is not None:
            deal = parents[row[source.parent[1]]]
            row["account_id"] = deal["account_id"]
            row["known_from"] = max(row["known_from"], deal["known_from"])
        for entry in source.derived:
            row[entry.name] = _derived(entry, row)
    return rows


def _read(folder: Path, table: str) -> list[Row]:
    return pl.read_parquet(folder / f"{table}.parquet").to_dicts()


def _known(row: Row, moment: str) -> datetime:
    known: datetime = max(row[moment], row["recorded_at"] or row[moment])
    return known


def _derived(entry: Derived, row: Row) -> datetime | int | None:
    day = row[entry.of[0]]
    if day is None:
        return None
    if entry.kind == "day end":
        return datetime.combine(day, time.max, UTC)
    stamp = row[entry.of[1]]
    return None if stamp is None else max(0, (stamp.date() - day).days)


def _value(measure: Measure, rows: list[Row], as_of: datetime) -> float | None:
    kept = [row for row in rows if _counts(measure, row, as_of)]
    if measure.kind == "last":
        newest = max((row[measure.moment] for row in kept), default=None)
        return None if newest is None else (as_of - newest) / timedelta(days=1)
    if measure.column is None:
        return len(kept)
    values = [row[measure.column] for row in kept if row[measure.column] is not None]
    if measure.kind == "distinct":
        return len(set(values))
    thousandths: int = sum(round(value * PARTS) for value in values)
    return thousandths / PARTS


def _counts(measure: Measure, row: Row, as_of: datetime) -> bool:
    moment = row[measure.moment]
    if row["known_from"] >= as_of or moment is None or moment >= as_of:
        return False
    if measure.days is not None and moment < as_of - timedelta(days=measure.days):
        return False
    if measure.until is not None and row[measure.until] and row[measure.until] < as_of:
        return False
    rules = [all(_holds(condition, row) for condition in rule) for rule in measure.where]
    return any(rules) if rules else True


def _holds(condition: Condition, row: Row) -> bool:  # noqa: PLR0911  one line for each op
    cell, value = row[condition.column], condition.value
    if condition.op == "not true":
        return cell is not True
    if cell is None:
        return False
    match condition.op:
        case "is":
            return bool(cell == value)
        case "in":
            return isinstance(value, tuple) and cell in value
        case "above":
            return bool(cell > value)
        case "below":
            return bool(cell < value)
        case "after":
            other = row[str(value)]
            return other is not None and cell > other
        case "true":
            return cell is True
        case _:
            return True
