"""Outlook: what a head says of each deal at every step ahead; what is the deal's is asked once."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.forest import Forest, forest_of
from models.head import Head
from models.matrix import Floats, Matrix
from models.route import Places
from models.tree import TreeError, trees_of


class Regression(Protocol):
    """What sums up a part for each column, which depends on that column alone."""

    def contributions(self, rows: Matrix, /) -> Floats:
        """The parts, shape (rows, columns + 1); the last column is the base."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """A head over columns of the deal, and after them columns of the step.

    Attributes:
        deal_columns: how many columns are the deal's.
        forest: of all its boosters; None without any, or when their trees are not understood.
    """

    head: Head
    deal_columns: int
    forest: Forest | None

    def log_odds(self, rows: Matrix, steps: Matrix, starts: Places) -> Floats:
        """As `Head.log_odds` of each deal's columns beside those of each step.

        Args:
            rows: columns of the deals; deals that look ahead to the same steps stand together.
            steps: columns of the steps, shape (groups, steps, columns).
            starts: place of the first deal of each group.

        Returns:
            Shape (deals, steps); within 1e-12 of LightGBM's own sums, and the same to the bit
            for a deal alone and among others.
        """
        head = self.head
        found = np.full((rows.shape[0], steps.shape[1]), head.constant or 0.0)
        if head.constant is not None:
            return found
        group = np.repeat(np.arange(len(starts)), np.diff(starts, append=rows.shape[0]))
        if head.boosters and self.forest is None:
            return self._row_by_row(rows, steps[group])
        shares = head.shares()
        if self.forest is not None:
            found += float(shares[0]) * self.forest.sums(rows, steps, starts)
        if head.logistic is not None:
            of_deal, of_step = self._parted(head.logistic, rows, steps)
            found += float(shares[-1]) * (of_deal[:, None] + of_step[group])
        return found

    def _row_by_row(self, rows: Matrix, steps: Matrix) -> Floats:
        deals, ahead, width = steps.shape
        wide = np.hstack([np.repeat(rows, ahead, axis=0), steps.reshape(deals * ahead, width)])
        return self.head.log_odds(wide).reshape(deals, ahead)

    def _parted(self, regression: Regression, rows: Matrix, steps: Matrix) -> tuple[Floats, Floats]:
        """A regression's log-odds as a number per deal and one per group and step."""
        groups, ahead, width = steps.shape
        first = self.deal_columns
        of_deal = np.zeros((rows.shape[0], first + width), dtype=np.float32)
        of_deal[:, :first] = rows
        of_step = np.zeros((groups * ahead, first + width), dtype=np.float32)
        of_step[:, first:] = steps.reshape(groups * ahead, width)
        deals, weeks = (regression.contributions(wide) for wide in (of_deal, of_step))
        return (
            deals[:, :first].sum(axis=1) + deals[:, -1],
            weeks[:, first:-1].sum(axis=1).reshape(groups, ahead),
        )


def outlook_of(head: Head, deal_columns: int) -> Outlook:
    """The head's outlook; its boosters' trees are read once, here."""
    try:
        trees = [tree for booster in head.boosters for tree in trees_of(booster.text())]
    except TreeError:
        trees = []
    return Outlook(head, deal_columns, forest_of(trees, deal_columns) if trees else None)
