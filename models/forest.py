"""Forest: the sum of many trees for every deal at every step, without asking them all each time.

A tree asks some things of the deal and some of the step. Each leaf is reached by a deal that takes
the turns about deals on its way, at a step that takes the turns about steps; so the sum over the
trees is a product of two tables, one with a row per deal and one with a column per step.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.matrix import Floats, Matrix
from models.route import Places, Routes, Sides, routes_of, sides_of
from models.tree import Leaf, Tree

_DIGITS = 53
"""Of a double: whole numbers of so many binary digits are added without error."""
_PRODUCTS_AT_ONCE = 2**18
"""Above it OpenBLAS takes threads, which wait for one another where a core is busy elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees over columns of the deal, and after them columns of the step.

    Values are rounded to whole multiples of one power of two, so coarse that no sum of them needs
    more digits than a double has: it is then the same to the bit in whatever order it is taken,
    one deal at a time or thousands.

    Attributes:
        deal: routes through the splits on the deal's columns.
        step: routes through the splits on the step's columns, numbered from 0.
        leaves: of each route of the step, the deal routes of its leaves and their values.
    """

    deal: Routes
    step: Routes
    leaves: tuple[tuple[Places, Floats], ...]

    def sums(self, rows: Matrix, steps: Matrix, starts: Places) -> Floats:
        """Sum of all trees for each deal at each step, shape (deals, steps).

        Args:
            rows: columns of the deals; deals that look ahead to the same steps stand together.
            steps: columns of the steps, shape (groups, steps, columns).
            starts: place of the first deal of each group.
        """
        by_route = self._by_route(rows)
        groups, ahead, width = steps.shape
        is_taken = self.step.taken(steps.reshape(groups * ahead, width))
        at_once = max(1, _PRODUCTS_AT_ONCE // (self.step.count * ahead))
        found = np.empty((rows.shape[0], ahead))
        ends = np.append(starts, rows.shape[0])[1:]
        for group, (start, end) in enumerate(zip(starts, ends, strict=True)):
            here = is_taken[:, group * ahead : (group + 1) * ahead].astype(np.float64)
            for first in range(start, end, at_once):
                some = slice(first, min(first + at_once, end))
                np.matmul(by_route[:, some].T, here, out=found[some])
        return found

    def _by_route(self, rows: Matrix) -> Floats:
        """What the leaves on each route of the step add for each deal, shape (routes, deals)."""
        is_taken = self.deal.taken(rows)
        found = np.empty((len(self.leaves), rows.shape[0]))
        for route, (places, values) in enumerate(self.leaves):
            np.einsum("l,ld->d", values, is_taken[places].astype(np.float64), out=found[route])
        return found


def forest_of(trees: Sequence[Tree], deal_columns: int) -> Forest:
    """The trees as a forest whose first columns are the deal's."""
    quantum = _quantum(trees)
    parted = [(*_parted(leaf, deal_columns), leaf.value) for tree in trees for leaf in tree]
    deal, deal_at = routes_of(of_deal for of_deal, _, _ in parted)
    step, step_at = routes_of(of_step for _, of_step, _ in parted)
    leaves: list[list[tuple[int, float]]] = [[] for _ in range(step.count)]
    for of_deal, of_step, value in parted:
        whole = round(value / quantum) * quantum
        leaves[step_at[of_step]].append((deal_at[of_deal], whole))
    return Forest(
        deal=deal,
        step=step,
        leaves=tuple(
            (
                np.array([place for place, _ in found], dtype=np.intp),
                np.array([value for _, value in found]),
            )
            for found in leaves
        ),
    )


def _parted(leaf: Leaf, deal_columns: int) -> tuple[Sides, Sides]:
    """The leaf's sides of splits on the deal, and on the step, whose columns begin at 0."""
    of_deal = [turn for turn in leaf.way if turn.split.feature < deal_columns]
    of_step = [
        replace(turn, split=replace(turn.split, feature=turn.split.feature - deal_columns))
        for turn in leaf.way
        if turn.split.feature >= deal_columns
    ]
    return sides_of(of_deal), sides_of(of_step)


def _quantum(trees: Sequence[Tree]) -> float:
    """The finest power of two of which no sum of one leaf per tree is too large a multiple."""
    most = sum(max(abs(leaf.value) for leaf in tree) for tree in trees)
    return math.ldexp(1.0, math.frexp(most)[1] - _DIGITS) if most > 0.0 else 1.0
