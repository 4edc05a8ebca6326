"""Rows since a mark: `since` of a measure, told in both ways."""

import polars as pl
import pytest

from features.measure import count, newest, oldest
from tests.factories import activity, day
from tests.features.asking import Way, in_both_ways, told

IS_REPLY = pl.col("direction") == "inbound"


@in_both_ways
@pytest.mark.parametrize(
    ("mark", "number"),
    [
        (None, 3),
        (-25.0, 3),
        (-20.0, 2),  # the row of the mark's own moment does not count
        (-15.0, 2),
        (-10.0, 1),
        (-1.0, 0),
    ],
)
def test_since_counts_what_is_newer_than_the_newest_mark(
    way: Way, mark: float | None, number: int
) -> None:
    rows = [activity(at=day(days)) for days in (-20, -10, -5)]
    marks = [activity(at=day(days), direction="inbound") for days in (-30, mark) if days]

    measure = count("n", pl.col("direction") == "outbound", since=IS_REPLY)

    assert told(way, [*rows, *marks], measure) == number
    assert told(way, [*marks, *rows], measure) == number


@in_both_ways
def test_a_mark_that_is_hidden_cuts_nothing_yet(way: Way) -> None:
    rows = [activity(at=day(days)) for days in (-20, -10)]
    mark = activity(at=day(-15), direction="inbound", recorded_at=day(5))
    measure = count("n", ~IS_REPLY, since=IS_REPLY)

    assert told(way, [*rows, mark], measure) == 2
    assert told(way, [*rows, mark], measure, at=6) == 1


@in_both_ways
def test_a_mark_counts_however_old_it_is_and_a_window_still_holds(way: Way) -> None:
    rows = [activity(at=day(days)) for days in (-700, -500, -20)]
    mark = activity(at=day(-600), direction="inbound")

    assert told(way, [*rows, mark], count("n", ~IS_REPLY, since=IS_REPLY)) == 2
    assert told(way, [*rows, mark], count("n", ~IS_REPLY, oldest=30, since=IS_REPLY)) == 1


@in_both_ways
def test_a_mark_newer_than_a_whole_window_leaves_nothing_of_it(way: Way) -> None:
    rows = [activity(at=day(-20)), activity(at=day(-2), direction="inbound")]

    assert told(way, rows, count("n", newest=10, oldest=30, since=IS_REPLY)) == 0


@in_both_ways
def test_moments_since_a_mark_are_of_the_rows_after_it(way: Way) -> None:
    rows = [activity(at=day(days)) for days in (-20, -10, -5)]
    mark = activity(at=day(-10), direction="inbound")

    assert told(way, [*rows, mark], oldest("n", since=IS_REPLY)) == day(-5)
    assert told(way, [*rows, mark], newest("n", since=IS_REPLY)) == day(-5)
    assert told(way, [*rows[:2], mark], newest("n", since=IS_REPLY)) is None
