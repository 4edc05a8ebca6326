"""Neighbours: what the rows before and after a row say, where some rows stand in a line.

A line holds the chosen rows of one table by owner and moment. An owner is a row of the spine with
the rows known to it or, in the fast way, an account of which no question misses a row. There, what
looks forward may see rows at or after an as_of: hold their moment against as_of before anything is
told of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.timeline import MOMENT, OWNER

PLACE, FIRST, LAST = "_place", "_first_of_moment", "_last_of_moment"
"""Columns of a line: the place of a row, and of the first and the last row of its moment."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Which rows stand in a line, and what is told of them.

    Attributes:
        where: which rows; null counts as false.
        reads: what a row says by itself, by name. A line has no other columns of the table.
        columns: what a row says of its neighbours, by name, one after the other: each may read
            those before it, `reads`, and MOMENT.
        within: rows that happened more days before as_of may be missing, so nothing told may
            depend on whether they are there.
    """

    where: pl.Expr
    reads: Mapping[str, pl.Expr]
    columns: Mapping[str, pl.Expr]
    within: int


def previous(where: pl.Expr) -> pl.Expr:
    """The place of the last row of a kind in front of a row, of its own moment too."""
    return _owned(_last(where).shift(1))


def earlier(where: pl.Expr) -> pl.Expr:
    """The place of the last row of a kind of an earlier moment."""
    return _owned(_last(where).shift(1).gather(pl.col(FIRST)))


def later(where: pl.Expr) -> pl.Expr:
    """The place of the first row of a kind of a later moment."""
    following = pl.when(where).then(PLACE).backward_fill()
    return _owned(following.shift(-1).gather(pl.col(LAST)))


def said(value: pl.Expr, place: str) -> pl.Expr:
    """What the row at a place says; null without a place."""
    return value.gather(pl.col(place))


def is_of_moment(where: pl.Expr) -> pl.Expr:
    """Whether the owner has a row of a kind at the row's very moment."""
    return (_last(where).gather(pl.col(LAST)) >= pl.col(FIRST)).fill_null(value=False)


def is_first_of_moment(where: pl.Expr) -> pl.Expr:
    """Whether a row is the first one of its kind at its moment."""
    return where & (_last(where).shift(1) < pl.col(FIRST)).fill_null(value=True)


def so_far(where: pl.Expr) -> pl.Expr:
    """Rows of a kind up to and with a moment; only differences within an owner say something."""
    return where.cum_sum().cast(pl.Int64).gather(pl.col(LAST))


def in_line(rows: pl.LazyFrame, line: Line) -> pl.LazyFrame:
    """Rows with OWNER, MOMENT and what they say by themselves, sorted, and what the line adds."""
    is_same = (pl.col(OWNER).shift(1) == pl.col(OWNER)) & (
        pl.col(MOMENT).shift(1) == pl.col(MOMENT)
    )
    is_new = ~is_same.fill_null(value=False)
    is_end = is_new.shift(-1, fill_value=True)
    rows = rows.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias(PLACE)).with_columns(
        pl.when(is_new).then(PLACE).forward_fill().alias(FIRST),
        pl.when(is_end).then(PLACE).backward_fill().alias(LAST),
    )
    for name, told in line.columns.items():
        rows = rows.with_columns(told.alias(name))
    return rows


def _last(where: pl.Expr) -> pl.Expr:
    """The place of the last row of a kind, this one included; perhaps another owner's."""
    return pl.when(where).then(PLACE).forward_fill()


def _owned(place: pl.Expr) -> pl.Expr:
    owner = pl.col(OWNER)
    return pl.when(owner.gather(place) == owner).then(place)
