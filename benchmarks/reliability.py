"""Reliability: whether outcomes happen as often as was said, judged by groups and all at once."""

from dataclasses import dataclass

import numpy as np

from training.intervals import Codes, Floats, Mask

GROUPS = 10
REPEATS = 2000
LEVEL = 0.95
_CELLS_AT_ONCE = 8_000_000


@dataclass(frozen=True, slots=True)
class Group:
    """Predictions of about the same size, and what became of them.

    Attributes:
        number: 1 for the lowest.
        rows: predictions in it.
        low: the least of them.
        high: the greatest.
        predicted: their mean.
        happened: share of outcomes that came about.
        band_low: where the joint band of all groups begins …
        band_high: … and ends.
        deviation: happened less predicted, in standard deviations of chance.
    """

    number: int
    rows: int
    low: float
    high: float
    predicted: float
    happened: float
    band_low: float
    band_high: float
    deviation: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Ten groups and the band that holds all of them at once when the predictions are right.

    Attributes:
        groups: from the lowest to the highest; fewer than ten where predictions are equal.
        level: probability that right predictions stay inside.
        critical: half the width of the band, in standard deviations.
    """

    groups: tuple[Group, ...]
    level: float
    critical: float

    def __post_init__(self) -> None:
        if not self.groups or self.critical < 0.0:
            raise ValueError(
                f"expected groups and a critical value of 0 or more, got {len(self.groups)} and "
                f"{self.critical}"
            )

    @property
    def rows(self) -> int:
        """Predictions in all groups."""
        return sum(group.rows for group in self.groups)

    @property
    def worst(self) -> Group:
        """The group that strays furthest."""
        return max(self.groups, key=lambda group: abs(group.deviation))

    @property
    def is_inside(self) -> bool:
        """Whether no group leaves the joint band."""
        return abs(self.worst.deviation) <= self.critical


def reliability(
    predicted: Floats, happened: Mask, *, seed: int, repeats: int = REPEATS, level: float = LEVEL
) -> Reliability:
    """Hold probabilities against outcomes in groups of equal count, with a joint band.

    Outcomes are drawn from the predictions themselves, each for itself, `repeats` times; the band
    is as wide as the largest standardised deviation among the groups is in `level` of the draws.
    A group's standard deviation is never taken for less than one outcome: where hardly anything
    can happen, one event more or less says nothing, and must not widen the band of the others.

    Args:
        predicted: probability by row, in any order.
        happened: whether it came about, by row.
        seed: of the draws.
        repeats: draws.
        level: probability that all groups lie inside when the predictions are right.

    Raises:
        ValueError: for no rows, rows that do not match, or numbers that are no probabilities.

    Source: max-T simultaneous bands; Westfall & Young, Resampling-Based Multiple Testing, 1993, §2.
    """
    _refuse_nonsense(predicted, happened, level)
    order = np.argsort(predicted, kind="stable")
    p, is_so = predicted[order], happened[order]
    cut = _cut(p)
    counted = np.add.reduceat(is_so.astype(np.float64), cut.starts)
    chance = _largest_deviations(p, cut, rng=np.random.default_rng(seed), repeats=repeats)
    critical = float(np.quantile(chance, level, method="higher"))
    half = critical * cut.spread / cut.sizes
    mean = cut.expected / cut.sizes
    groups = tuple(
        Group(
            number=place + 1,
            rows=int(cut.sizes[place]),
            low=float(p[start]),
            high=float(p[start + cut.sizes[place] - 1]),
            predicted=float(mean[place]),
            happened=float(counted[place] / cut.sizes[place]),
            band_low=max(0.0, float(mean[place] - half[place])),
            band_high=min(1.0, float(mean[place] + half[place])),
            deviation=float((counted[place] - cut.expected[place]) / cut.spread[place]),
        )
        for place, start in enumerate(cut.starts)
    )
    return Reliability(groups, level, critical)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where sorted predictions are cut, and what each group expects: arrays by group."""

    starts: Codes
    sizes: Codes
    expected: Floats
    spread: Floats


def _cut(p: Floats) -> _Cut:
    """Cut sorted predictions; equal ones go together where the middle of their block falls."""
    begins, ends = (np.searchsorted(p, p, side=side) for side in ("left", "right"))
    group = GROUPS * (begins + ends) // (2 * p.size)
    starts = np.flatnonzero(np.r_[True, np.diff(group) > 0]).astype(np.int64)
    return _Cut(
        starts=starts,
        sizes=np.diff(np.r_[starts, p.size]),
        expected=np.add.reduceat(p, starts),
        spread=np.sqrt(np.maximum(np.add.reduceat(p * (1.0 - p), starts), 1.0)),
    )


def _largest_deviations(p: Floats, cut: _Cut, *, rng: np.random.Generator, repeats: int) -> Floats:
    """Largest standardised deviation over the groups, in every repeat."""
    largest = np.empty(repeats)
    step = max(1, _CELLS_AT_ONCE // p.size)
    for first in range(0, repeats, step):
        count = min(step, repeats - first)
        drawn = (rng.random((count, p.size)) < p).astype(np.float32)
        counted = np.add.reduceat(drawn, cut.starts, axis=1, dtype=np.float64)
        strayed = np.abs(counted - cut.expected) / cut.spread
        largest[first : first + count] = strayed.max(axis=1)
    return largest


def _refuse_nonsense(predicted: Floats, happened: Mask, level: float) -> None:
    if predicted.size == 0 or predicted.shape != happened.shape or predicted.ndim != 1:
        raise ValueError(
            "expected one outcome for each of at least 1 prediction, "
            f"got {happened.shape} for {predicted.shape}"
        )
    if not ((predicted >= 0.0) & (predicted <= 1.0)).all():
        raise ValueError(
            f"expected predictions from 0 to 1, got {predicted.min()} to {predicted.max()}"
        )
    if not 0.0 < level < 1.0:
        raise ValueError(f"expected a level between 0 and 1, got {level}")
