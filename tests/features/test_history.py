from datetime import timedelta
from itertools import permutations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.calendar import Calendar
from features.context import build_context
from features.history import counted_at, value_at, values_at
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID
from features.snapshot import account_spine, deal_spine
from tests.factories import Row, account, account_change, book, change, closed, day, deal
from tests.features.reference.awkward_books import draw
from tests.features.test_reference import FULL

TICK = timedelta(microseconds=1)


def moved(old: str | None, new: str | None, made: float, recorded: float = -10) -> Row:
    return change("stage", old, new, at=day(made), recorded_at=day(recorded))


FIRST = moved("a", "z", -30)
LATER = moved("a", "b", -20)
LATEST = moved("a", "m", -10, -15)
RECORDED = moved("a", "d", -10)
LESS, GREATER = moved("y", "e", -10), moved("b", "f", -10)
EMPTIED = moved("x", None, -10)


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        ([FIRST, LATER], "a", "b"),
        ([FIRST, LATER, LATEST], "a", "m"),
        ([FIRST, LATEST, RECORDED], "a", "d"),
        ([LESS, GREATER], "y", "f"),
        ([GREATER, EMPTIED], "x", "f"),
        ([moved("h", "f", -10), GREATER], "b", "f"),
        ([FIRST, LATER, LATEST, RECORDED, LESS, GREATER, EMPTIED], "a", "f"),
    ],
)
def test_changes_known_at_one_moment_have_an_order_of_their_own(
    changes: list[Row], before: str, after: str
) -> None:
    elsewhere = change("stage", "x", "y", at=day(-900), opportunity_id="elsewhere")
    said = set()

    for rows in list(permutations(changes))[::31] if len(changes) > 3 else permutations(changes):
        of = book(
            accounts=[account()],
            opportunities=[deal()],
            opportunity_changes=[elsewhere, *rows],
        )
        spine = deal_spine(of, [day(-10), day(-10) + TICK])
        told = value_at(spine, of, "stage").sort("as_of").collect()
        said.add(tuple(told["stage"].to_list()))

    assert said == {(before, after)}


def test_the_changes_of_an_account_have_the_same_order() -> None:
    changes = [
        account_change("segment", "large", "small", at=day(-20), recorded_at=day(-10)),
        account_change("segment", "small", "large", at=day(-10)),
    ]
    said = set()

    for rows in permutations(changes):
        of = book(accounts=[account()], account_changes=rows)
        told = value_at(account_spine(of, [day(0)]), of, "segment").collect()
        said.add(told.filter(pl.col(ENTITY_ID) == "acme")["segment"].item())

    assert said == {"large"}


def test_the_stages_that_a_deal_passed_do_not_depend_on_the_order_of_the_rows() -> None:
    at_once = {"opportunity_id": "won", "recorded_at": day(-50)}
    changes = [
        change("stage", "offer", "agree", at=day(-60), **at_once),
        change("stage", "qualify", "offer", at=day(-70), **at_once),
        change("stage", "start", "quick", at=day(-60), **at_once),
    ]
    said = set()

    for rows in permutations(changes):
        of = book(
            accounts=[account()],
            opportunities=[closed("won", "won", at=day(-40))],
            opportunity_changes=rows,
        )
        stages = build_context(of, [day(0)], Calendar()).stages
        said.add(tuple(stages.sort("stage").select("stage", "median_days").rows()))

    assert said == {(("agree", 0.0), ("offer", 10.0), ("qualify", 30.0), ("quick", 20.0))}


def test_fields_told_together_say_what_they_say_one_by_one() -> None:
    fields = ("amount", "stage", "close_date", "owner_rep_id")
    said = set()

    for case in map(draw, FULL):
        of, spine = case.book, deal_spine(case.book, case.as_ofs).collect().lazy()
        together = values_at(spine, of, fields).sort(ENTITY_ID, AS_OF).collect()
        for field in fields:
            alone = value_at(spine, of, field).sort(ENTITY_ID, AS_OF).collect()
            assert_frame_equal(together.select(alone.columns), alone)
            said |= {field} if alone[field].n_unique() > 2 else set()

    assert said == set(fields)


@pytest.mark.parametrize(
    ("fields", "odd"),
    [
        (("stage", "segment"), "table opportunities, column segment"),
        (("segment", "stage"), "table accounts, column stage"),
        (("stage", "discount_pct"), "table opportunities, column discount_pct"),
    ],
)
def test_a_field_without_history_in_the_table_is_refused(fields: tuple[str, ...], odd: str) -> None:
    of = book(accounts=[account()], opportunities=[deal()])

    with pytest.raises(ValueError, match=odd):
        values_at(deal_spine(of, [day(0)]), of, fields)


def test_a_deal_that_the_book_lacks_has_the_values_of_its_changes() -> None:
    elsewhere = change("stage", "x", "y", at=day(-900), opportunity_id="elsewhere")
    changes = [elsewhere, moved("a", "b", -20, -20)]
    of = book(accounts=[account()], opportunity_changes=changes)
    moments = [day(-21), day(-20), day(-20) + TICK]
    ghost = {ENTITY_ID: ["deal-1"] * 3, ACCOUNT_ID: ["acme"] * 3, AS_OF: moments}
    spine = pl.LazyFrame(ghost).with_columns(pl.col(AS_OF).cast(pl.Datetime("us", "UTC")))

    told = value_at(spine, of, "stage").sort(AS_OF).collect()

    assert told["stage"].to_list() == ["a", "a", "b"]


def test_rows_of_a_deal_count_strictly_after_they_were_known() -> None:
    of = book(accounts=[account()], opportunities=[deal(), deal("deal-2")])
    spine = deal_spine(of, [day(-9), day(-9) + TICK, day(0)])
    known = [day(-3), day(-9), day(-5), day(-9), day(0)]
    rows = {OPPORTUNITY_ID: [f"deal-{number}" for number in (1, 1, 2, 1, 1)], "known": known}

    counts = counted_at(spine, pl.LazyFrame(rows), "rows").sort(ENTITY_ID, AS_OF).collect()

    assert counts["rows"].to_list() == [0, 2, 3, 0, 0, 1]
    assert counts["rows"].dtype == pl.Int64
    assert counts.columns == [ENTITY_ID, ACCOUNT_ID, AS_OF, "rows"]
