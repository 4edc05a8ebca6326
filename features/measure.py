"""Measure: a count, a sum or a newest moment of known rows, stated as data.

What is stated as data can be told in two ways, with the same bits: from the rows of every spine
row one by one, or from running totals over rows in order (features/timeline.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from features.schema import AS_OF

Kind = Literal[
    "count",
    "total",
    "distinct",
    "newest",
    "oldest",
    "cell",
    "blocks",
    "inner_total",
    "inner_most",
]

TOTALS = frozenset({"total", "inner_total"})
INNER = frozenset({"inner_total", "inner_most"})
"""Told only of the rows of a line: which one is the oldest has to be sure."""

_ZERO_WITHOUT_ROWS = frozenset({"count", "distinct", "blocks"}) | TOTALS
_WITHOUT_OF = frozenset({"count", "newest", "oldest", "blocks"})

PARTS_PER_UNIT = 1_000
"""Sums are taken in thousandths, as integers: the order of rows cannot change a bit of them."""

UNITS_PER_PART = 1 / PARTS_PER_UNIT
"""To multiply by: where it divides by a number, one row alone can get other bits than many."""


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """A number told from the rows of one table that were known before as_of.

    Attributes:
        name: the column it becomes.
        kind: `count` of rows, Int64 · `total` of `of`, Float64, nulls count nothing ·
            `distinct` values of `of`, Int64, null is none · `newest` and `oldest` moment, null
            without rows · `cell`, the smallest `of` among the rows of the newest moment,
            Float64, null without one · `blocks` of so many days before as_of with a row, Int64 ·
            `inner_total` and `inner_most`, the sum and the highest of `of` without the oldest row
            of the window, so that what a row says of the row in front of it stays inside (of
            several that are the oldest, the first in line); the highest is Float64, null without.
        where: which rows count; null counts as false. Every row unless given.
        of: what is summed or told, a number; or what is told apart, text or a code.
        newest: rows exactly so many days before as_of or newer are left out; 0 leaves none out.
        oldest: rows more than so many days before as_of are left out; None looks back for ever.
        since: only rows strictly newer than the newest of these, however old that is; all rows
            where there is none.
        days: length of a block.
    """

    name: str
    kind: Kind
    where: pl.Expr | None = None
    of: pl.Expr | None = None
    newest: int = 0
    oldest: int | None = None
    since: pl.Expr | None = None
    days: int = 0

    def __post_init__(self) -> None:
        if (self.kind in _WITHOUT_OF) != (self.of is None):
            raise ValueError(
                f"measure {self.name}: expected `of` for total, distinct and cell, and only there"
            )
        if (self.kind == "blocks") != (self.days > 0):
            raise ValueError(
                f"measure {self.name}: expected days > 0 for blocks, and only there, got "
                f"{self.days}"
            )
        if self.newest < 0 or (self.oldest is not None and self.oldest <= self.newest):
            raise ValueError(
                f"measure {self.name}: expected 0 <= newest < oldest, got {self.newest} and "
                f"{self.oldest}"
            )

    @property
    def is_kept(self) -> pl.Expr:
        """Whether a row counts, windows aside; Boolean without nulls."""
        return _sure(self.where)

    @property
    def is_mark(self) -> pl.Expr:
        """Whether a row is one of those that `since` names."""
        return pl.lit(value=False) if self.since is None else _sure(self.since)

    @property
    def numbers(self) -> pl.Expr:
        """What a row adds or tells: thousandths for a total, Int64; Float64 for a cell."""
        if self.of is None:
            raise ValueError(f"measure {self.name}: expected `of`, got a {self.kind}")
        if self.kind == "distinct":
            return self.of
        if self.kind in {"cell", "inner_most"}:
            return self.of.cast(pl.Float64)
        return (self.of * PARTS_PER_UNIT).round().cast(pl.Int64).fill_null(0)


def count(
    name: str,
    where: pl.Expr | None = None,
    *,
    newest: int = 0,
    oldest: int | None = None,
    since: pl.Expr | None = None,
) -> Measure:
    """How many rows."""
    return Measure(name, "count", where, newest=newest, oldest=oldest, since=since)


def total(
    name: str,
    of: pl.Expr,
    where: pl.Expr | None = None,
    *,
    newest: int = 0,
    oldest: int | None = None,
) -> Measure:
    """The sum of a number, rounded to thousandths row by row."""
    return Measure(name, "total", where, of, newest=newest, oldest=oldest)


def distinct(
    name: str,
    of: pl.Expr,
    where: pl.Expr | None = None,
    *,
    newest: int = 0,
    oldest: int | None = None,
) -> Measure:
    """How many values; null is none."""
    return Measure(name, "distinct", where, of, newest=newest, oldest=oldest)


def newest(
    name: str,
    where: pl.Expr | None = None,
    *,
    oldest: int | None = None,
    since: pl.Expr | None = None,
) -> Measure:
    """The moment of the newest row."""
    return Measure(name, "newest", where, oldest=oldest, since=since)


def oldest(
    name: str,
    where: pl.Expr | None = None,
    *,
    oldest: int | None = None,
    since: pl.Expr | None = None,
) -> Measure:
    """The moment of the oldest row."""
    return Measure(name, "oldest", where, oldest=oldest, since=since)


def cell_of_newest(name: str, of: pl.Expr, where: pl.Expr | None = None) -> Measure:
    """A number of the newest row; the smallest one where several are the newest."""
    return Measure(name, "cell", where, of)


def blocks(name: str, where: pl.Expr | None = None, *, days: int, oldest: int) -> Measure:
    """How many blocks of so many days before as_of have a row."""
    return Measure(name, "blocks", where, oldest=oldest, days=days)


def inner_total(name: str, of: pl.Expr, where: pl.Expr | None = None, *, oldest: int) -> Measure:
    """The sum of a number without the oldest row; rounded to thousandths row by row."""
    return Measure(name, "inner_total", where, of, oldest=oldest)


def inner_most(name: str, of: pl.Expr, where: pl.Expr | None = None, *, oldest: int) -> Measure:
    """The highest of a number without the oldest row; nulls are none."""
    return Measure(name, "inner_most", where, of, oldest=oldest)


def in_window(moment: pl.Expr, newest: int, oldest: int) -> pl.Expr:
    """Whether a moment is at most `oldest` and more than `newest` days before as_of.

    `in_window(t, 0, 30)` and `in_window(t, 30, 90)` share no moment. Nothing here looks for the
    future: rows at or after as_of have not passed the door.
    """
    days_before = pl.col(AS_OF) - moment
    return (days_before > pl.duration(days=newest)) & (days_before <= pl.duration(days=oldest))


def block(moment: pl.Expr, days: int) -> pl.Expr:
    """The block of `days` days before as_of in which a moment falls, 0 the newest.

    Half-open as `in_window`: a moment exactly `days` days before as_of is still in block 0.
    """
    before = (pl.col(AS_OF) - moment).dt.total_microseconds()
    return (before - 1) // (days * 86_400_000_000)


def measured_plainly(
    spine: pl.LazyFrame,
    rows: pl.LazyFrame,
    measures: Sequence[Measure],
    *,
    keys: Sequence[str],
    moment: str,
) -> pl.LazyFrame:
    """Every measure from the rows of each spine row, one by one.

    Args:
        spine: one row per `keys`.
        rows: each spine row with the rows known at its as_of, as `known_at` gives them; in order
            of moment where inner measures are asked.
        measures: what is asked.
        keys: what identifies a spine row.
        moment: the column of the rows that is held against as_of.

    Returns:
        The spine and one column per measure.
    """
    asked = [_asked(measure, pl.col(moment)) for measure in measures]
    told = rows.group_by(*keys).agg(asked)
    zeros = [measure.name for measure in measures if measure.kind in _ZERO_WITHOUT_ROWS]
    return (
        spine.join(told, on=list(keys), how="left")
        .with_columns(pl.col(zeros).fill_null(0))
        .with_columns(_units(measures))
    )


def _units(measures: Sequence[Measure]) -> list[pl.Expr]:
    """The columns in their units: totals of thousandths become numbers."""
    return [pl.col(measure.name) * UNITS_PER_PART for measure in measures if measure.kind in TOTALS]


def _asked(measure: Measure, moment: pl.Expr) -> pl.Expr:
    kept = measure.is_kept & moment.is_not_null()
    if measure.oldest is not None:
        kept &= in_window(moment, measure.newest, measure.oldest)
    elif measure.newest:
        kept &= pl.col(AS_OF) - moment > pl.duration(days=measure.newest)
    if measure.since is not None:
        mark = moment.filter(measure.is_mark).max()
        kept &= (mark < moment).fill_null(value=True)
    kept = kept.fill_null(value=False)
    moments = moment.filter(kept)
    if measure.of is None:
        told = {
            "count": kept.sum().cast(pl.Int64),
            "blocks": block(moment, measure.days or 1).filter(kept).n_unique().cast(pl.Int64),
            "newest": moments.max(),
            "oldest": moments.min(),
        }
    else:
        numbers = measure.numbers.filter(kept)
        told = {
            "total": numbers.sum(),
            "inner_total": numbers.slice(1).sum(),
            "inner_most": numbers.slice(1).max(),
            "distinct": numbers.drop_nulls().n_unique().cast(pl.Int64),
            "cell": measure.numbers.filter(kept & (moment == moments.max())).min(),
        }
    return told[measure.kind].alias(measure.name)


def _sure(which: pl.Expr | None) -> pl.Expr:
    return pl.lit(value=True) if which is None else which.fill_null(value=False)
