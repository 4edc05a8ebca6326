"""Leaks: features must not move when the future does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from features.book import Book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.context import build_context
from features.feature import Entity
from features.schema import AS_OF, ENTITY_ID
from features.snapshot import Commitment, account_spine, deal_spine
from training.disturbance import DISTURBANCES, disturbed
from training.suspicion import feature_warnings, model_warnings, single_auc

__all__ = [
    "EVERYTHING",
    "LeakGate",
    "Movement",
    "Probe",
    "differences",
    "feature_warnings",
    "model_warnings",
    "moved_features",
    "movements",
    "probe_moments",
    "single_auc",
]

SAMPLE = 50
ROWS = "rows"
EVERYTHING = "everything at once"


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
    """Where the future is disturbed: an as_of of the grid and what is described there.

    Attributes:
        entity: account or deal.
        at: the moment of knowledge; what was not known strictly before it is disturbed.
        names: the features compared.
        commitment: for a CRM without close dates; deals only.
        describe: what makes the features; the catalogue's unless another one is plugged in.
        spine_of: which entities are there to describe; the snapshot's unless plugged in.
        sample: at most so many entities are compared.
    """

    entity: Entity
    at: datetime
    names: tuple[str, ...]
    commitment: Commitment | None = None
    describe: "Describe | None" = None
    spine_of: "SpineOf | None" = None
    sample: int = SAMPLE

    def spine(self, book: Book) -> pl.DataFrame:
        """Who is there to describe at the moment, sorted."""
        standing = account_spine if self.entity == "account" else deal_spine
        spine_of = self.spine_of or standing
        return spine_of(book, [self.at]).collect().sort(ENTITY_ID)

    def described(self, book: Book, spine: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
        """The features of the spine's rows, in its order."""
        described = (self.describe or _catalogue)(book, spine, self, calendar)
        keys = spine.select(ENTITY_ID, AS_OF)
        told = described.select(ENTITY_ID, AS_OF, *self.names)
        return keys.join(told, on=[ENTITY_ID, AS_OF], how="left", maintain_order="left")


Describe = Callable[[Book, pl.DataFrame, Probe, Calendar], pl.DataFrame]
"""Book, rows to describe, probe and calendar → entity_id, as_of and the probe's names."""

SpineOf = Callable[[Book, Sequence[datetime]], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class Movement:
    """A feature that changed although only the future had.

    Attributes:
        entity: account or deal.
        feature: its name; `rows` where entities came or went.
        disturbance: what was done to the future.
        as_of: the moment of knowledge.
        moved: compared rows that differ.
        entity_id: the first of them.
        before: its value as the book stands; None when not known, or not there.
        after: its value after the disturbance.
    """

    entity: Entity
    feature: str
    disturbance: str
    as_of: datetime
    moved: int
    entity_id: str
    before: object
    after: object

    def __str__(self) -> str:
        """One line with the example row."""
        return (
            f"{self.entity}.{self.feature} moved under {self.disturbance!r} in {self.moved} rows, "
            f"e.g. {self.entity_id} at {self.as_of:%Y-%m-%d}: {self.before} became {self.after}"
        )


def moved_features(book: Book, probe: Probe, calendar: Calendar, *, seed: int) -> tuple[str, ...]:
    """Names of the features that change when the future after `probe.at` is disturbed.

    The rows to describe are part of it: an entity that comes or goes is named `rows`.
    """
    other = disturbed(book, probe.at, calendar, seed=seed)
    found = differences(book, other, probe, calendar, seed=seed)
    return tuple(one.feature for one in found)


def movements(
    book: Book,
    probe: Probe,
    calendar: Calendar,
    *,
    seed: int,
    kinds: Sequence[str] = tuple(DISTURBANCES),
) -> list[Movement]:
    """Disturb the future in each way alone, then in all ways at once, and compare bit by bit.

    Costs one description of the sample per kind, one for all together and one of the book as it
    stands.
    """
    ways = [(name, (name,)) for name in kinds] + [(EVERYTHING, tuple(kinds))]
    sample = _sample(probe.spine(book), probe, seed)
    before = probe.described(book, sample, calendar)
    found = []
    for name, applied in ways:
        other = disturbed(book, probe.at, calendar, seed=seed, kinds=applied)
        found += _compared(book, other, probe, before, way=name, calendar=calendar)
    return found


def differences(
    book: Book, other: Book, probe: Probe, calendar: Calendar, *, seed: int
) -> list[Movement]:
    """What differs between two books at the probe's moment; both must have had the same past."""
    sample = _sample(probe.spine(book), probe, seed)
    before = probe.described(book, sample, calendar)
    return _compared(book, other, probe, before, way=EVERYTHING, calendar=calendar)


def probe_moments(moments: Sequence[datetime]) -> tuple[datetime, ...]:
    """The moments at which the future is disturbed: the middle and the newest."""
    return tuple(dict.fromkeys((moments[len(moments) // 2], moments[-1]))) if moments else ()


def _catalogue(book: Book, spine: pl.DataFrame, probe: Probe, calendar: Calendar) -> pl.DataFrame:
    context = build_context(book, [probe.at], calendar)
    if probe.entity == "account":
        return account_features(book, spine.lazy(), context, calendar)
    return deal_features(book, spine.lazy(), context, calendar, probe.commitment)


def _sample(spine: pl.DataFrame, probe: Probe, seed: int) -> pl.DataFrame:
    chosen = np.random.default_rng(seed).permutation(spine.height)[: probe.sample]
    return spine[np.sort(chosen)]


def _compared(
    book: Book,
    other: Book,
    probe: Probe,
    before: pl.DataFrame,
    *,
    way: str,
    calendar: Calendar,
) -> list[Movement]:
    """The differences: rows that came or went first, then feature by feature."""
    here, there = probe.spine(book), probe.spine(other)
    found = []
    if not here.equals(there):
        found.append(_rows_moved(here, there, probe, way))
    sample = here.join(before, on=[ENTITY_ID, AS_OF], how="semi", maintain_order="left")
    after = probe.described(other, sample, calendar)
    for name in probe.names:
        differs = ~_bits(before[name]).eq_missing(_bits(after[name]))
        if differs.any():
            first = int(differs.arg_true()[0])
            found.append(
                Movement(
                    entity=probe.entity,
                    feature=name,
                    disturbance=way,
                    as_of=probe.at,
                    moved=int(differs.sum()),
                    entity_id=before[ENTITY_ID][first],
                    before=before[name][first],
                    after=after[name][first],
                )
            )
    return found


def _bits(values: pl.Series) -> pl.Series:
    """The values as they lie in memory, so that 0.0 and -0.0 differ."""
    if values.dtype == pl.Float32():
        return values.reinterpret(dtype=pl.UInt32)
    if values.dtype == pl.Float64():
        return values.reinterpret(dtype=pl.UInt64)
    return values


def _rows_moved(here: pl.DataFrame, there: pl.DataFrame, probe: Probe, way: str) -> Movement:
    shared = [name for name in here.columns if name in there.columns]
    gone = here.join(there, on=shared, how="anti", nulls_equal=True)
    come = there.join(here, on=shared, how="anti", nulls_equal=True)
    first = (gone if gone.height else come)[ENTITY_ID]
    return Movement(
        entity=probe.entity,
        feature=ROWS,
        disturbance=way,
        as_of=probe.at,
        moved=gone.height + come.height,
        entity_id=str(first[0]) if first.len() else "",
        before="there" if gone.height else "not there",
        after="not there" if gone.height else "there",
    )
