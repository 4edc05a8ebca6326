from datetime import timedelta
from itertools import permutations

import polars as pl
import pytest

from features.calendar import Calendar
from features.context import build_context
from features.history import value_at
from features.schema import ENTITY_ID
from features.snapshot import account_spine, deal_spine
from tests.factories import Row, account, account_change, book, change, closed, day, deal

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
