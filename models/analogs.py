"""Analogs: past account-periods with what became of them, and the nearest ones of an account.

Nearness is measured where the model looks, not in the features: by its three questions and the
components. So "of 120 like this, 47 grew" is about accounts that the model takes for alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.document import document
from models.logodds import logit
from models.matrix import Floats
from models.policy import BUCKETS
from models.policy.relabel import FACTS

NEAREST = 120
MOST = 10_000
"""Account-periods that are kept: more make the nearest a little nearer, and the file larger."""

Places = NDArray[np.float32]
Neighbours = NDArray[np.uint16]

_ROWS_AT_ONCE = 100
_PLACE = np.uint64(0xFFFF)
_OUT = 1e-6
_DECIMALS = 9
_LOGARITHMIC = ("bookings", "hours")
CHAIN = ("walk", "pain", "a_list")
"""Axes of the three questions."""


@document
@dataclass(frozen=True, slots=True)
class AnalogsDocument:
    """`analogs.json`: columns of equal length."""

    axes: tuple[str, ...]
    scales: tuple[float, ...]
    possible_items: int
    places: tuple[tuple[float, ...], ...]
    flags: dict[str, tuple[bool | None, ...]]
    numbers: dict[str, tuple[float | None, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Analogs:
    """Past account-periods, forecast out of time, beside what became of them.

    Attributes:
        axes: what the places are measured in: the three questions in log-odds, then components.
        scales: standard deviation on each axis, by which distances are divided.
        places: (periods, axes), in those units.
        facts: same rows, the columns of `FACTS`.
        possible_items: friction items that the CRM can ever have.
    """

    axes: tuple[str, ...]
    scales: tuple[float, ...]
    places: Places
    facts: pl.DataFrame
    possible_items: int

    def __post_init__(self) -> None:
        if self.places.shape != (self.facts.height, len(self.axes)):
            raise ValueError(
                f"expected places of {self.facts.height} periods on {len(self.axes)} axes, "
                f"found {self.places.shape}"
            )
        if len(self.scales) != len(self.axes) or not all(scale > 0.0 for scale in self.scales):
            raise ValueError(f"expected a scale above 0 for each axis, got {list(self.scales)}")
        if dict(self.facts.schema) != FACTS:
            raise ValueError(f"expected facts {list(FACTS)}, got {self.facts.columns}")
        if self.facts.height > MOST:
            raise ValueError(f"expected at most {MOST} periods, got {self.facts.height}")

    def nearest(self, told: pl.DataFrame, count: int = NEAREST) -> Neighbours:
        """Rows of `facts` nearest to each account, the nearest first.

        Every distance is computed: exact, and the same whatever the number of accounts. Of
        periods equally near, the earlier row comes first.

        Args:
            told: the four probabilities and the components of each account.
            count: neighbours; fewer where there are fewer periods.

        Returns:
            (accounts, count).
        """
        scales = np.asarray(self.scales, dtype=np.float32)
        asked = np.asarray(place_of(told, self.axes) / scales, dtype=np.float32)
        count = min(count, self.facts.height)
        found = np.empty((asked.shape[0], count), dtype=np.uint16)
        for start in range(0, asked.shape[0], _ROWS_AT_ONCE):
            ordered = _ordered(asked[start : start + _ROWS_AT_ONCE], self.places)
            near = np.partition(ordered, count - 1, axis=1)[:, :count]
            near.sort(axis=1)
            found[start : start + _ROWS_AT_ONCE] = near & _PLACE
        return found

    def to_document(self) -> AnalogsDocument:
        """As JSON."""
        flags = [name for name, dtype in FACTS.items() if dtype == pl.Boolean]
        return AnalogsDocument(
            axes=self.axes,
            scales=self.scales,
            possible_items=self.possible_items,
            places=tuple(tuple(map(float, row)) for row in self.places),
            flags={name: tuple(self.facts[name].to_list()) for name in flags},
            numbers={
                name: tuple(self.facts[name].to_list()) for name in FACTS if name not in flags
            },
        )


def analogs_from_document(described: AnalogsDocument) -> Analogs:
    """The periods of `analogs.json`.

    Raises:
        ValueError: for columns of other lengths or names.
    """
    flags = {name for name, dtype in FACTS.items() if dtype == pl.Boolean}
    if set(described.flags) != flags or set(described.numbers) != set(FACTS) - flags:
        raise ValueError(
            f"expected facts {list(FACTS)}, found flags {sorted(described.flags)} and numbers "
            f"{sorted(described.numbers)}"
        )
    columns: Mapping[str, tuple[object, ...]] = {**described.flags, **described.numbers}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) != 1:
        raise ValueError(f"expected facts of one length, found lengths {sorted(lengths)}")
    facts = pl.DataFrame({name: columns[name] for name in FACTS}, schema=FACTS)
    wide = (facts.height, len(described.axes))
    ragged = {len(row) for row in described.places} - {wide[1]}
    if len(described.places) != wide[0] or ragged:
        raise ValueError(
            f"expected places of {wide[0]} periods on {wide[1]} axes, found "
            f"{len(described.places)} of {sorted({len(row) for row in described.places})}"
        )
    places = np.array(described.places, dtype=np.float32).reshape(wide)
    return Analogs(described.axes, described.scales, places, facts, described.possible_items)


def make_analogs(told: pl.DataFrame, facts: pl.DataFrame, *, possible_items: int) -> Analogs:
    """Keep past periods; of many, an even share, the same whenever it is asked.

    Args:
        told: out-of-time probabilities and components of each period; a component that is null
            anywhere is no axis.
        facts: same rows, the columns of `FACTS`, with outcomes known.
        possible_items: friction items that the CRM can ever have.
    """
    height = facts.height
    kept = np.unique(np.linspace(0, height - 1, min(MOST, height)).round().astype(np.int64))
    told = told[kept]
    # in the bits beyond these, sums of the CRM differ from run to run
    facts = facts.select(list(FACTS))[kept].with_columns(pl.col(pl.Float64).round(_DECIMALS))
    axes = (*CHAIN, *(name for name in _components(told) if told[name].null_count() == 0))
    places = place_of(told, axes)
    spread = places.std(axis=0).tolist() if kept.size else [1.0] * len(axes)
    scales = tuple(scale if scale > _OUT else 1.0 for scale in spread)
    scaled = np.asarray(places / np.asarray(scales, dtype=np.float32), dtype=np.float32)
    return Analogs(axes, scales, scaled, facts, possible_items)


def place_of(told: pl.DataFrame, axes: tuple[str, ...]) -> Places:
    """Where each account lies: (accounts, axes), unscaled."""
    questions = dict(zip(CHAIN, _chain(told), strict=True))
    columns = [questions[axis] if axis in questions else _levelled(told, axis) for axis in axes]
    shape = (told.height, len(axes))
    return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float32).reshape(shape)


def _ordered(asked: Places, places: Places) -> NDArray[np.uint64]:
    """(accounts, periods): squared distance and place in one number, so that no two are equal.

    Axis by axis: a matrix product is rounded otherwise for one account than for many.
    """
    far = np.zeros((asked.shape[0], places.shape[0]), dtype=np.float32)
    for axis in range(places.shape[1]):
        far += np.square(asked[:, axis, None] - places[None, :, axis])
    # the bits of numbers from 0 up are in the order of the numbers
    bits = far.view(np.uint32).astype(np.uint64)
    return np.asarray((bits << np.uint64(16)) | np.arange(places.shape[0], dtype=np.uint64))


def _components(told: pl.DataFrame) -> list[str]:
    return [name for name in told.columns if name not in {f"p_{bucket}" for bucket in BUCKETS}]


def _levelled(told: pl.DataFrame, axis: str) -> Floats:
    """Money and hours on a logarithmic axis, where a tenth more is a tenth more anywhere."""
    value = told[axis].cast(pl.Float64).to_numpy()
    return np.log1p(np.maximum(value, 0.0)) if axis in _LOGARITHMIC else value


def _chain(told: pl.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Log-odds of the three nested questions, from the four probabilities."""
    a_list, pain, walk = (
        told[f"p_{bucket}"].cast(pl.Float64).to_numpy()
        for bucket in ("a_list", "pain", "walk_away")
    )
    stays = np.maximum(1.0 - walk, _OUT)
    neither = np.maximum(stays - pain, _OUT)
    return tuple(  # type: ignore[return-value]  # three in, three out
        logit(np.clip(share, _OUT, 1.0 - _OUT)) for share in (walk, pain / stays, a_list / neither)
    )
