"""Random books with awkward times, tables and cells: drawn from a shape, the same every time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from features.book import Book
from features.schema import TABLES
from tests.factories import ORIGIN, Cell, Row, book
from tests.features.reference.awkward_rows import (
    ACCOUNTS,
    DEALS,
    MAKERS,
    MANY,
    account_row,
    deal_row,
    stage_rows,
)
from tests.features.reference.awkward_times import INSTANT, Times
from tests.features.reference.days import DAY, Zone
from tests.features.reference.rows import World


@dataclass(frozen=True, slots=True)
class Shape:
    """What is drawn of a book before its rows.

    Attributes:
        seed: of the rows.
        zone: the organisation's days and fiscal years.
        rows_at_most: of one event table.
        missing: what the source lacks, each `table` or `table.column`.
        empty: tables that the source has, without a row.
    """

    seed: int
    zone: Zone
    rows_at_most: int
    missing: frozenset[str]
    empty: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """A book's rows, and the moments at which it is described."""

    world: World
    as_ofs: tuple[datetime, ...]

    @property
    def book(self) -> Book:
        """The rows as the code reads them."""
        return book(
            observed_until=self.world.observed_until,
            present=self.world.present,
            **self.world.rows,
        )

    def with_rows(self, rows: dict[str, list[Row]]) -> "Case":
        """The same case with other rows."""
        return replace(self, world=replace(self.world, rows=rows))


def draw(shape: Shape) -> Case:
    """The book of a shape; the same shape gives the same book."""
    rng = Random(shape.seed)
    midnight = shape.zone.start_of(ORIGIN.date() + rng.randint(0, 200) * DAY)
    hours = rng.choice((timedelta(), timedelta(hours=13, seconds=7)))
    as_ofs = (midnight, midnight - rng.choice((1, 30, 91, 365)) * DAY + hours)
    times = Times(rng, shape.zone, as_ofs)
    rows: dict[str, list[Row]] = {
        "accounts": [account_row(times, name) for name in ACCOUNTS],
        "opportunities": [deal_row(times, name) for name in DEALS],
        "stages": stage_rows(rng),
    }
    for table, make in MAKERS.items():
        size = rng.randint(shape.rows_at_most // 2, shape.rows_at_most) * MANY.get(table, 1)
        rows[table] = _with_copies(times, table, [make(times) for _ in range(size)])
    rows = _without(rows, shape.missing | shape.empty)
    until = rng.choice((midnight + 90 * DAY, midnight, midnight - INSTANT))
    return Case(World(rows, _present(rows, shape), until, shape.zone), as_ofs)


def _without(rows: dict[str, list[Row]], gone: frozenset[str]) -> dict[str, list[Row]]:
    return {
        table: [
            {name: cell for name, cell in line.items() if f"{table}.{name}" not in gone}
            for line in ([] if table in gone else lines)
        ]
        for table, lines in rows.items()
    }


def _present(rows: dict[str, list[Row]], shape: Shape) -> dict[str, frozenset[str]]:
    filled = {
        table: frozenset(
            name
            for name in TABLES[table].schema
            if any(line.get(name) is not None for line in lines)
        )
        for table, lines in rows.items()
        if lines
    }
    return {**filled, **{table: frozenset(TABLES[table].schema) for table in shape.empty}}


def _with_copies(times: Times, table: str, lines: list[Row]) -> list[Row]:
    """The rows with their ids and `recorded_at`; some come twice under another id."""
    spec = TABLES[table]
    again = [dict(times.rng.choice(lines)) for _ in range(len(lines) // 8)]
    found: dict[tuple[Cell, ...], Row] = {}
    for number, line in enumerate([*lines, *again]):
        line.setdefault("recorded_at", times.recorded(line.get(spec.moment or "")))
        if len(spec.key) == 1:
            line[spec.key[0]] = f"{table}-{number}"
        found[tuple(line[key] for key in spec.key) or (number,)] = line
    return list(found.values())
