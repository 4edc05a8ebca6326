"""Timelines: the tables of one part of a coded book in order, as a view asks for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import polars as pl

from features import snapshot
from features.book import Book
from features.calendar import Calendar
from features.history import happened, known_from
from features.measure import Measure
from features.neighbours import Line, in_line
from features.order import in_order
from features.running import Running
from features.schema import (
    ACCOUNT_ID,
    AS_OF,
    ENTITY_ID,
    HISTORY,
    NOW,
    OPPORTUNITY_ID,
    TABLES,
)
from features.timeline import (
    KNOWN,
    MOMENT,
    OWNER,
    Mask,
    Questions,
    Timeline,
    stretched,
)

Name: TypeAlias = tuple[str | int | bytes | Line | None, ...]
"""What was asked, to be asked once."""


@dataclass(frozen=True, eq=False)
class Timelines:
    """The tables of one part in order, as a view asks for them; each is made at most once.

    Attributes:
        book: the part.
        spine: numbered rows with codes as ids, one per question; the identity only.
        calendar: the organisation's.
        first: the part's lowest codes of an account and of a deal.
        count: how many accounts and how many deals the part has.
        strays: activities of the part's deals that name an account of another part.
    """

    book: Book
    spine: pl.DataFrame
    calendar: Calendar
    first: tuple[int, int]
    count: tuple[int, int]
    strays: pl.DataFrame
    _made: dict[tuple[str, str, bytes], Timeline] = field(default_factory=dict)
    _lines: dict[Name, tuple[Timeline, Questions]] = field(default_factory=dict)
    _running: dict[Name, Running] = field(default_factory=dict)
    _rows: dict[Name, pl.LazyFrame] = field(default_factory=dict)

    def known(
        self,
        table: str,
        *,
        by: str | None,
        within: int | None,
        where: pl.Expr | None,
        columns: Mapping[str, pl.Expr],
    ) -> pl.LazyFrame:
        """As `View.known`."""
        key, left = self._keys(table, by)
        beside = (text for name, told in columns.items() for text in (name, _name(told)))
        name = (table, key, within, _name(where), *beside)
        if name not in self._rows:
            timeline = self._timeline(table, key)
            taken = set(self.spine.columns)
            renames = {n: f"{n}_{table}" for n in timeline.rows.columns if n in taken}
            told = timeline.rows.lazy().rename(renames).with_columns(**columns).collect()
            named = Timeline(told, timeline.owners)
            asked = self._questions(key, left)
            rows = stretched(named, asked, self.spine, days=within, kept=_kept(told, where))
            stamps = snapshot.unstamped(TABLES[table], self.calendar)
            self._rows[name] = rows.drop(OWNER, MOMENT, KNOWN).with_columns(*stamps)
        return self._rows[name]

    def lined(
        self, table: str, line: Line, *, by: str | None, where: pl.Expr | None
    ) -> pl.LazyFrame:
        """As `View.lined`."""
        rows, asked = self._line(table, line, by)
        kept = _kept(rows.rows, where)
        return stretched(rows, asked, self.spine, days=line.within, kept=kept).drop(OWNER, KNOWN)

    def measured(
        self,
        table: str,
        measures: Sequence[Measure],
        *,
        by: str | None,
        at: pl.Expr | None,
        line: Line | None,
    ) -> pl.DataFrame:
        """As `View.measured`, in the order of the spine."""
        key, left = self._keys(table, by)
        name = (table, key, line, _name(at))
        if name not in self._running:
            if line is None:
                rows, asked = self._timeline(table, key, at), self._questions(key, left)
            else:
                rows, asked = self._line(table, line, by)
            self._running[name] = Running(rows, asked)
        return self._running[name].told(measures)

    def _line(self, table: str, line: Line, by: str | None) -> tuple[Timeline, Questions]:
        key, left = self._keys(table, by)
        name = (table, key, line)
        if name not in self._lines:
            rows = self._timeline(table, key)
            chosen = rows.rows.filter(line.where).select(OWNER, MOMENT, KNOWN, **line.reads)
            asked = self._questions(key, left)
            seen, asked = Timeline(chosen, rows.owners).without_hidden(asked, days=line.within)
            told = in_line(seen.rows.lazy(), line).collect()
            self._lines[name] = (Timeline(told, seen.owners), asked)
        return self._lines[name]

    def _keys(self, table: str, by: str | None) -> tuple[str, str]:
        is_deal_spine = ACCOUNT_ID in self.spine.columns
        key = by or snapshot.key_of(TABLES[table], is_deal_spine=is_deal_spine)
        is_own = key == OPPORTUNITY_ID or not is_deal_spine
        return key, ENTITY_ID if is_own else ACCOUNT_ID

    def _questions(self, key: str, left: str) -> Questions:
        owner = self.spine[left].to_numpy().astype(np.int64) - self._first(key)
        return Questions(owner, self.spine[AS_OF].dt.timestamp("us").to_numpy())

    def _first(self, key: str) -> int:
        return self.first[key == OPPORTUNITY_ID]

    def _timeline(self, table: str, key: str, at: pl.Expr | None = None) -> Timeline:
        name = (table, key, _name(at))
        if name not in self._made:
            spec = TABLES[table]
            safe = [c.name for c in spec.columns if c.known_at not in {HISTORY, NOW}]
            there = self.book[table].collect_schema().names()
            known = known_from(spec, self.calendar).alias(KNOWN)
            read = [*(pl.col(name) for name in safe if name in there), known]
            rows = self.book[table].select(read)
            if table == "activities" and key == OPPORTUNITY_ID and self.strays.height:
                rows = pl.concat([rows, self.strays.lazy().select(read)])
            is_in_order = key == ACCOUNT_ID and key in there and at is None
            if key not in there:
                rows = snapshot.with_account(rows, self.book)
            owners = self.count[key == OPPORTUNITY_ID]
            moment = happened(spec, self.calendar) if at is None else at
            owner = (pl.col(key).cast(pl.Int64) - self._first(key)).alias(OWNER)
            ordered = (
                rows.with_columns(moment.alias(MOMENT), owner)
                .filter(
                    pl.col(OWNER).is_between(0, owners - 1),  # not so where a deal is elsewhere's
                    pl.all_horizontal(pl.col(KNOWN, MOMENT).is_not_null()),
                )
                .with_columns(pl.max_horizontal(KNOWN, MOMENT).alias(KNOWN))
                .drop(key)
                .collect()
            )
            if not is_in_order:
                ordered = ordered[in_order(ordered[OWNER], ordered[MOMENT])]
            self._made[name] = Timeline(ordered.rechunk(), owners)
        return self._made[name]


def _name(expression: pl.Expr | None) -> bytes:
    """What tells an expression from others."""
    return b"" if expression is None else expression.meta.serialize()


def _kept(rows: pl.DataFrame, where: pl.Expr | None) -> Mask | None:
    if where is None:
        return None
    return rows.select(OWNER, kept=where.fill_null(value=False))["kept"].to_numpy()
