"""Leaks: features must not move when the future does, and nothing may look too good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from features.book import Book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.context import build_context
from features.feature import Entity
from features.schema import ENTITY_ID
from features.snapshot import Commitment, account_spine, deal_spine
from training.disturbance import disturbed
from training.intervals import Mask
from training.matrix import Examples

SAMPLE = 50
MODEL_AUC_AT_MOST = 0.90
FEATURE_AUC_AT_MOST = 0.80


@dataclass(frozen=True, slots=True)
class LeakGate:
    """What the check found.

    Attributes:
        checked: entity → number of features compared bit by bit, and of rows.
        leaking: `entity.feature` that changed although only the future had.
        warnings: what looks too good, in words.
    """

    checked: Mapping[str, str]
    leaking: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def has_passed(self) -> bool:
        """Whether nothing moved."""
        return not self.leaking

    def to_mapping(self) -> dict[str, object]:
        """As it stands in metrics.json."""
        return {
            "verdict": "passed" if self.has_passed else "failed",
            "checked": dict(self.checked),
            "leaking": list(self.leaking),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Probe:
    """Where the future is disturbed: an as_of of the grid and what is described there."""

    entity: Entity
    at: datetime
    names: tuple[str, ...]
    commitment: Commitment | None = None


def moved_features(book: Book, probe: Probe, calendar: Calendar, *, seed: int) -> tuple[str, ...]:
    """Names of the features that change when the future after `probe.at` is disturbed.

    The rows to describe are part of it: an entity that comes or goes is named `rows`.
    """
    other = disturbed(book, probe.at, calendar, seed=seed)
    spine_of = account_spine if probe.entity == "account" else deal_spine
    spine = spine_of(book, [probe.at]).collect().sort(ENTITY_ID)
    moved = spine_of(other, [probe.at]).collect().sort(ENTITY_ID)
    generator = np.random.default_rng(seed)
    chosen = generator.permutation(spine.height)[:SAMPLE]
    sample = spine[np.sort(chosen)]
    before = _described(book, sample, probe, calendar)
    after = _described(other, sample, probe, calendar)
    changed = [
        name for name in probe.names if not before[name].equals(after[name], null_equal=True)
    ]
    return tuple(changed if spine.equals(moved) else ["rows", *changed])


def feature_warnings(examples: Examples, answers: Mapping[str, Mask]) -> list[str]:
    """Features that alone tell the outcome with an AUC above .80.

    Args:
        examples: out-of-time rows.
        answers: name of the answer → whether it holds, by row.
    """
    found = []
    for answer, is_true in answers.items():
        for name in examples.X.columns:
            auc = single_auc(examples.X[name], is_true)
            if auc is not None and max(auc, 1.0 - auc) > FEATURE_AUC_AT_MOST:
                found.append(
                    f"{examples.entity}: {name} alone tells {answer} with AUC "
                    f"{max(auc, 1.0 - auc):.2f}, above {FEATURE_AUC_AT_MOST:.2f}"
                )
    return found


def model_warnings(part: str, aucs: Mapping[str, float | None]) -> list[str]:
    """Models whose AUC is too good to be believed before it is explained."""
    return [
        f"{part}: {name} has AUC {auc:.3f}, above {MODEL_AUC_AT_MOST:.2f}: look for a leak first"
        for name, auc in aucs.items()
        if auc is not None and auc > MODEL_AUC_AT_MOST
    ]


def single_auc(values: pl.Series, is_true: Mask) -> float | None:
    """AUC of one column over the rows where it is known; None with fewer than 10 of a kind."""
    known = values.is_not_null().to_numpy()
    truth = is_true[known]
    positive, negative = int(truth.sum()), int((~truth).sum())
    if min(positive, negative) < 10:
        return None
    ranks = values.drop_nulls().rank("average").to_numpy()
    above = float(ranks[truth].sum()) - positive * (positive + 1) / 2
    return above / (positive * negative)


def probe_moments(moments: Sequence[datetime]) -> tuple[datetime, ...]:
    """The moments at which the future is disturbed: the middle and the newest."""
    return tuple(dict.fromkeys((moments[len(moments) // 2], moments[-1]))) if moments else ()


def _described(book: Book, spine: pl.DataFrame, probe: Probe, calendar: Calendar) -> pl.DataFrame:
    context = build_context(book, [probe.at], calendar)
    if probe.entity == "account":
        return account_features(book, spine.lazy(), context, calendar)
    return deal_features(book, spine.lazy(), context, calendar, probe.commitment)
