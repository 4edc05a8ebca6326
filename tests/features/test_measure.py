"""Every literal table holds of both ways in which a measure is told."""

from datetime import datetime, timedelta

import polars as pl
import pytest

from features.measure import (
    Kind,
    Measure,
    cell_of_newest,
    count,
    distinct,
    in_window,
    newest,
    oldest,
    total,
)
from features.schema import AS_OF
from tests.factories import Row, activity, day
from tests.features.asking import NOW, Way, in_both_ways, told, told_plainly, told_running

MINUTES = pl.col("duration_minutes")
WHO = pl.col("contact_id")
IS_CALL = pl.col("kind") == "call"
IS_REPLY = pl.col("direction") == "inbound"
INSTANT = timedelta(microseconds=1)
ALL_KINDS = (
    count("count"),
    total("total", MINUTES),
    distinct("distinct", WHO),
    newest("newest"),
    oldest("oldest"),
    cell_of_newest("cell", MINUTES),
)


def call(minutes: float | None = None, *, at: datetime, recorded: float | None = None) -> Row:
    recorded_at = at if recorded is None else day(recorded)
    return activity(at=at, kind="call", duration_minutes=minutes, recorded_at=recorded_at)


@in_both_ways
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        (day(0), 0),
        (day(0) - INSTANT, 1),
        (day(-30), 1),
        (day(-30) - INSTANT, 0),
    ],
)
def test_a_window_ends_before_as_of_and_holds_its_far_edge(
    way: Way, moment: datetime, number: int
) -> None:
    assert told(way, [activity(at=moment)], count("n", oldest=30)) == number


@in_both_ways
@pytest.mark.parametrize(
    ("moment", "number"),
    [
        (day(-30) + INSTANT, 0),
        (day(-30), 0),
        (day(-30) - INSTANT, 1),
        (day(-90), 1),
        (day(-90) - INSTANT, 0),
    ],
)
def test_an_older_window_begins_where_the_newer_one_ends(
    way: Way, moment: datetime, number: int
) -> None:
    assert told(way, [activity(at=moment)], count("n", newest=30, oldest=90)) == number


@in_both_ways
@pytest.mark.parametrize(("moment", "number"), [(day(-30), 0), (day(-30) - INSTANT, 1)])
def test_a_window_without_a_far_edge_leaves_out_the_newest_days(
    way: Way, moment: datetime, number: int
) -> None:
    assert told(way, [activity(at=moment)], count("n", newest=30)) == number


@in_both_ways
def test_a_row_recorded_late_is_told_of_later_only(way: Way) -> None:
    rows = [call(7.0, at=day(-5), recorded=2)]

    before, at_the_moment, after = (
        way(rows, ALL_KINDS, [("acme", moment)]).row(0)
        for moment in (day(0), day(2), day(2) + INSTANT)
    )

    assert before == at_the_moment == (0, 0.0, 0, None, None, None)
    assert after == (1, 7.0, 0, day(-5), day(-5), 7.0)


@in_both_ways
def test_hidden_rows_around_a_known_one_are_passed_over(way: Way) -> None:
    rows = [call(float(-n), at=day(n), recorded=9) for n in (-8, -7, -3, -2)]

    row = way([*rows, call(5.0, at=day(-5))], ALL_KINDS).row(0)

    assert row == (1, 5.0, 0, day(-5), day(-5), 5.0)


@in_both_ways
def test_without_rows_counts_are_zero_and_moments_unknown(way: Way) -> None:
    silent = (0, 0.0, 0, None, None, None)

    of_nothing = way([], ALL_KINDS)
    of_another = way([call(5.0, at=day(-5))], ALL_KINDS, [("void", day(0)), ("bolt", day(0))])

    assert of_nothing.rows() == [silent]
    assert of_another.rows() == [silent, silent]
    assert of_nothing.schema == of_another.schema
    assert list(of_nothing.dtypes) == [
        pl.Int64(),
        pl.Float64(),
        pl.Int64(),
        *[pl.Datetime("us", "UTC")] * 2,
        pl.Float64(),
    ]


@in_both_ways
def test_a_condition_that_is_unknown_keeps_nothing(way: Way) -> None:
    rows = [activity(at=day(-2), direction=None), activity(at=day(-1), direction="inbound")]

    assert told(way, rows, count("n", IS_REPLY)) == 1
    assert told(way, rows, oldest("n", IS_REPLY)) == day(-1)


@in_both_ways
def test_a_total_is_of_thousandths_of_both_signs_and_null_is_nothing(way: Way) -> None:
    minutes = (0.1, 0.2, None, -1.0004, 2.0006)
    rows = [call(number, at=day(-1 - place)) for place, number in enumerate(minutes)]

    assert told(way, rows, total("n", MINUTES)) == 1.301
    assert told(way, rows, total("n", MINUTES, newest=1, oldest=4)) == -0.8
    assert told(way, rows[2:3], total("n", MINUTES)) == 0.0


@in_both_ways
def test_a_total_is_of_the_rows_kept_only(way: Way) -> None:
    rows = [call(2.0, at=day(-1)), activity(at=day(-1), duration_minutes=40.0)]

    assert told(way, rows, total("n", MINUTES, IS_CALL)) == 2.0


