"""Route: sides of several splits at once, and which rows are on all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from models.matrix import Matrix
from models.tree import Split, Turn

Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
Sides = frozenset[tuple[Split, bool]]
"""Splits, and whether it is their left side."""

_NOUGHT = np.float32(1e-35)
"""Up to here LightGBM takes a value for zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Routes over the same splits; each split is asked once, however many routes turn there.

    Attributes:
        splits: each once, in the order of `in_order`.
        turns: place of the j-th side of each route that has so many, longest routes first: that
            of the split for its left side, and so many further for its right one.
        count: how many routes; those without a turn come last, and every row takes them.
    """

    splits: tuple[Split, ...]
    turns: tuple[Places, ...]
    count: int

    def taken(self, rows: Matrix) -> Flags:
        """Whether each row takes each route, shape (routes, rows)."""
        left = goes_left(self.splits, rows)
        sides = np.concatenate([left, ~left])
        found = np.ones((self.count, rows.shape[0]), dtype=np.bool_)
        for turn in self.turns:
            found[: len(turn)] &= sides[turn]
        return found


def routes_of(ways: Iterable[Sides]) -> tuple[Routes, dict[Sides, int]]:
    """The distinct ways as routes, and the place of each."""
    ordered = sorted(dict.fromkeys(ways), key=len, reverse=True)
    splits = in_order(split for way in ordered for split, _ in way)
    place = {split: number for number, split in enumerate(splits)}
    sides = [
        sorted(place[split] + (0 if is_left else len(splits)) for split, is_left in way)
        for way in ordered
    ]
    longest = len(ordered[0]) if ordered else 0
    turns = tuple(
        np.array([way[turn] for way in sides if turn < len(way)], dtype=np.intp)
        for turn in range(longest)
    )
    return Routes(splits, turns, len(ordered)), {way: at for at, way in enumerate(ordered)}


def sides_of(way: Iterable[Turn]) -> Sides:
    """The sides that a way is on."""
    return frozenset((turn.split, turn.is_left) for turn in way)


def in_order(splits: Iterable[Split]) -> tuple[Split, ...]:
    """Each split once; those that read the same values stand together."""
    return tuple(sorted(dict.fromkeys(splits), key=_values_read))


def goes_left(splits: Sequence[Split], rows: Matrix) -> Flags:
    """Whether each row goes left at each split, shape (splits, rows); splits as in `in_order`.

    Source: LightGBM 4.7, `Tree::NumericalDecision` and `Tree::CategoricalDecision`.
    """
    columns = np.ascontiguousarray(rows.T)
    columns = np.where(np.abs(columns) <= _NOUGHT, np.float32(0.0), columns)
    found = np.empty((len(splits), rows.shape[0]), dtype=np.bool_)
    first = 0
    for _, together in groupby(splits, key=_values_read):
        alike = tuple(together)
        end = first + len(alike)
        column = columns[alike[0].feature]
        if alike[0].codes is None:
            limits = np.array([split.at_most for split in alike], dtype=np.float32)
            np.less_equal(_filled(column, alike[0]), limits[:, None], out=found[first:end])
        else:
            found[first:end] = _is_among(column, alike)
        first = end
    return found


def _values_read(split: Split) -> tuple[int, bool, str, bool]:
    return split.feature, split.codes is not None, split.missing, split.is_default_left


def _filled(column: Matrix, split: Split) -> Matrix:
    """The values with missing ones such that `<=` sends them where the split does."""
    is_missing = np.isnan(column)
    if split.missing == "none":
        return np.where(is_missing, np.float32(0.0), column)
    if split.missing == "zero":
        is_missing |= column == 0.0
    return np.where(is_missing, np.float32(-np.inf if split.is_default_left else np.nan), column)


def _is_among(column: Matrix, splits: tuple[Split, ...]) -> Flags:
    """Whether each row's code is one of those that go left; what is no code goes right."""
    width = 1 + max(max(split.codes or {0}) for split in splits)
    table = np.zeros((len(splits), width + 1), dtype=np.bool_)
    for row, split in enumerate(splits):
        table[row, list(split.codes or ())] = True
    is_code = (column > -1.0) & (column < width)
    codes = np.where(is_code, column, np.float32(width)).astype(np.intp)
    return np.asarray(table[:, codes])
