"""Bucket model: three nested questions that share out one probability over four buckets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from models.calibration import Calibration
from models.document import document
from models.head import Head, HeadDocument, head_from_document, levelled
from models.joint import BucketHead, Joint, JointDocument, joint_from_document
from models.logodds import sigmoid
from models.matrix import Floats, Matrix, matrix_of
from models.reasons import Explanation

Kind = Literal["lightgbm", "logistic", "blend", "constant", "ensemble"]
FOLDER = "bucket"
JOINT_SHARE = 0.5
"""What joint boosters count for in an ensemble, in the log-odds of each question."""
_QUESTIONS: tuple[BucketHead, ...] = ("walk", "pain", "a_list")
# Which question speaks for a displayed bucket. Steady is what the last question says no to.
_SPEAKS: Mapping[str, BucketHead] = {
    "walk_away": "walk",
    "pain": "pain",
    "a_list": "a_list",
    "steady": "a_list",
}


@document
@dataclass(frozen=True, slots=True)
class BucketDocument:
    """`bucket.json`."""

    kind: Kind
    names: tuple[str, ...]
    walk: HeadDocument
    pain: HeadDocument
    a_list: HeadDocument
    calibration: Calibration | None = None
    joint: JointDocument | None = None


@dataclass(frozen=True, slots=True)
class BucketModel:
    """P(walk away), then P(pain | not walk away), then P(A-list | neither); the rest is steady.

    Attributes:
        names: the features that the heads read, in order.
        calibration: applied to the four probabilities, where it has earned its place.
        joint: boosters over all buckets at once; each question's log-odds are then the average
            of its head's and theirs.
    """

    kind: Kind
    names: tuple[str, ...]
    walk: Head
    pain: Head
    a_list: Head
    calibration: Calibration | None = None
    joint: Joint | None = None

    def __post_init__(self) -> None:
        for head, name in ((self.walk, "walk"), (self.pain, "pain"), (self.a_list, "a_list")):
            if head.name != name:
                raise ValueError(f"expected head {name}, found {head.name}")
            if head.names != self.names:
                raise ValueError(
                    f"head {head.name}: expected features {list(self.names)}, "
                    f"found {list(head.names)}"
                )
        if (self.kind == "ensemble") != (self.joint is not None):
            raise ValueError(f"expected joint boosters for an ensemble alone, got {self.kind}")
        if self.joint is not None and self.joint.names != self.names:
            raise ValueError(
                f"joint: expected features {list(self.names)}, found {list(self.joint.names)}"
            )

    def predict(self, X: pl.DataFrame | Matrix) -> pl.DataFrame:
        """p_a_list, p_pain, p_walk_away, p_steady; rows as in X, each row sums to 1."""
        rows = matrix_of(X, self.names)
        walk, pain, a_list = (sigmoid(odds) for odds in self._log_odds(rows))
        neither = (1.0 - walk) * (1.0 - pain)
        told = {
            "p_a_list": neither * a_list,
            "p_pain": (1.0 - walk) * pain,
            "p_walk_away": walk,
            "p_steady": neither * (1.0 - a_list),
        }
        if self.calibration is None:
            return pl.DataFrame(told)
        p = np.stack(list(told.values()), axis=1)
        return pl.DataFrame(self.calibration.apply(p), schema=list(told))

    def head(self, name: BucketHead) -> Head:
        """One of the three questions."""
        return {"walk": self.walk, "pain": self.pain, "a_list": self.a_list}[name]

    def contributions(self, X: pl.DataFrame | Matrix, head: BucketHead) -> Floats:
        """Log-odds of one question split over the features; the last column is the base."""
        rows = matrix_of(X, self.names)
        if self.joint is None:
            return self.head(head).contributions(rows)
        return np.asarray(self._parts(rows, head, self._most()).mean(axis=0))

    def explain(self, X: pl.DataFrame | Matrix, buckets: Sequence[str]) -> Explanation:
        """What speaks for and against the displayed bucket of each row.

        A walk-away, pain or A-list row is explained by the question of that name, a steady row
        by the A-list question, so that its reasons say what keeps it from being one.

        Raises:
            ValueError: a bucket that is none of the four.
        """
        unknown = sorted(set(buckets) - set(_SPEAKS))
        if unknown:
            raise ValueError(f"expected buckets {sorted(_SPEAKS)}, found {unknown}")
        rows = matrix_of(X, self.names)
        asked = np.array([_SPEAKS[bucket] for bucket in buckets], dtype=object)
        most = self._most()
        sides = 1 if self.joint is None else 2
        parts = np.zeros((most * sides, rows.shape[0], len(self.names) + 1))
        for name in _QUESTIONS:
            here = asked == name
            if here.any():
                parts[:, here, :] = self._parts(rows[here], name, most)
        answers = ["a_list" if bucket == "steady" else bucket for bucket in buckets]
        return Explanation(
            names=self.names,
            parts=parts[:, :, :-1],
            shares=np.full(most * sides, 1.0 / (most * sides)),
            base=parts[:, :, -1].mean(axis=0),
            raises=tuple(f"toward_{bucket}" for bucket in answers),
            lowers=tuple(f"away_from_{bucket}" for bucket in answers),
        )

    def to_document(self) -> tuple[BucketDocument, dict[str, str]]:
        """The model as JSON, and the text of each booster by file name."""
        walk, walk_texts = self.walk.to_document(FOLDER)
        pain, pain_texts = self.pain.to_document(FOLDER)
        a_list, a_list_texts = self.a_list.to_document(FOLDER)
        joint, joint_texts = (None, {}) if self.joint is None else self.joint.to_document(FOLDER)
        described = BucketDocument(
            kind=self.kind,
            names=self.names,
            walk=walk,
            pain=pain,
            a_list=a_list,
            calibration=self.calibration,
            joint=joint,
        )
        return described, {**walk_texts, **pain_texts, **a_list_texts, **joint_texts}

    def _log_odds(self, rows: Matrix) -> list[Floats]:
        """Of the three questions, in their order."""
        own = [self.head(name).log_odds(rows) for name in _QUESTIONS]
        if self.joint is None:
            return own
        told = self.joint.log_odds(rows)
        return [
            (1.0 - JOINT_SHARE) * odds + JOINT_SHARE * told[name]
            for name, odds in zip(_QUESTIONS, own, strict=True)
        ]

    def _most(self) -> int:
        """Members of the head that has most, or of the joint boosters."""
        found = [len(self.head(name).shares()) for name in _QUESTIONS]
        return max(found if self.joint is None else [*found, len(self.joint.boosters)])

    def _parts(self, rows: Matrix, name: BucketHead, members: int) -> Floats:
        """Contributions by member, of which the plain mean is the question's log-odds."""
        own = self.head(name).levelled_contributions(rows, members)
        if self.joint is None:
            return own
        told = levelled(self.joint.member_contributions(rows, name), members)
        # Both sides have as many members, so that a share of a half needs no weight.
        return np.concatenate([2.0 * (1.0 - JOINT_SHARE) * own, 2.0 * JOINT_SHARE * told])


def bucket_from_document(described: BucketDocument, texts: Mapping[str, str]) -> BucketModel:
    """The model that `bucket.json` describes; `texts` hold verified LightGBM text."""
    walk, pain, a_list = (
        head_from_document(part, texts, names=described.names)
        for part in (described.walk, described.pain, described.a_list)
    )
    names, joint = described.names, described.joint
    return BucketModel(
        described.kind,
        names,
        walk,
        pain,
        a_list,
        described.calibration,
        None if joint is None else joint_from_document(joint, texts, names=names),
    )
