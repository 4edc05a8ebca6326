from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.order import in_order
from features.schema import AS_OF, ENTITY_ID
from features.timeline import stretched
from features.view import SPINE_ROW
from tests.factories import Row, activity, day
from tests.features.asking import OWNERS, Ask, known_rows, questions, spine, timeline

INSTANT = timedelta(microseconds=1)


def at(*days: float, owner: str = "acme", recorded: float | None = None) -> list[Row]:
    recorded_at = None if recorded is None else day(recorded)
    return [activity(at=day(d), account_id=owner, recorded_at=recorded_at) for d in days]


def pairs(found: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
    question, row = found
    return list(zip(question.tolist(), row.tolist(), strict=True))


def test_rows_of_an_owner_stand_between_two_starts() -> None:
    rows = timeline([*at(-1, -2, owner="bolt"), *at(-3)])

    assert rows.starts.tolist() == [0, 1, 3, 3]


@pytest.mark.parametrize(
    ("moment", "place"),
    [
        (day(-6), 0),
        (day(-5), 0),
        (day(-5) + INSTANT, 1),
        (day(-3), 1),
        (day(-3) + INSTANT, 3),
        (day(0), 3),
    ],
)
def test_a_place_is_the_first_row_that_is_not_before_the_moment(
    moment: datetime, place: int
) -> None:
    rows = timeline(at(-5, -3, -3) + at(-9, -4, owner="bolt"))

    here = questions([("acme", moment)])
    back = questions([("acme", moment + timedelta(days=7))])

    assert rows.places(here).tolist() == [place]
    assert rows.places(back, days_before=7).tolist() == [place]


def test_places_stay_within_the_owner() -> None:
    rows = timeline(at(-5, -3) + at(-9, -4, owner="bolt"))
    asks = [("void", day(0)), ("bolt", day(-9)), ("bolt", day(0)), ("acme", day(9))]

    assert rows.places(questions(asks)).tolist() == [4, 2, 4, 2]


def test_a_table_without_rows_has_places_too() -> None:
    nothing = timeline([])
    asked = questions([("acme", day(0)), ("void", day(1))])

    assert nothing.places(asked).tolist() == [0, 0]
    assert nothing.after_equals.tolist() == []
    assert pairs(nothing.stretch(asked)) == []
    assert pairs(nothing.crossing(asked)) == []


def test_a_stretch_holds_the_rows_known_before_each_question_in_order() -> None:
    rows = timeline(at(-9, -5) + at(-7, recorded=-1) + at(-6, owner="bolt"))
    asks = [("acme", day(0)), ("bolt", day(0)), ("acme", day(-5)), ("acme", day(-1))]

    found = rows.stretch(questions(asks))

    # by moment: -9, -7 (known at -1), -5; then bolt's
    assert pairs(found) == [(0, 0), (0, 1), (0, 2), (1, 3), (2, 0), (3, 0), (3, 2)]


@pytest.mark.parametrize(("moment", "number"), [(day(-7), 1), (day(-7) - INSTANT, 0)])
def test_a_stretch_of_days_holds_its_far_edge(moment: datetime, number: int) -> None:
    rows = timeline([activity(at=moment)])

    question, _ = rows.stretch(questions([("acme", day(0))]), days=7)

    assert len(question) == number


def test_rows_of_a_moment_end_where_a_later_one_or_another_owner_begins() -> None:
    rows = timeline(at(-5, -5, -3) + at(-3, -3, -1, owner="bolt"))

    assert rows.after_equals.tolist() == [2, 2, 3, 5, 5, 6]


@pytest.mark.parametrize(
    ("asked", "hidden"),
    [
        (day(-5), []),  # it has not happened
        (day(-5) + INSTANT, [1]),
        (day(-2), [1]),  # known strictly after only
        (day(-2) + INSTANT, []),
    ],
)
def test_a_row_recorded_late_crosses_the_questions_in_between(
    asked: datetime, hidden: list[int]
) -> None:
    rows = timeline(at(-9) + at(-5, recorded=-2))

    _, found = rows.crossing(questions([("acme", asked)]))

    assert found.tolist() == hidden


def test_every_question_of_the_owner_is_crossed_and_no_other() -> None:
    rows = timeline(at(-5, -4, recorded=3) + at(-4, owner="bolt"))
    asks = [("acme", day(1)), ("bolt", day(1)), ("acme", day(0)), ("void", day(1))]

    found = rows.crossing(questions(asks))

    assert sorted(pairs(found)) == [(0, 0), (0, 1), (2, 0), (2, 1)]


moments = st.builds(
    lambda days, instants: day(days) + instants * INSTANT,
    st.integers(min_value=-4, max_value=1),
    st.sampled_from((0, 0, -1, 1)),
)
rows_of = st.builds(
    activity,
    at=moments,
    recorded_at=st.one_of(st.none(), moments),
    account_id=st.sampled_from(("acme", "bolt")),
    kind=st.sampled_from(("email", "call")),
)
asks_of = st.lists(st.tuples(st.sampled_from(OWNERS), moments), max_size=6)


@given(
    rows=st.lists(rows_of, max_size=20),
    asks=asks_of,
    days=st.sampled_from((None, 1, 3)),
    kind=st.sampled_from((None, "email", "call")),
)
def test_what_is_stretched_is_what_a_join_and_a_filter_find(
    rows: list[Row], asks: list[Ask], days: int | None, kind: str | None
) -> None:
    asked, ordered = spine(asks), timeline(rows)
    kept = None if kind is None else (ordered.rows["kind"] == kind).to_numpy()
    joined = asked.join(known_rows(rows), left_on=ENTITY_ID, right_on="account_id").filter(
        pl.col("_known") < pl.col(AS_OF),
        pl.lit(value=True)
        if days is None
        else pl.col(AS_OF) - pl.col("occurred_at") <= pl.duration(days=days),
        pl.lit(value=True) if kind is None else pl.col("kind") == kind,
    )

    told = stretched(ordered, questions(asks), asked, days=days, kept=kept)

    names = (SPINE_ROW, ENTITY_ID, AS_OF, "activity_id", "occurred_at")
    assert told.select(names).collect().sort(names).equals(joined.select(names).sort(names))


@given(rows=st.lists(rows_of, max_size=20), asks=asks_of, days=st.sampled_from((2, 99)))
def test_a_question_that_misses_a_row_gets_the_rows_it_knows_to_itself(
    rows: list[Row], asks: list[Ask], days: int
) -> None:
    ordered, asked = timeline(rows), questions(asks)
    misses = set(ordered.crossing(asked)[0].tolist())

    seen, own = ordered.without_hidden(asked, days=days)

    assert pairs(seen.crossing(own)) == []
    told = stretched(seen, own, spine(asks), days=days).select(SPINE_ROW, "activity_id").collect()
    known = stretched(ordered, asked, spine(asks), days=days).select(SPINE_ROW, "activity_id")
    assert told.equals(known.collect())
    assert {question for question in range(len(asks)) if own.owner[question] >= len(OWNERS)} == (
        misses
    )
    assert seen.starts[-1] == seen.rows.height
    for question in misses:
        first, after = seen.starts[own.owner[question] : own.owner[question] + 2]
        assert seen.rows["_owner"][first:after].n_unique() <= 1
        assert told.filter(pl.col(SPINE_ROW) == question).height == after - first


def test_rows_older_than_the_days_asked_for_are_not_given_to_a_question_of_its_own() -> None:
    rows = timeline(at(-9, -2) + at(-1, recorded=5))

    seen, own = rows.without_hidden(questions([("acme", day(0))]), days=3)

    first, after = seen.starts[own.owner[0] : own.owner[0] + 2]
    assert seen.rows["occurred_at"][first:after].to_list() == [day(-2)]


@given(rows=st.lists(rows_of, max_size=20), asks=asks_of, days=st.sampled_from((0, 2)))
def test_rows_too_far_apart_for_one_number_have_the_same_places(
    rows: list[Row], asks: list[Ask], days: int
) -> None:
    asked = questions(asks)
    packed = timeline(rows).places(asked, days_before=days)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("features.timeline._KEY_BITS", 0)
        assert timeline(rows).places(asked, days_before=days).tolist() == packed.tolist()


def test_a_question_long_after_or_before_all_rows_stays_with_its_owner() -> None:
    near = [
        activity(at=day(-5) + place * INSTANT, account_id=owner)
        for owner in OWNERS[:2]
        for place in (0, 1)
    ]
    rows = timeline(near)
    asks = [("acme", day(9000)), ("acme", day(-9000)), ("bolt", day(-9000)), ("bolt", day(9000))]

    assert rows.places(questions(asks)).tolist() == [2, 0, 2, 4]


@given(rows=st.lists(rows_of, max_size=20), asks=asks_of)
def test_rows_before_a_question_are_known_or_crossing(rows: list[Row], asks: list[Ask]) -> None:
    ordered, asked = timeline(rows), questions(asks)
    begin, end = ordered.starts[asked.owner], ordered.places(asked)

    known, hidden = pairs(ordered.stretch(asked)), pairs(ordered.crossing(asked))

    happened = [
        (question, row)
        for question in range(len(asks))
        for row in range(begin[question], end[question])
    ]
    assert sorted(known + hidden) == happened


def test_what_is_stretched_answers_any_plan() -> None:
    rows = [*at(-9, -5), *at(-4, owner="bolt")]
    asks = [("acme", day(0)), ("bolt", day(0)), ("void", day(0))]
    asked = spine(asks)

    told = stretched(timeline(rows), questions(asks), asked)

    assert told.select(pl.len()).collect().item() == 3
    assert told.select("kind").head(2).collect()["kind"].to_list() == ["email", "email"]
    newer = told.filter(pl.col("occurred_at") > day(-6)).select(SPINE_ROW, AS_OF)
    assert newer.collect().rows() == [(0, day(0)), (1, day(0))]
    both = told.filter(pl.col(ENTITY_ID) == "bolt").join(told, on=SPINE_ROW).select("occurred_at")
    assert both.collect(engine="streaming")["occurred_at"].to_list() == [day(-4)]


def test_cells_are_fetched_for_the_columns_asked_for_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asks = [("acme", day(0))]
    fetched: list[str] = []
    gather = pl.Series.gather

    def told_of(series: pl.Series, place: pl.Series) -> pl.Series:
        fetched.append(series.name)
        return gather(series, place)

    monkeypatch.setattr(pl.Series, "gather", told_of)
    told = stretched(timeline(at(-1)), questions(asks), spine(asks))
    for _ in range(2):
        told.select("kind").collect()

    assert fetched == ["kind"]


def test_rows_come_by_owner_and_moment_and_equal_ones_as_given() -> None:
    owner = pl.Series([1, 0, 1, 0, 1, 1], dtype=pl.UInt32())
    moment = pl.Series([day(3), day(9), day(3), day(-9), None, day(-2)])

    assert in_order(owner, moment).to_list() == [3, 1, 4, 5, 0, 2]


@pytest.mark.parametrize(("codes", "places"), [([], []), ([1, 0, 1], [1, 0, 2])])
def test_rows_without_any_moment_come_by_owner(codes: list[int], places: list[int]) -> None:
    owner = pl.Series(codes, dtype=pl.UInt32())
    moment = pl.Series([None] * len(codes), dtype=pl.Datetime("us", "UTC"))

    assert in_order(owner, moment).to_list() == places


def test_moments_far_apart_keep_the_order() -> None:
    owner = pl.Series([2**31, 1, 2**31, 1, 2**31], dtype=pl.UInt32())
    far = datetime(9999, 12, 31, tzinfo=UTC)
    moment = pl.Series([far, far, datetime(1, 1, 1, tzinfo=UTC), day(0), None])

    assert in_order(owner, moment).to_list() == [3, 1, 4, 2, 0]
