"""Standings: the worlds of one regime and size taken together, as means over their seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean
from typing import Any

from benchmarks.grid.cells import REGIMES
from benchmarks.grid.skill import BASES
from training.config import Part

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over worlds, with its 90 % interval where each world has one.

    Attributes:
        value: the mean; None when no world has the figure.
        low: its lower end; None when a world lacks one.
        high: its upper end.
        worlds: worlds that have the figure.
    """

    value: float | None
    low: float | None
    high: float | None
    worlds: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one part stands in the worlds of one regime and size.

    Attributes:
        part: bucket or slip.
        regime: of the worlds.
        accounts: their size.
        seeds: those evaluated.
        served: names of the models that were served, each once.
        certain: worlds in which the model beats the base with its whole 90 % interval.
        figures: name → mean over the seeds, in the order of `FIGURES`.
    """

    part: Part
    regime: str
    accounts: int
    seeds: tuple[int, ...]
    served: tuple[str, ...]
    certain: int
    figures: Mapping[str, Mean]


def _of_skill(best: str, *path: str) -> Callable[[Json, Part], object]:
    return lambda found, _: _down(found["skill"][best], path)


def _of_model(*path: str) -> Callable[[Json, Part], object]:
    return lambda found, _: _down(found["models"][found["served"]], path)


def _absolute_bias(found: Json, _: Part) -> object:
    bias = _down(found["models"][found["served"]], ("bias", "value"))
    return abs(bias) if isinstance(bias, float) else None


FIGURES: Mapping[str, Callable[[Json, Part], object]] = {
    "loss_model": _of_skill("oracle", "log_loss", "model"),
    "loss_base": _of_skill("oracle", "log_loss", "base"),
    "loss_oracle": _of_skill("oracle", "log_loss", "oracle"),
    "loss_attainable": _of_skill("attainable", "log_loss", "attainable"),
    "share_oracle": _of_skill("oracle", "share"),
    "share_attainable": _of_skill("attainable", "share"),
    "auc_model": _of_skill("oracle", "auc", "model"),
    "auc_oracle": _of_skill("oracle", "auc", "oracle"),
    "gain": lambda found, part: _down(found["gains"], (BASES[part], "share")),
    "excess_ece": _of_model("excess_ece"),
    "bias": _of_model("bias"),
    "absolute_bias": _absolute_bias,
    "lift": _of_model("lift_at_k"),
    "value": lambda found, _: _down(found, ("value", "model")),
    "value_oracle": lambda found, _: _down(found, ("value", "oracle")),
    "value_share": lambda found, _: _down(found, ("value", "share")),
    "forgone": lambda found, _: _down(found, ("decisions", "bookings_forgone")),
    "released": lambda found, _: _down(found, ("decisions", "hours_released")),
}
"""Figure → where a part's result holds it; a plain number or one with its interval."""


def standings(results: Sequence[Json], part: Part) -> list[Standing]:
    """One standing per regime and size that has an evaluated world with this part."""
    groups: dict[tuple[int, int], list[Json]] = {}
    for result in results:
        if part in result.get("parts", {}):
            place = (REGIMES.index(result["regime"]), result["accounts"])
            groups.setdefault(place, []).append(result)
    return [
        _standing(part, sorted(groups[place], key=lambda world: int(world["seed"])))
        for place in sorted(groups)
    ]


def mean_of(figures: Sequence[object]) -> Mean:
    """The mean of figures of independent worlds.

    The interval of a mean of independent figures: each side's half-widths add up in squares.

    >>> mean_of([{"value": 0.5, "low": 0.2, "high": 0.9}, {"value": 0.7, "low": 0.3, "high": 1.0}])
    Mean(value=0.6, low=0.35, high=0.85, worlds=2)
    """
    there = [figure for figure in map(_figure, figures) if figure is not None]
    if not there:
        return Mean(None, None, None, 0)
    value = fmean(found for found, _, _ in there)
    below = [found - low for found, low, _ in there if low is not None]
    above = [high - found for found, _, high in there if high is not None]
    if len(below) < len(there) or len(above) < len(there):
        return Mean(value, None, None, len(there))
    return Mean(value, value - _half(below), value + _half(above), len(there))


def _standing(part: Part, worlds: Sequence[Json]) -> Standing:
    parts = [world["parts"][part] for world in worlds]
    gains = [found["gains"].get(BASES[part]) for found in parts]
    return Standing(
        part=part,
        regime=worlds[0]["regime"],
        accounts=worlds[0]["accounts"],
        seeds=tuple(world["seed"] for world in worlds),
        served=tuple(sorted({found["served"] for found in parts})),
        certain=sum((gain or {}).get("low") is not None and gain["low"] > 0 for gain in gains),
        figures={
            name: mean_of([read(found, part) for found in parts]) for name, read in FIGURES.items()
        },
    )


def _figure(found: object) -> tuple[float, float | None, float | None] | None:
    """Value, low and high of a figure; a plain number has no interval."""
    if isinstance(found, Mapping):
        value = found.get("value")
        return None if value is None else (value, found.get("low"), found.get("high"))
    return (found, None, None) if isinstance(found, float) else None


def _half(widths: Sequence[float]) -> float:
    return sqrt(sum(width**2 for width in widths)) / len(widths)


def _down(found: object, path: Sequence[str]) -> object:
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
