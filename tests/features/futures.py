"""Other futures of the same past: what is known at a moment stays, everything else changes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import polars as pl

from features.book import Book, make_book
from features.schema import HISTORY, NOW, ROW, TABLES, Table
from tests.factories import Cell, Row, day, frame
from tests.features.random_world import ACCOUNTS, DEALS, HISTORIES, Rows, draw, moment, value_of

KEY_OF = {"opportunity_changes": "opportunity_id", "account_changes": "account_id"}
TABLE_OF = {"opportunity_changes": "opportunities", "account_changes": "accounts"}
COLUMN_OF = {"owner": "owner_rep_id", "probability": "crm_probability"}
SHARED = {"rep_id", "owner_rep_id"}
"""Identities that mean the same in every world."""
WORLD_ENDS = ":"
EVERYTHING = {name: frozenset(table.schema) for name, table in TABLES.items()}


def twins(seeds: Iterable[int], as_of: datetime) -> tuple[Book, Book]:
    """Two books with one past: the second one's rows and cells at or after as_of are others.

    Each book holds one world per seed, and no world's rows name another's entities: a feature of
    ten small worlds costs hardly more than that of one.
    """
    here: Rows = {}
    there: Rows = {}
    for seed in seeds:
        for whole, rows in zip((here, there), _pair(seed, as_of), strict=True):
            for name, lines in rows.items():
                theirs = whole.setdefault(name, [])
                if name != "stages" or not theirs:  # the one table that worlds have in common
                    theirs += [_renamed(line, seed) for line in lines]
    return _book(here), _book(there)


def world_of(entity_id: pl.Expr) -> pl.Expr:
    """The seed of the world that an entity comes from."""
    return entity_id.str.split(WORLD_ENDS).list.first().cast(pl.Int64)


def _renamed(line: Row, seed: int) -> Row:
    return {
        name: f"{seed}{WORLD_ENDS}{value}"
        if name.endswith("_id") and name not in SHARED and value is not None
        else value
        for name, value in line.items()
    }


def _pair(seed: int, as_of: datetime) -> tuple[Rows, Rows]:
    here, there = draw(seed), edited(draw(seed), as_of, Random(seed + 1))
    past = _histories(Random(seed + 2), as_of)
    futures = (Random(seed + 3), Random(seed + 4))
    for rows, rng in zip((here, there), futures, strict=True):
        _write_history(rows, past, as_of, rng)
    return here, there


def edited(rows: Rows, as_of: datetime, rng: Random) -> Rows:
    """Rows not known at as_of dropped, moved, multiplied and added; unknown cells rewritten."""
    others = draw(rng.randrange(2**31))
    result: Rows = {}
    for name, lines in rows.items():
        table = TABLES[name]
        kept = [
            _cells_edited(table, line, as_of, rng) for line in lines if known(table, line, as_of)
        ]
        late = [line for line in lines if not known(table, line, as_of)]
        moved = [_moved(table, line, rng) for line in late if rng.random() < 0.5]
        fixed = {"accounts", "opportunities", "stages", "usage"}
        more = [] if name in fixed else [o for o in others[name] if not known(table, o, as_of)]
        result[name] = [*kept, *moved, *more]
    return result


def known(table: Table, line: Row, as_of: datetime) -> bool:
    """Whether both times of the row are strictly before as_of."""
    is_undated = table.name == "accounts" and line.get("created_at") is None
    if table.moment is None or is_undated:  # such an account is known from its first event on
        return True
    happened = _end(line.get(table.moment))
    recorded = _end(line.get("recorded_at")) or happened
    return happened is not None and recorded is not None and max(happened, recorded) < as_of


def _end(stamp: Cell) -> datetime | None:
    if isinstance(stamp, date) and not isinstance(stamp, datetime):
        return datetime.combine(stamp, time(23, 59, 59, 999_999), tzinfo=UTC)
    return stamp if isinstance(stamp, datetime) else None


def _cells_edited(table: Table, line: Row, as_of: datetime, rng: Random) -> Row:
    result = dict(line)
    late = {
        column.name
        for column in table.columns
        if column.known_at == column.name != table.moment
        and (stamp := _end(line.get(column.name))) is not None
        and stamp >= as_of
    }
    unset = {
        column.name
        for column in table.columns
        if column.known_at == column.name != table.moment and line.get(column.name) is None
    }
    for column in table.columns:
        if column.name in late | unset:
            again = as_of + timedelta(days=rng.choice([0, 0, 3, 90]))
            stamp = rng.choice([None, again])
            result[column.name] = stamp.date() if stamp and column.dtype.is_(_DAY) else stamp
    for column in table.columns:
        if column.known_at == NOW or (column.known_at in late | unset - {column.name}):
            result[column.name] = _other(line.get(column.name), rng)
    if table.name == "opportunities":
        is_open = result.get("closed_at") is None
        if "closed_at" in late | unset:
            result["outcome"] = "open" if is_open else rng.choice(["won", "lost"])
    return result


_DAY = TABLES["contracts"].column("starts_on").dtype


def _moved(table: Table, line: Row, rng: Random) -> Row:
    result = {name: _scaled(value, rng) for name, value in line.items()}
    if "account_id" in result and table.name not in {"accounts", "opportunities"}:
        result["account_id"] = rng.choice(ACCOUNTS)
    if "opportunity_id" in result and table.name != "opportunities":
        result["opportunity_id"] = rng.choice(DEALS)
    return result


def _scaled(value: Cell, rng: Random) -> Cell:
    if isinstance(value, float):
        return value * rng.choice([-100.0, 100.0])
    return value


def _other(value: Cell, rng: Random) -> Cell:
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return rng.choice([None, value * 100.0, value * -100.0])
    return None if isinstance(value, str) else value


def _histories(rng: Random, as_of: datetime) -> dict[tuple[str, str, str], list[Row]]:
    """Per table, entity and field: the changes known at as_of, and last a row with the value."""
    result: dict[tuple[str, str, str], list[Row]] = {}
    for table, fields in HISTORIES.items():
        for entity in DEALS if table == "opportunity_changes" else ACCOUNTS:
            for field in fields:
                result[table, entity, field] = _chain(
                    table, (entity, field), rng, value_of(field, rng), as_of, is_past=True
                )
    return result


def _chain(
    table: str, of: tuple[str, str], rng: Random, start: str, as_of: datetime, *, is_past: bool
) -> list[Row]:
    """Changes on one side of as_of, in the order in which they became known, from `start` on."""
    times = {(moment(rng), moment(rng)) for _ in range(rng.randint(0, 5))}
    # Of changes known at one moment the one made first comes first, as `as_known` has it.
    mine = sorted(
        (pair for pair in times if (max(pair) < as_of) == is_past), key=lambda p: (max(p), p)
    )
    entity, field = of
    lines: list[Row] = []
    value = start
    for changed, recorded in mine:
        new = value_of(field, rng)
        line: Row = {KEY_OF[table]: entity, "changed_at": changed, "recorded_at": recorded}
        lines.append({**line, "field": field, "old": value, "new": new})
        value = new
    return [*lines, {"field": field, "new": value}]


def _write_history(
    rows: Rows, past: dict[tuple[str, str, str], list[Row]], as_of: datetime, rng: Random
) -> None:
    """The shared past, then a future of its own; the entity's row gets the final value."""
    for (table, entity, field), lines in past.items():
        value = str(lines[-1]["new"])
        future = _chain(table, (entity, field), rng, value, as_of, is_past=False)
        rows[table] += [*lines[:-1], *future[:-1]]
        final = str(future[-1]["new"])
        key, column = KEY_OF[table], COLUMN_OF.get(field, field)
        for line in rows[TABLE_OF[table]]:
            if line[key] == entity:
                line[column] = _typed(column, final)


def _typed(column: str, value: str) -> Cell:
    if column in {"amount", "crm_probability"}:
        return float(value)
    return date.fromisoformat(value) if column == "close_date" else value


def _book(rows: Rows) -> Book:
    frames = {name: frame(name, lines) for name, lines in rows.items()}
    return make_book(frames, observed_until=day(365), present=EVERYTHING)


assert {ROW, HISTORY, NOW}  # the rules that `edited` tells apart