def test_a_total_has_the_same_bits_asked_once_or_often() -> None:
    rows = [call(0.2, at=day(-3)), call(-3.0, at=day(-2))]

    for way in (told_plainly, told_running):
        once, often = (way(rows, [total("n", MINUTES)], asks) for asks in (NOW, NOW * 99))
        assert set(often["n"]) == set(once["n"])


@in_both_ways
def test_distinct_values_count_once_in_a_window_and_null_is_none(way: Way) -> None:
    people = (("ann", -40), ("ann", -20), (None, -19), ("bob", -18), ("ann", -17), ("eve", -5))
    rows = [activity(at=day(days), contact_id=who) for who, days in people]

    assert told(way, rows, distinct("n", WHO)) == 3
    assert told(way, rows, distinct("n", WHO, newest=10, oldest=30)) == 2
    assert told(way, rows, distinct("n", WHO, IS_CALL)) == 0


@in_both_ways
def test_a_value_whose_first_row_is_hidden_counts_by_its_next(way: Way) -> None:
    late = activity(at=day(-20), contact_id="ann", recorded_at=day(3))
    rows = [late, activity(at=day(-10), contact_id="ann")]
    only_late = [late, activity(at=day(-10), contact_id="bob")]

    assert told(way, rows, distinct("n", WHO, oldest=30)) == 1
    assert told(way, only_late, distinct("n", WHO, oldest=30)) == 1
    assert told(way, only_late, distinct("n", WHO, oldest=30), at=4) == 2


@in_both_ways
def test_owners_share_values_but_not_counts(way: Way) -> None:
    rows = [activity(at=day(-2), account_id=owner, contact_id="ann") for owner in ("acme", "bolt")]

    found = way(rows, [distinct("n", WHO)], [("bolt", day(0)), ("acme", day(0))])

    assert found["n"].to_list() == [1, 1]


@in_both_ways
@pytest.mark.parametrize(
    ("minutes", "number"),
    [((7.0, 3.0, 5.0), 3.0), ((None, 5.0, None), 5.0), ((None, None, None), None)],
)
def test_of_several_newest_rows_the_smallest_cell_is_told(
    way: Way, minutes: tuple[float | None, ...], number: float | None
) -> None:
    older = call(1.0, at=day(-3))
    other_owner = activity(at=day(-2), account_id="bolt", kind="call", duration_minutes=0.0)
    hidden = [call(2.0, at=day(-2), recorded=1), call(0.5, at=day(-1), recorded=1)]
    rows = [older, *(call(cell, at=day(-2)) for cell in minutes), *hidden, other_owner]

    assert told(way, rows, cell_of_newest("n", MINUTES, IS_CALL)) == number


@in_both_ways
def test_a_cell_is_of_the_newest_row_kept(way: Way) -> None:
    rows = [call(4.0, at=day(-3)), activity(at=day(-1), duration_minutes=9.0)]

    assert told(way, rows, cell_of_newest("n", MINUTES, IS_CALL)) == 4.0


@in_both_ways
def test_moments_are_those_of_the_window(way: Way) -> None:
    rows = [activity(at=day(days)) for days in (-40, -20, -10)]

    assert told(way, rows, oldest("n", oldest=30)) == day(-20)
    assert told(way, rows, newest("n", oldest=5)) is None


@in_both_ways
def test_rows_of_one_moment_all_count(way: Way) -> None:
    rows = [call(2.0, at=day(-3)) for _ in range(3)]

    assert way(rows, ALL_KINDS, NOW).row(0) == (3, 6.0, 0, day(-3), day(-3), 2.0)


@pytest.mark.parametrize(("kind", "days"), [("blocks", 0), ("count", 7)])
def test_only_blocks_have_a_length(kind: Kind, days: int) -> None:
    with pytest.raises(ValueError, match="measure n: expected days > 0 for blocks, and only there"):
        Measure("n", kind, days=days)


@pytest.mark.parametrize("kind", ["total", "distinct", "cell", "inner_total", "inner_most"])
def test_a_measure_of_cells_without_a_column_is_refused(kind: Kind) -> None:
    with pytest.raises(ValueError, match="measure n: expected `of` for total, distinct and cell"):
        Measure("n", kind)


@pytest.mark.parametrize("kind", ["count", "newest", "oldest", "blocks"])
def test_a_measure_of_rows_with_a_column_is_refused(kind: Kind) -> None:
    with pytest.raises(ValueError, match=r"measure n: expected `of` for .* and only there"):
        Measure("n", kind, of=MINUTES)


@pytest.mark.parametrize(("newer", "older"), [(-1, None), (30, 30), (30, 7), (0, 0)])
def test_a_window_that_holds_nothing_is_refused(newer: int, older: int | None) -> None:
    with pytest.raises(
        ValueError, match=f"measure n: expected 0 <= newest < oldest, got {newer} and {older}"
    ):
        Measure("n", "count", newest=newer, oldest=older)


def test_a_count_has_no_numbers() -> None:
    with pytest.raises(ValueError, match="measure n: expected `of`, got a count"):
        _ = count("n").numbers


def test_windows_that_meet_share_no_moment() -> None:
    moments = [day(-30) - INSTANT, day(-30), day(-30) + INSTANT]
    frame = pl.DataFrame({"moment": moments}).with_columns(pl.lit(day(0)).alias(AS_OF))

    both = frame.select(
        near=in_window(pl.col("moment"), 0, 30), far=in_window(pl.col("moment"), 30, 90)
    )

    assert both.rows() == [(False, True), (True, False), (True, False)]
