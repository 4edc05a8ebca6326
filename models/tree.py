"""Tree: a grown tree as LightGBM's text tells it, leaf by leaf with the way that leads there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

Missing = Literal["none", "zero", "nan"]
"""What a split takes for missing: nothing (NaN is 0), zero and NaN, or NaN alone."""

_MISSING: tuple[Missing, ...] = ("none", "zero", "nan")
_IS_CATEGORY, _IS_DEFAULT_LEFT, _MISSING_BITS = 1, 2, 2
_WORD = 32


class TreeError(ValueError):
    """A tree of a sort that is not read here; LightGBM itself has to be asked."""


@dataclass(frozen=True, slots=True)
class Split:
    """A question to one feature, answered left or right.

    Attributes:
        feature: its column.
        at_most: largest value that goes left, as wide as the features are (Float32).
        missing: what counts as missing; of numbers only.
        is_default_left: where a missing value goes.
        codes: categories that go left, in place of `at_most`; None for numbers.
    """

    feature: int
    at_most: float = 0.0
    missing: Missing = "none"
    is_default_left: bool = False
    codes: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One side of a split.

    Attributes:
        share: of the rows that the tree was grown on and that came to the split.
    """

    split: Split
    is_left: bool
    share: float


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a tree adds for the rows that come here.

    Attributes:
        value: log-odds.
        way: the turns that lead here.
    """

    value: float
    way: tuple[Turn, ...]


Tree = tuple[Leaf, ...]


def trees_of(text: str) -> tuple[Tree, ...]:
    """Every tree of the text of a booster with one outcome.

    Raises:
        TreeError: trees of several outcomes, or linear models in the leaves.
    """
    found = outcome_trees(text)
    if len(found) != 1:
        raise TreeError(f"expected trees of one outcome, found them of {len(found)}")
    return found[0]


def outcome_trees(text: str) -> tuple[tuple[Tree, ...], ...]:
    """Every tree of a booster's text, by the outcome that it speaks of.

    Source: LightGBM 4.7, `Tree::ToString` and `Tree::Decision`; the trees of one round stand
    side by side, one for each outcome.

    Raises:
        TreeError: linear models in the leaves, or a text that does not say how many outcomes.
    """
    opening, *blocks = text.split("end of trees", 1)[0].split("\nTree=")
    outcomes = _told(opening).get("num_tree_per_iteration", "none")
    if not outcomes.isdigit() or int(outcomes) < 1:
        raise TreeError(f"expected trees of one outcome or more, found them of {outcomes}")
    trees = tuple(_tree(_told(block)) for block in blocks)
    return tuple(trees[place :: int(outcomes)] for place in range(int(outcomes)))


def _told(block: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.splitlines())
    return {name: value for name, _, value in pairs}


def _tree(told: Mapping[str, str]) -> Tree:
    if told.get("is_linear", "0") != "0":
        raise TreeError("expected leaves with one value, found linear ones")
    values = [float(value) for value in told["leaf_value"].split()]
    if len(values) == 1:
        return (Leaf(values[0], ()),)
    inner, outer = (_numbers(told[f"{kind}_count"]) for kind in ("internal", "leaf"))
    left, right = (_numbers(told[f"{side}_child"]) for side in ("left", "right"))
    ways: list[tuple[Turn, ...]] = [()] * len(values)
    open_ways: list[tuple[int, tuple[Turn, ...]]] = [(0, ())]
    splits = _splits(told)
    while open_ways:
        node, way = open_ways.pop()
        for is_left, child in ((True, left[node]), (False, right[node])):
            # Leaves are numbered below zero: -1 is the first.
            count = inner[child] if child >= 0 else outer[-child - 1]
            further = (*way, Turn(splits[node], is_left, count / max(inner[node], 1)))
            if child >= 0:
                open_ways.append((child, further))
            else:
                ways[-child - 1] = further
    return tuple(Leaf(value, way) for value, way in zip(values, ways, strict=True))


def _splits(told: Mapping[str, str]) -> list[Split]:
    features, kinds = _numbers(told["split_feature"]), _numbers(told["decision_type"])
    thresholds = [float(value) for value in told["threshold"].split()]
    bounds, words = (_numbers(told.get(f"cat_{name}", "")) for name in ("boundaries", "threshold"))
    found = []
    for feature, kind, threshold in zip(features, kinds, thresholds, strict=True):
        if kind & _IS_CATEGORY:
            first, end = bounds[int(threshold)], bounds[int(threshold) + 1]
            found.append(Split(feature, codes=_codes(words[first:end])))
        else:
            missing = _MISSING[kind >> _MISSING_BITS]
            is_left = bool(kind & _IS_DEFAULT_LEFT) and missing != "none"
            found.append(Split(feature, _rounded_down(threshold), missing, is_left))
    return found


def _codes(words: list[int]) -> frozenset[int]:
    bits = range(len(words) * _WORD)
    return frozenset(bit for bit in bits if words[bit // _WORD] >> (bit % _WORD) & 1)


def _rounded_down(threshold: float) -> float:
    """The largest Float32 that is not above: the same values of that width lie at or below it."""
    with np.errstate(over="ignore"):
        near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split()]
