"""Relabel: the bucket of past windows under other thresholds, without reading the CRM again."""

from collections.abc import Mapping

import polars as pl

from models.policy.friction import MEASURES, weighted
from models.policy.label import LabelPolicy, assign_label
from models.policy.record import to_mapping

FACTS = {
    "is_exposed": pl.Boolean(),
    "is_active": pl.Boolean(),
    "is_won": pl.Boolean(),
    "is_lost": pl.Boolean(),
    "growth": pl.Float64(),
    **dict.fromkeys(MEASURES.values(), pl.Float64()),
    "is_advocate": pl.Boolean(),
    "strings_along": pl.Boolean(),
}
"""What is kept of a window, from which its bucket can be told under other thresholds."""

_THRESHOLDS = frozenset(
    {
        "pain_at_least",
        "a_list_growth_at_least",
        "a_list_friction_below",
        "friction.items_at_least",
        *(f"friction.{item}.{part}" for item in MEASURES for part in ("weight", "cap")),
    }
)
_NO_BUCKET = ("hours.", "strings_")
"""Constants that no bucket depends on."""


def relabelled(facts: pl.DataFrame, policy: LabelPolicy, *, possible: int) -> pl.Series:
    """The bucket of each window; null where it cannot be told.

    Args:
        facts: the columns of `FACTS`.
        policy: differs from the one that the facts were measured by in thresholds, weights and
            caps only: see `beyond_thresholds`.
        possible: friction items that the CRM can ever have.
    """
    measured = facts.with_columns(weighted(policy.friction, possible=possible))
    return measured.select(assign_label(policy)).to_series()


def subtype_of_walk_away() -> pl.Expr:
    """Why a walked-away period was one: strings_along, else lost, else wont_close.

    Reads `strings_along` and `is_lost`.
    """
    return (
        pl.when("strings_along")
        .then(pl.lit("strings_along"))
        .when("is_lost")
        .then(pl.lit("lost"))
        .otherwise(pl.lit("wont_close"))
        .alias("subtype")
    )


def differences(
    old: Mapping[str, object], new: Mapping[str, object]
) -> tuple[tuple[str, object, object], ...]:
    """Constants that differ: dotted name, old and new value, in the order of the policy.

    >>> differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}})
    (('b.c', 2, 3),)
    """
    before, after = _flat(old), _flat(new)
    return tuple(
        (name, before[name], after[name]) for name in before if before[name] != after[name]
    )


def beyond_thresholds(old: LabelPolicy, new: LabelPolicy) -> tuple[str, ...]:
    """Constants that differ and move a label only by measuring the CRM anew."""
    moved = [name for name, _, _ in differences(to_mapping(old), to_mapping(new))]
    return tuple(
        name for name in moved if name not in _THRESHOLDS and not name.startswith(_NO_BUCKET)
    )


def _flat(told: Mapping[str, object], before: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found
