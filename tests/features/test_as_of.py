"""No row and no cell at or after as_of changes a feature, of any group, by a single bit."""

from functools import lru_cache
from types import ModuleType

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import history, snapshot
from features.build import ACCOUNT_GROUPS, DEAL_GROUPS, Group
from features.schema import RECORDED_AT, Table
from features.view import View
from tests.factories import day
from tests.features.futures import twins
from tests.features.views import account_view, deal_view, described

MOMENTS = (day(-91), day(0))
PROFILE = settings.default
# As many worlds as the profile asks for, the same ones for every group: each is made once.
SEEDS = st.integers(min_value=0, max_value=(PROFILE.max_examples if PROFILE else 25) - 1)
GROUPS = [("account", group) for group in ACCOUNT_GROUPS] + [
    ("deal", group) for group in DEAL_GROUPS
]
NAMES = [f"{entity}-{group.__name__}" for entity, group in GROUPS]
BY_NAME = dict(zip(NAMES, GROUPS, strict=True))


def views(seed: int, entity: str) -> tuple[View, View]:
    here, there = twins(seed, day(0))
    view = account_view if entity == "account" else deal_view
    return view(here, *MOMENTS), view(there, *MOMENTS)


remembered = lru_cache(maxsize=512)(views)


def differs(group: Group, pair: tuple[View, View]) -> bool:
    """Whether the two futures give other rows or other bits."""
    one, other = (described(group, view) for view in pair)
    return not one.equals(other, null_equal=True)


@pytest.mark.parametrize(("entity", "group"), GROUPS, ids=NAMES)
@given(seed=SEEDS)
def test_the_future_never_changes_a_feature(entity: str, group: Group, seed: int) -> None:
    pair = remembered(seed, entity)

    assert not differs(group, pair)


def test_the_worlds_have_something_to_say() -> None:
    said = {name: set[str]() for name in NAMES}

    for seed in range(12):
        for name, (entity, group) in BY_NAME.items():
            frame = described(group, remembered(seed, entity)[0])
            said[name] |= {c for c in frame.columns if frame[c].drop_nulls().n_unique() > 1}

    for name, (entity, group) in BY_NAME.items():
        columns = set(described(group, remembered(0, entity)[0]).columns)
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
    *(f"deal-{name}" for name in ("stage", "momentum", "people", "pricing", "timing")),
    *(f"deal-{name}" for name in ("rhythm", "pushing", "moves", "forecast", "offers")),
    *(f"deal-{name}" for name in ("period", "workload")),
}
"""Groups that read no cell known later than its row (closed deals come to them by context)."""


@pytest.mark.parametrize(
    ("module", "guard", "replacement", "blind"),
    [
        (history, "recorded", without_recorded, set()),
        (history, "happened", without_happened, WINDOWS_ONLY),
        (snapshot, "_unstamped", without_stamps, WITHOUT_STAMPS),
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

    for seed in range(20):
        for entity in ("account", "deal"):
            pair = views(seed, entity)
            waiting = [g for name, (of, g) in BY_NAME.items() if of == entity and name in unnoticed]
            unnoticed -= {f"{entity}-{g.__name__}" for g in waiting if differs(g, pair)}
        if unnoticed <= blind:
            break

    assert unnoticed == blind
