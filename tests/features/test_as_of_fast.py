"""The as-of property of whole frames told in order: no future moves a feature by a single bit."""

import os
from collections.abc import Sequence

import polars as pl
import pytest

from features import snapshot
from features.batch import Way
from features.book import Book
from features.build import account_features, deal_features
from features.calendar import Calendar
from features.context import build_context
from features.schema import ENTITY_ID, Table
from features.snapshot import account_spine, deal_spine
from features.timeline import Timeline
from tests.factories import day
from tests.features.futures import twins, world_of

MOMENTS = (day(-91), day(0))
WORLDS = int(os.environ.get("BUCKETLIST_TEST_WORLDS", "100"))
TOGETHER = 20
UTC_DAYS = Calendar()


def frames(book: Book, way: Way = "fast") -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is said of the accounts and of the deals."""
    context = build_context(book, MOMENTS, UTC_DAYS)
    accounts, deals = account_spine(book, MOMENTS), deal_spine(book, MOMENTS)
    return (
        account_features(book, accounts, context, UTC_DAYS, way=way),
        deal_features(book, deals, context, UTC_DAYS, way=way),
    )


def moved(seeds: Sequence[int]) -> dict[int, set[str]]:
    """The worlds whose two futures tell different things, with the features in which."""
    found: dict[int, set[str]] = {}
    for one, other in zip(*(frames(book) for book in twins(seeds, day(0))), strict=True):
        world = world_of(pl.col(ENTITY_ID))
        for seed in seeds:
            here, there = (frame.filter(world == seed) for frame in (one, other))
            if not here.equals(there, null_equal=True):
                found.setdefault(seed, set()).update(differing(here, there))
    return found


def differing(here: pl.DataFrame, there: pl.DataFrame) -> set[str]:
    return {name for name in here.columns if not here[name].equals(there[name], null_equal=True)}


@pytest.mark.parametrize("first", range(0, WORLDS, TOGETHER))
def test_the_future_never_changes_a_frame_told_in_order(first: int) -> None:
    found = moved(range(first, min(first + TOGETHER, WORLDS)))

    assert found == {}


def test_both_ways_tell_the_same_of_the_same_worlds() -> None:
    book, _ = twins(range(10), day(0))

    for plain, fast in zip(frames(book, "plain"), frames(book), strict=True):
        assert differing(plain, fast) == set()
        assert plain.height == fast.height > 10


@pytest.mark.parametrize(
    ("owner", "guard"),
    [(Timeline, "known"), (snapshot, "unstamped")],
    ids=["recorded_at ignored", "stamps ignored"],
)
def test_a_guard_of_the_rows_in_order_removed_is_noticed(
    owner: object, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replacements = {"known": property(lambda rows: rows.moments), "unstamped": without_stamps}
    monkeypatch.setattr(owner, guard, replacements[guard])

    found = moved(range(5))

    assert len(found) > 1
    assert len(set[str]().union(*found.values())) > 10


def without_stamps(_spec: Table, _calendar: object = None) -> list[pl.Expr]:
    return []
