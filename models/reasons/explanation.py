"""Explanation: contributions in log-odds, by member and column, summed into concepts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.feature import Concept, Feature
from models.matrix import Floats

HIDDEN: tuple[Concept, ...] = ("rep_context",)
"""What counts in a score and is never a reason: the rep's own record."""

CALENDAR: Concept = "timing"
"""Where columns count that are no features: those of a target week."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What each member said of each row, and what more or less of it means.

    Attributes:
        names: the columns of `parts`, which may hold columns beyond the catalogue.
        parts: log-odds, shape (members, rows, columns), without the base.
        shares: what each member counts for in the average; they sum to 1.
        base: per row; base + parts averaged by share and summed = the explained log-odds.
        raises: per row, the effect of a positive contribution, such as toward_a_list.
        lowers: per row, the effect of a negative one.
    """

    names: tuple[str, ...]
    parts: Floats
    shares: Floats
    base: Floats
    raises: tuple[str, ...]
    lowers: tuple[str, ...]

    def __post_init__(self) -> None:
        rows = self.parts.shape[1]
        if self.parts.shape[2] != len(self.names):
            raise ValueError(
                f"expected parts of {len(self.names)} columns, got {self.parts.shape[2]}"
            )
        if not rows == len(self.base) == len(self.raises) == len(self.lowers):
            raise ValueError(
                f"expected base, raises and lowers for {rows} rows, got "
                f"{len(self.base)}, {len(self.raises)} and {len(self.lowers)}"
            )

    def averaged(self) -> Floats:
        """Contributions per row and column."""
        return np.asarray(np.tensordot(self.shares, self.parts, axes=1))


@dataclass(frozen=True, slots=True)
class Concepts:
    """The contributions of a row by concept; what is hidden is not among them.

    Attributes:
        names: of the concepts.
        totals: log-odds, shape (rows, concepts).
        is_agreed: same shape: every member has the same sign.
        columns: concept → places of its features in the explanation.
    """

    names: tuple[Concept, ...]
    totals: Floats
    is_agreed: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    columns: Mapping[Concept, tuple[int, ...]]


def concepts_of(explanation: Explanation, features: Sequence[Feature]) -> Concepts:
    """Sum what each member said over the columns of each concept."""
    place = {name: column for column, name in enumerate(explanation.names)}
    columns: dict[Concept, list[int]] = {}
    for feature in features:
        if feature.name in place and feature.concept not in HIDDEN:
            columns.setdefault(feature.concept, []).append(place[feature.name])
    known = {feature.name for feature in features}
    beyond = [place[name] for name in explanation.names if name not in known]
    summed = {name: list(of) for name, of in columns.items()}
    if CALENDAR in summed:
        summed[CALENDAR] += beyond
    names = tuple(sorted(summed))
    members, rows, _ = explanation.parts.shape
    by_member = np.zeros((members, rows, len(names)))
    for column, name in enumerate(names):
        by_member[:, :, column] = explanation.parts[:, :, summed[name]].sum(axis=2)
    return Concepts(
        names=names,
        totals=np.asarray(np.tensordot(explanation.shares, by_member, axes=1)),
        is_agreed=np.all(by_member > 0.0, axis=0) | np.all(by_member < 0.0, axis=0),
        columns={name: tuple(of) for name, of in columns.items()},
    )
