"""Blocks with a row, and sums and the highest without the oldest row, told in both ways."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from features.measure import blocks, inner_most, inner_total
from tests.factories import Row, activity, day
from tests.features.asking import Way, in_both_ways, told

MINUTES = pl.col("duration_minutes")
IS_CALL = pl.col("kind") == "call"
INSTANT = timedelta(microseconds=1)


def call(minutes: float | None = None, *, at: datetime, recorded: float | None = None) -> Row:
    recorded_at = at if recorded is None else day(recorded)
    return activity(at=at, kind="call", duration_minutes=minutes, recorded_at=recorded_at)


@in_both_ways
@pytest.mark.parametrize(
    ("moments", "number"),
    [
        ([], 0),
        ([day(0) - INSTANT, day(-7)], 1),
        ([day(-7), day(-7) - INSTANT], 2),
        ([day(-1), day(-1), day(-20), day(-8), day(-13)], 3),
        ([day(-28), day(-28) - INSTANT], 1),  # the far edge of the window
    ],
)
def test_a_block_with_a_row_counts_once(way: Way, moments: list[datetime], number: int) -> None:
    rows = [activity(at=moment) for moment in moments]
    rows += [call(at=day(-15)), activity(at=day(-6), account_id="bolt")]

    assert told(way, rows, blocks("n", ~IS_CALL, days=7, oldest=28)) == number


@in_both_ways
def test_a_hidden_row_fills_no_block_and_parts_none(way: Way) -> None:
    rows = [call(at=day(-20)), call(at=day(-9)), call(at=day(-1)), activity(at=day(-4))]
    late = [call(at=day(-4), recorded=3), call(at=day(-2), recorded=3)]
    weeks = blocks("n", IS_CALL, days=3, oldest=28)

    assert told(way, [*rows, *late], weeks) == 3
    assert told(way, [*rows, *late], weeks, at=4) == 4


@in_both_ways
def test_an_inner_sum_and_the_highest_leave_the_oldest_row_of_the_window_out(way: Way) -> None:
    rows = [call(90.0, at=day(-40)), call(50.0, at=day(-20)), call(1.5, at=day(-9))]
    rows += [call(2.0, at=day(-9)), call(None, at=day(-3)), activity(at=day(-30))]
    late = call(70.0, at=day(-8), recorded=1)

    found = told(way, [*rows, late], inner_total("n", MINUTES, IS_CALL, oldest=30))
    assert found == 3.5
    assert told(way, [*rows, late], inner_most("n", MINUTES, IS_CALL, oldest=30)) == 2.0
    assert told(way, [*rows, late], inner_most("n", MINUTES, IS_CALL, oldest=30), at=2) == 70.0


@in_both_ways
def test_one_row_alone_has_nothing_inside(way: Way) -> None:
    rows = [call(90.0, at=day(-40)), call(50.0, at=day(-20)), call(8.0, at=day(0))]

    assert told(way, rows, inner_total("n", MINUTES, oldest=30)) == 0.0
    assert told(way, rows, inner_most("n", MINUTES, oldest=30)) is None
    assert told(way, [], inner_most("n", MINUTES, oldest=30)) is None


@in_both_ways
def test_the_highest_may_be_below_zero(way: Way) -> None:
    rows = [call(minutes, at=day(-9)) for minutes in (1.0, -5.0, -7.0)]

    assert told(way, rows, inner_most("n", MINUTES, oldest=30)) == -5.0
