"""What a view is asked for beyond rows as they stand, in both ways."""

import polars as pl
import pytest

from features.batch import Way, batches
from features.book import Book
from features.calendar import Calendar
from features.context import Context
from features.measure import Measure, count, inner_most, inner_total
from features.neighbours import Line, later, previous, said
from features.schema import AS_OF, ENTITY_ID, TIME
from features.timeline import MOMENT
from features.view import KEYS, View
from tests.factories import account, activity, book, day

UTC_DAYS = Calendar()
NO_CONTEXT = Context(*(pl.DataFrame() for _ in range(5)))
AS_OFS = (day(-10), day(0))
in_both_ways = pytest.mark.parametrize("way", ["plain", "fast"])

IS_CALL = pl.col("kind") == "call"
CALLS = Line(
    where=IS_CALL,
    reads={"minutes": pl.col("duration_minutes")},
    columns={
        "before": previous(pl.lit(value=True)),
        "gap": (pl.col(MOMENT) - said(pl.col(MOMENT), "before")).dt.total_days(),
        "after": later(pl.lit(value=True)),
        "next": said(pl.col("minutes"), "after"),
    },
    within=100,
)


def seen(of: Book, way: Way) -> View:
    """`acme` and `bolt` at both moments."""
    names = [(name, moment) for name in ("acme", "bolt") for moment in AS_OFS]
    rows = pl.DataFrame(names, schema={ENTITY_ID: pl.String(), AS_OF: TIME}, orient="row")
    (part,) = batches(of, rows.sort(AS_OF, ENTITY_ID), UTC_DAYS, way=way)
    return part.view(part.named(part.rows) if way == "plain" else part.rows, NO_CONTEXT)


def calls(
    *at: float, owner: str = "acme", recorded: float | None = None
) -> list[dict[str, object]]:
    """Calls of as many minutes as their day is before the origin."""
    recorded_at = None if recorded is None else day(recorded)
    return [
        activity(
            at=day(d),
            kind="call",
            account_id=owner,
            duration_minutes=-d,
            recorded_at=recorded_at,
        )
        for d in at
    ]


def book_of(*rows: list[dict[str, object]]) -> Book:
    both = [account("acme"), account("bolt")]
    return book(accounts=both, activities=[row for group in rows for row in group])


def told(way: Way, of: Book, *measures: Measure) -> list[tuple[float | None, ...]]:
    """The measures of acme and bolt at the first moment, then at the second."""
    view = seen(of, way)
    asked = view.measured("activities", measures, line=CALLS).join(
        view.spine.select(*KEYS, ENTITY_ID), on=KEYS
    )
    return asked.sort(AS_OF, ENTITY_ID).select(m.name for m in measures).collect().rows()


@in_both_ways
def test_rows_are_chosen_and_told_before_they_meet_a_question(way: Way) -> None:
    mails = [activity(at=day(-4), duration_minutes=9.0), activity(at=day(-3), kind=None)]
    view = seen(book_of(calls(-30, -5), calls(-6, recorded=2), mails), way)

    known = view.known(
        "activities",
        within=20,
        where=IS_CALL & (pl.col("twice") > 1),
        columns={"twice": pl.col("duration_minutes") * 2},
    )

    found = known.sort(AS_OF, "occurred_at").select(AS_OF, "occurred_at", "twice", "kind")
    assert found.collect().rows() == [
        (day(-10), day(-30), 60.0, "call"),
        (day(0), day(-5), 10.0, "call"),
    ]


@in_both_ways
def test_the_same_rows_under_other_names_are_other_rows(way: Way) -> None:
    view = seen(book_of(calls(-5)), way)

    one, two = (
        view.known("activities", columns={"told": pl.col("duration_minutes") * factor})
        for factor in (1, 2)
    )

    assert one.select("told").collect()["told"].to_list() == [5.0]
    assert two.select("told").collect()["told"].to_list() == [10.0]


@in_both_ways
def test_a_line_holds_the_rows_known_and_their_neighbours(way: Way) -> None:
    view = seen(book_of(calls(-40, -30, -5), calls(-20, owner="bolt")), way)

    rows = view.lined("activities", CALLS, where=pl.col("gap") > 5).sort(AS_OF, MOMENT)

    assert rows.select(AS_OF, MOMENT, "gap").collect().rows() == [
        (day(-10), day(-30), 10),
        (day(0), day(-30), 10),
        (day(0), day(-5), 25),
    ]


@in_both_ways
def test_a_row_that_is_not_known_yet_is_nobodys_neighbour(way: Way) -> None:
    of = book_of(calls(-30, -20), calls(-25, recorded=-5), calls(-40, owner="bolt"))

    found = told(way, of, inner_total("gaps", pl.col("gap"), oldest=90), count("n", oldest=90))
    longest = told(way, of, inner_most("longest", pl.col("gap"), oldest=90))

    assert found == [(10.0, 2), (0.0, 1), (10.0, 3), (0.0, 1)]
    assert longest == [(10.0,), (None,), (5.0,), (None,)]


@in_both_ways
def test_a_line_reaches_no_further_back_for_a_row_hidden_or_not(way: Way) -> None:
    rows = calls(-150, -120), calls(-30), calls(-5, recorded=3)

    (row,) = told(way, book_of(*rows), count("n", oldest=90))[2:3]

    assert row == (1,)


@in_both_ways
def test_what_looks_forward_sees_the_next_known_row(way: Way) -> None:
    of = book_of(calls(-30, -5), calls(-20, recorded=-8))
    view = seen(of, way)

    rows = view.lined("activities", CALLS, where=pl.col("next").is_not_null())

    before = rows.filter(pl.col(AS_OF) == day(0)).sort(MOMENT).select("minutes", "next")
    assert before.collect().rows() == [(30.0, 20.0), (20.0, 5.0)]


@in_both_ways
def test_inner_measures_without_a_line_are_refused(way: Way) -> None:
    view = seen(book_of(calls(-5)), way)

    with pytest.raises(ValueError, match="table activities: expected a line"):
        view.measured("activities", [inner_most("n", pl.col("duration_minutes"), oldest=9)])
