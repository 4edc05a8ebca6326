"""A CRM that goes on from night to night: rows come, change, move and go at random."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import polars as pl

from features.book import Book
from features.build import account_features
from features.calendar import Calendar
from features.changes import Changes
from features.context import build_context
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES
from features.snapshot import account_spine
from tests.factories import Cell, Row, book, frame
from tests.features.reference.awkward_books import Shape, draw
from tests.features.reference.days import Zone

Rows = dict[str, list[Row]]

_LINKS = (ACCOUNT_ID, OPPORTUNITY_ID, "contact_id")
ANCHOR = "anchor"
"""An account that is never touched, with the first change of every field."""
_FIELDS = {
    "opportunity_changes": (
        *("stage", "amount", "owner", "close_date", "forecast_category", "probability"),
    ),
    "account_changes": ("segment", "owner"),
}


def drawn(seed: int, zone: Zone, *, size: int = 12) -> Rows:
    """The rows of three accounts, whose ids say the seed."""
    rows = draw(Shape(seed, zone, size, frozenset(), frozenset())).world.rows
    return {table: [_renamed(table, line, seed) for line in lines] for table, lines in rows.items()}


def _renamed(table: str, line: Row, seed: int) -> Row:
    names = {*_LINKS, *(TABLES[table].key if len(TABLES[table].key) == 1 else ())} - {"stage"}
    return {
        name: f"{seed}/{cell}" if name in names and cell is not None else cell
        for name, cell in line.items()
    }


@dataclass
class Evolving:
    """The rows as they stand, and how they go on.

    Attributes:
        seed: of everything that is drawn.
        zone: the organisation's days.
        rows: by table.
        night: the as_of that comes next.
    """

    seed: int
    zone: Zone
    rows: Rows = field(init=False)
    night: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)
        self._drawn = self.seed * 100
        case = draw(Shape(self._drawn, self.zone, 12, frozenset(), frozenset()))
        self.night = case.as_ofs[0]
        self.rows = {table: [] for table in TABLES}
        for _ in range(2):
            self.come()
        self.rows["stages"] = case.world.rows["stages"]
        self._put_anchor()

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.zone.name, self.zone.first_month)

    def book(self, *, complete_until: timedelta = timedelta()) -> Book:
        """The rows as a book complete until the night, or so much before; all columns there."""
        there = {table: frozenset(spec.schema) for table, spec in TABLES.items()}
        until = self.night - complete_until
        return book(observed_until=until, present=there, **self.rows)

    def copied(self) -> Rows:
        """The rows of now, for `since`."""
        return {table: [dict(line) for line in lines] for table, lines in self.rows.items()}

    def since(self, before: Rows) -> Changes:
        """What an incremental read gives: rows that are new or others, keys of those gone."""
        fresh: Rows = {}
        removed = {}
        for table, lines in self.rows.items():
            now, then = _by_key(table, lines), _by_key(table, before[table])
            fresh[table] = [line for key, line in now.items() if then.get(key) != line]
            names = TABLES[table].key or tuple(TABLES[table].schema)
            schema = {name: TABLES[table].schema[name] for name in names}
            gone = [key for key in then if key not in now]
            removed[table] = pl.DataFrame(gone, schema=schema, orient="row")
        fresh.update({table: self.rows[table] for table in TABLES if table not in _cut()})
        there = {table: frozenset(spec.schema) for table, spec in TABLES.items()}
        return Changes(book(observed_until=self.night, present=there, **fresh), removed)

    def expected(self) -> pl.DataFrame:
        """The features of the night from the whole book."""
        whole = self.book()
        context = build_context(whole, [self.night], self.calendar)
        spine = account_spine(whole, [self.night])
        return account_features(whole, spine, context, self.calendar)

    def next_night(self) -> None:
        """The same time of the next day."""
        self.night = self.calendar.midnight(self.calendar.day_of(self.night) + timedelta(days=1))

    def come(self) -> None:
        """Three accounts with all their rows are new."""
        self._drawn += 1
        for table, lines in drawn(self._drawn, self.zone).items():
            if table != "stages":
                self.rows[table].extend(lines)
        self._distinct()

    def go_on(self) -> None:
        """Something happens, to a few rows only."""
        steps = (self.add, self.change, self.remove, self.move, self.link_anew)
        for step in self._rng.choices(steps, k=self._rng.randint(1, 5)):
            step()

    def add(self) -> None:
        """New rows of accounts that are there, as late or as early as any."""
        self._drawn += 1
        fresh = drawn(self._drawn, self.zone, size=4)
        for table in self._rng.sample(_events(), k=4):
            for line in fresh.get(table, [])[:2]:
                self.rows[table].append({**line, **self._links(line)})
        self._distinct()

    def change(self) -> None:
        """A cell reads what it reads in another row."""
        table = self._any_table()
        line, other = (self._any_row(table) for _ in range(2))
        if line is None or other is None:
            return
        fixed = {*TABLES[table].key, *_LINKS}
        name = self._rng.choice([n for n in TABLES[table].schema if n not in fixed] or [""])
        if name and (other.get(name) is not None or name not in TABLES[table].required):
            line[name] = other.get(name)
        self._distinct()

    def remove(self) -> None:
        """A row is gone; that of a deal or an account leaves its orphans behind."""
        table = self._any_table()
        line = self._any_row(table)
        if line is not None and (table != "accounts" or self._rng.random() < 0.5):
            self.rows[table] = [other for other in self.rows[table] if other is not line]

    def move(self) -> None:
        """A deal is another account's."""
        line = self._any_row("opportunities")
        if line is not None:
            line[ACCOUNT_ID] = self._rng.choice(self.accounts())

    def link_anew(self) -> None:
        """An event is another account's or another deal's."""
        table = self._rng.choice(_events())
        line = self._any_row(table)
        if line is not None:
            line.update(self._links(line))
        self._distinct()

    def vanish(self) -> None:
        """An account is gone with all its rows."""
        gone = self._rng.choice(self.accounts())
        deals = {
            line[OPPORTUNITY_ID] for line in self.rows["opportunities"] if line[ACCOUNT_ID] == gone
        }
        for table, lines in self.rows.items():
            self.rows[table] = [
                line
                for line in lines
                if (
                    line.get(ACCOUNT_ID) != gone
                    if ACCOUNT_ID in TABLES[table].schema
                    else line.get(OPPORTUNITY_ID) not in deals
                )
            ]

    def accounts(self) -> list[str]:
        return sorted(
            str(line[ACCOUNT_ID]) for line in self.rows["accounts"] if line[ACCOUNT_ID] != ANCHOR
        )

    def _links(self, line: Row) -> Row:
        """Other ids in place of those of a row."""
        deals = [d for d in self.rows["opportunities"] if d[ACCOUNT_ID] != ANCHOR]
        links: Row = {}
        if ACCOUNT_ID in line:
            links[ACCOUNT_ID] = self._rng.choice(self.accounts())
        if line.get(OPPORTUNITY_ID) is not None and deals:
            links[OPPORTUNITY_ID] = self._rng.choice(deals)[OPPORTUNITY_ID]
        return links

    def _any_table(self) -> str:
        return self._rng.choice([t for t, lines in self.rows.items() if lines])

    def _any_row(self, table: str) -> Row | None:
        """A row that does not belong to the anchor."""
        free = [
            line
            for line in self.rows[table]
            if ANCHOR not in {line.get(ACCOUNT_ID), line.get(OPPORTUNITY_ID)}
        ]
        return self._rng.choice(free) if free else None

    def _distinct(self) -> None:
        """One row of each key, the last; of a table without a key none twice."""
        for table, lines in self.rows.items():
            spec = TABLES[table]
            if not spec.key:
                for line in lines:
                    line.setdefault("recorded_at", line["changed_at"])
                    line["recorded_at"] = line["recorded_at"] or line["changed_at"]
            key = spec.key or tuple(spec.schema)
            last = {tuple(line.get(name) for name in key): line for line in lines}
            self.rows[table] = list(last.values())

    def _put_anchor(self) -> None:
        ago = self.night - timedelta(days=9000)
        self.rows["accounts"].append({ACCOUNT_ID: ANCHOR, "created_at": ago})
        self.rows["opportunities"].append(
            {OPPORTUNITY_ID: ANCHOR, ACCOUNT_ID: ANCHOR, "created_at": ago, "outcome": "open"}
        )
        for table, names in _FIELDS.items():
            key = OPPORTUNITY_ID if table == "opportunity_changes" else ACCOUNT_ID
            self.rows[table].extend(
                {key: ANCHOR, "changed_at": ago, "field": name, "recorded_at": ago}
                for name in names
            )


def _by_key(table: str, lines: list[Row]) -> dict[tuple[Cell, ...], Row]:
    """Rows by key, `recorded_at` filled as a book has it."""
    spec = TABLES[table]
    whole = frame(table, lines).collect().to_dicts()
    names = spec.key or tuple(spec.schema)
    return {tuple(line[name] for name in names): line for line in whole}


def _cut() -> list[str]:
    return [t for t, spec in TABLES.items() if {ACCOUNT_ID, OPPORTUNITY_ID} & set(spec.schema)]


def _events() -> list[str]:
    return [
        table
        for table, spec in TABLES.items()
        if table not in {"accounts", "opportunities"}
        and {ACCOUNT_ID, OPPORTUNITY_ID} & set(spec.schema)
    ]
