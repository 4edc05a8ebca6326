"""No row and no cell at or after as_of changes a feature, of any group, by a single bit."""

import os
from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType

import polars as pl
import pytest

from features import history, snapshot
from features.build import ACCOUNT_GROUPS, DEAL_GROUPS, Group
from features.schema import ENTITY_ID, RECORDED_AT, Table
from features.view import View
from tests.factories import day
from tests.features.futures import twins, world_of
from tests.features.views import account_view, deal_view, described

MOMENTS = (day(-91), day(0))
WORLDS = int(os.environ.get("BUCKETLIST_TEST_WORLDS", "100"))
TOGETHER = 5
# The same worlds for every group: each book is made once. Not all worlds in one book: what is
# counted over a whole book would then be the same in every case.
BOOKS = [
    range(first, min(first + TOGETHER, WORLDS)) for first in range(0, max(WORLDS, 1), TOGETHER)
]
GROUPS = [("account", group) for group in ACCOUNT_GROUPS] + [
    ("deal", group) for group in DEAL_GROUPS
]
NAMES = [f"{entity}-{group.__name__}" for entity, group in GROUPS]
BY_NAME = dict(zip(NAMES, GROUPS, strict=True))


def views(seeds: Sequence[int], entity: str) -> tuple[View, View]:
    here, there = twins(seeds, day(0))
    view = account_view if entity == "account" else deal_view
    return view(here, *MOMENTS), view(there, *MOMENTS)


remembered = lru_cache(maxsize=512)(views)


def moved(group: Group, pair: tuple[View, View]) -> list[int]:
    """The worlds whose two futures give other rows or other bits."""
    one, other = (described(group, view) for view in pair)
    if one.equals(other, null_equal=True):
        return []
    world = world_of(pl.col(ENTITY_ID))
    seeds = pl.concat([one, other]).select(world.unique().sort()).to_series().to_list()
    return [
        seed
        for seed in seeds
        if not one.filter(world == seed).equals(other.filter(world == seed), null_equal=True)
    ]


@pytest.mark.parametrize(("entity", "group"), GROUPS, ids=NAMES)
def test_the_future_never_changes_a_feature(entity: str, group: Group) -> None:
    found = [seed for seeds in BOOKS for seed in moved(group, remembered(seeds, entity))]

    assert not found, f"seeds of the worlds in which {group.__name__} moved: {found}"


def test_the_worlds_have_something_to_say() -> None:
    said = {name: set[str]() for name in NAMES}

    for first in range(0, 30, TOGETHER):
        seeds = range(first, first + TOGETHER)
        for name, (entity, group) in BY_NAME.items():
            frame = described(group, remembered(seeds, entity)[0])
            said[name] |= {c for c in frame.columns if frame[c].drop_nulls().n_unique() > 1}

    for name, (entity, group) in BY_NAME.items():
        columns = set(described(group, remembered(range(TOGETHER), entity)[0]).columns)
        assert said[name] >= columns - {"weeks_to_quarter_end"}, name


def without_recorded(_table: Table) -> pl.Expr:
    return pl.lit(None, pl.Datetime("us", "UTC"))


def without_happened(_table: Table, _calendar: object = None) -> pl.Expr:
    return pl.col(RECORDED_AT)


def without_stamps(_spec: Table, _calendar: object = None) -> list[pl.Expr]:
    return []


WINDOWS_ONLY = {"account-effort", "account-growth"}
"""Groups whose every figure is a window that ends at as_of: a second guard behind the door."""

WITHOUT_STAMPS = {
    "account-spend",
    "account-growth",
    "account-engagement",
    "account-effort",
    "account-advocacy",
    "account-firmographics",
    "account-cadence",
    "account-orders",
    "account-usage",
    "account-discounts",
    "account-kinds",
    "account-season",
    *(f"deal-{name}" for name in ("stage", "momentum", "people", "pricing", "timing")),
    *(f"deal-{name}" for name in ("rhythm", "pushing", "moves", "forecast", "offers")),
    *(f"deal-{name}" for name in ("period", "workload", "traits")),
}
"""Groups that read no cell known later than its row (closed deals come to them by context), or
ask for it at its own stamp, which has a guard of its own."""


@pytest.mark.parametrize(
    ("module", "guard", "replacement", "blind"),
    [
        (history, "recorded", without_recorded, set()),
        (history, "happened", without_happened, WINDOWS_ONLY),
        (snapshot, "unstamped", without_stamps, WITHOUT_STAMPS),
    ],
    ids=["recorded_at ignored", "occurred_at ignored", "stamps ignored"],
)
def test_a_guard_removed_is_noticed_in_every_group(
    module: ModuleType,
    guard: str,
    replacement: object,
    blind: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, guard, replacement)
    unnoticed = set(NAMES)

    for first in range(0, 20, TOGETHER):
        for entity in ("account", "deal"):
            pair = views(range(first, first + TOGETHER), entity)
            waiting = [g for name, (of, g) in BY_NAME.items() if of == entity and name in unnoticed]
            unnoticed -= {f"{entity}-{g.__name__}" for g in waiting if moved(g, pair)}
        if unnoticed <= blind:
            break

    assert unnoticed == blind
