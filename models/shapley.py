"""Shapley: contributions of features to a sum of small trees, looked up by how the splits go.

A tree of eight splits can send a row in 256 ways at most, and its contributions depend on nothing
else. They are worked out once for each way, and then looked up for each row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from models.matrix import Floats, Matrix
from models.route import Places, goes_left, in_order
from models.tree import Leaf, Split, Tree, TreeError

_SPLITS = 8
"""Of a tree at most: how they go is told in one byte."""
_MOMENTS = (0.06943184420297371, 0.33000947820757187, 0.6699905217924281, 0.9305681557970262)
_WEIGHTS = (0.17392742256872692, 0.32607257743127307, 0.32607257743127307, 0.17392742256872692)
"""Gauss and Legendre's on 0 to 1: exact for polynomials of a degree below the number of splits."""
_ROWS_AT_ONCE = 4_096

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Lookup:
    """What one feature of one tree contributes, by the code of how the tree's splits go."""

    feature: int
    tree: int
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shapley:
    """Exact TreeSHAP of a sum of trees, each row measured against the rows of the growing.

    Attributes:
        columns: how many features rows have.
        splits: of all trees.
        asked: place of the j-th split of each tree, shape (8, trees); one past the last where a
            tree has fewer.
        lookups: one for each feature of each tree.
        base: what the trees come to on average over the rows that they were grown on.

    Source: Lundberg et al. 2020, From local explanations to global understanding.
    """

    columns: int
    splits: tuple[Split, ...]
    asked: Places
    lookups: tuple[Lookup, ...]
    base: float

    def contributions(self, rows: Matrix) -> Floats:
        """Log-odds, shape (rows, features + 1); the last column is the base."""
        found = np.empty((rows.shape[0], self.columns + 1))
        for start in range(0, rows.shape[0], _ROWS_AT_ONCE):
            some = rows[start : start + _ROWS_AT_ONCE]
            codes = self._codes(some)
            by_feature = np.zeros((self.columns + 1, some.shape[0]))
            for lookup in self.lookups:
                by_feature[lookup.feature] += lookup.values[codes[lookup.tree]]
            by_feature[-1] = self.base
            found[start : start + _ROWS_AT_ONCE] = by_feature.T
        return found

    def _codes(self, rows: Matrix) -> Codes:
        """How the splits of each tree go for each row: bit j is set where the j-th goes left."""
        nowhere = np.zeros((1, rows.shape[0]), dtype=np.bool_)
        left = np.concatenate([goes_left(self.splits, rows), nowhere]).view(np.uint8)
        codes = np.zeros((self.asked.shape[1], rows.shape[0]), dtype=np.uint8)
        for bit, places in enumerate(self.asked):
            codes |= left[places] << np.uint8(bit)
        return codes


def shapley_of(trees: Sequence[Tree], columns: int) -> Shapley:
    """Work out every lookup of the trees; takes a moment, so it pays for many rows.

    Raises:
        TreeError: a tree of more than eight splits, or a side that no row of the growing was on.
    """
    splits = in_order(turn.split for tree in trees for leaf in tree for turn in leaf.way)
    place = {split: number for number, split in enumerate(splits)}
    asked = np.full((_SPLITS, len(trees)), len(splits), dtype=np.intp)
    lookups = []
    for number, tree in enumerate(trees):
        own = in_order(turn.split for leaf in tree for turn in leaf.way)
        if len(own) > _SPLITS:
            raise TreeError(f"expected {_SPLITS} splits or fewer in a tree, found {len(own)}")
        if not all(turn.share for leaf in tree for turn in leaf.way):
            raise TreeError("expected rows on both sides of every split, found none on one")
        asked[: len(own), number] = [place[split] for split in own]
        lookups += [Lookup(feature, number, of) for feature, of in _tables(tree, own).items()]
    lookups.sort(key=lambda lookup: lookup.feature)
    base = sum(leaf.value * prod(turn.share for turn in leaf.way) for leaf in _all(trees))
    return Shapley(columns, splits, asked, tuple(lookups), base)


def _all(trees: Iterable[Tree]) -> Iterable[Leaf]:
    return (leaf for tree in trees for leaf in tree)


def _tables(tree: Tree, splits: Sequence[Split]) -> dict[int, Floats]:
    """Contributions of each feature of the tree, by code."""
    codes = np.arange(2 ** len(splits))
    is_left = {split: (codes >> bit) % 2 == 1 for bit, split in enumerate(splits)}
    found = {split.feature: np.zeros(len(codes)) for split in splits}
    for leaf in tree:
        features = list(dict.fromkeys(turn.split.feature for turn in leaf.way))
        agrees = np.ones((len(features), len(codes)))
        share = np.ones((len(features), 1))
        for turn in leaf.way:
            at = features.index(turn.split.feature)
            agrees[at] *= is_left[turn.split] == turn.is_left
            share[at] *= turn.share
        for feature, part in zip(features, leaf.value * _weighed(agrees, share), strict=True):
            found[feature] += part
    return found


def _weighed(agrees: Floats, share: Floats) -> Floats:
    """Shapley values of the game that is worth, to a coalition, the chance of reaching a leaf.

    A feature of the coalition has to agree with the way, any other does so with its share. The
    mean over all orders of coming in is the integral, over the moment t at which a feature does, of
    the chance that the others' part leads there: each has come with chance t.

    Args:
        agrees: 1 where the row is on the leaf's side of the feature's splits, else 0; by feature.
        share: of the rows of the growing that are, shape (features, 1).
    """
    moments = np.array(_MOMENTS)[:, None, None]
    each = moments * agrees + (1.0 - moments) * share
    others = each.prod(axis=1, keepdims=True) / each
    return np.asarray((agrees - share) * np.tensordot(_WEIGHTS, others, axes=1))
