"""Joint: boosters over all buckets at once, read as the nested questions are asked.

The chain asks three questions one after the other, each of fewer rows; a joint booster learns all
answers side by side. They err in different places, so that their average errs less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Literal

import numpy as np
import polars as pl

from models.booster import Booster, booster_from_text
from models.document import document
from models.matrix import Floats, Matrix, matrix_of

BucketHead = Literal["walk", "pain", "a_list"]
UNTOLD = "untold"
"""The class of accounts in play that are no walk-away, and whose bucket cannot be told."""
_ASKED: Mapping[BucketHead, tuple[str, tuple[str, ...]]] = {
    "walk": ("walk_away", ("pain", "a_list", "steady", UNTOLD)),
    "pain": ("pain", ("a_list", "steady")),
    "a_list": ("a_list", ("steady",)),
}
"""Question → the class that says yes, and those among which it is then the only other answer."""
_STILL = 1e-9


@document
@dataclass(frozen=True, slots=True)
class JointDocument:
    """The joint boosters as JSON; they stay in text files of their own, named here."""

    classes: tuple[str, ...]
    boosters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joint:
    """Multiclass boosters of several seeds, averaged in the log-odds of each question.

    Attributes:
        names: the features, in order.
        classes: the buckets in the order of the boosters' scores, and `untold` where accounts in
            play had no bucket that could be told.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    boosters: tuple[Booster, ...]

    def __post_init__(self) -> None:
        needed = {yes for yes, _ in _ASKED.values()} | {"steady"}
        if not needed <= set(self.classes) <= needed | {UNTOLD}:
            raise ValueError(
                f"expected the classes {sorted(needed)}, perhaps {UNTOLD!r} too, found "
                f"{list(self.classes)}"
            )
        if not self.boosters:
            raise ValueError("expected boosters of one seed or more, found none")
        for booster in self.boosters:
            if booster.names != self.names:
                raise ValueError(
                    f"joint: expected features {list(self.names)}, a booster reads "
                    f"{list(booster.names)}"
                )

    def log_odds(self, X: pl.DataFrame | Matrix) -> dict[BucketHead, Floats]:
        """Log-odds per row of each question of the chain."""
        rows = matrix_of(X, self.names)
        scores = [booster.scores(rows) for booster in self.boosters]
        return {
            question: np.mean([self._odds(told, question) for told in scores], axis=0)
            for question in _ASKED
        }

    def member_contributions(self, X: pl.DataFrame | Matrix, question: BucketHead) -> Floats:
        """One question's log-odds by feature, shape (members, rows, features + 1); base last.

        The log-odds are the score of the yes less the log-sum-exp of the others' scores. Of that
        sum, each score takes its Shapley value over the scores' moves away from their bases, and
        shares it out among the features in proportion to their part in its move; so all adds up.
        """
        rows = matrix_of(X, self.names)
        return np.stack([self._split(each, rows, question) for each in self.boosters])

    def to_document(self, folder: str) -> tuple[JointDocument, dict[str, str]]:
        """The JSON, and the boosters' texts by file name inside the bundle."""
        texts = {
            f"{folder}/joint-{place}.txt": booster.text()
            for place, booster in enumerate(self.boosters)
        }
        return JointDocument(self.classes, tuple(texts)), texts

    def _places(self, question: BucketHead) -> tuple[int, list[int]]:
        yes, others = _ASKED[question]
        return self.classes.index(yes), [
            place for place, name in enumerate(self.classes) if name in others
        ]

    def _odds(self, scores: Floats, question: BucketHead) -> Floats:
        yes, others = self._places(question)
        return np.asarray(scores[:, yes] - _log_sum(scores[:, others]))

    def _split(self, booster: Booster, rows: Matrix, question: BucketHead) -> Floats:
        yes, others = self._places(question)
        parts = booster.score_contributions(rows)
        base, moved = parts[others, :, -1].T, parts[others, :, :-1].sum(axis=2).T
        shares = _shapley_of_log_sum(base, base + moved)
        found = parts[yes].copy()
        for column, place in enumerate(others):
            is_still = np.abs(moved[:, column]) < _STILL
            scale = np.where(
                is_still, 0.0, shares[:, column] / np.where(is_still, 1.0, moved[:, column])
            )
            found[:, :-1] -= scale[:, None] * parts[place, :, :-1]
        found[:, -1] -= _log_sum(base)
        return np.asarray(found)


def joint_from_document(
    described: JointDocument, texts: Mapping[str, str], *, names: tuple[str, ...]
) -> Joint:
    """The boosters that the JSON names; `texts` hold verified LightGBM text by file name."""
    boosters = tuple(booster_from_text(texts[file]) for file in described.boosters)
    return Joint(names, described.classes, boosters)


def _log_sum(scores: Floats) -> Floats:
    """Log of the sum of exponentials over the columns."""
    most = scores.max(axis=1)
    return np.asarray(most + np.log(np.exp(scores - most[:, None]).sum(axis=1)))


def _shapley_of_log_sum(base: Floats, value: Floats) -> Floats:
    """What each column's move from base to value adds to the log-sum-exp, averaged over orders.

    Shapes (rows, columns). Source: Shapley 1953, A value for n-person games; four columns at most,
    so that all sets are gone through.
    """
    columns = base.shape[1]
    found = np.zeros(base.shape)
    sums = {moved: _log_sum(_with(base, value, moved)) for moved in _subsets(range(columns))}
    for column in range(columns):
        rest = [other for other in range(columns) if other != column]
        for before in _subsets(rest):
            orders = factorial(len(before)) * factorial(columns - len(before) - 1)
            gain = sums[tuple(sorted((*before, column)))] - sums[before]
            found[:, column] += orders / factorial(columns) * gain
    return found


def _with(base: Floats, value: Floats, moved: tuple[int, ...]) -> Floats:
    is_moved = np.isin(np.arange(base.shape[1]), moved)
    return np.where(is_moved, value, base)


def _subsets(places: Sequence[int]) -> list[tuple[int, ...]]:
    return [
        chosen for size in range(len(places) + 1) for chosen in combinations(sorted(places), size)
    ]
