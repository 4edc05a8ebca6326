from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.measure import Kind, Measure, count, distinct, newest, oldest, total
from features.running import Running
from tests.factories import Row, activity, day
from tests.features.asking import OWNERS, Ask, questions, timeline, told_plainly, told_running

MINUTES = pl.col("duration_minutes")
WHO = pl.col("contact_id")
IS_CALL = pl.col("kind") == "call"
IS_REPLY = pl.col("direction") == "inbound"
INSTANT = timedelta(microseconds=1)

WINDOWS = ((0, None), (0, 2), (1, None), (1, 3))
KINDS: tuple[Kind, ...] = ("count", "total", "distinct", "newest", "oldest", "cell", "blocks")
CONDITIONS = (None, IS_CALL, ~IS_REPLY)  # the last one is unknown where the direction is
MARKS = (None, IS_REPLY, IS_CALL & IS_REPLY)
SOURCES: dict[str, pl.Expr] = {
    "total": MINUTES,
    "distinct": WHO,
    "cell": MINUTES,
    "inner_total": MINUTES,
    "inner_most": MINUTES,
}


def every_measure(kinds: Sequence[Kind]) -> list[Measure]:
    """All kinds in all windows, under all conditions, since all marks."""
    return [
        Measure(
            f"{kind} {number}",
            kind,
            where,
            SOURCES.get(kind),
            newer,
            older,
            since,
            days=int(kind == "blocks"),
        )
        for number, ((newer, older), where, since) in enumerate(product(WINDOWS, CONDITIONS, MARKS))
        for kind in kinds
    ]


MEASURES, INNER = every_measure(KINDS), every_measure(("inner_total", "inner_most"))

# Few moments, so that rows meet one another, as_ofs and the edges of windows.
moments = st.sampled_from(
    (day(-4), day(-3), day(-2) - INSTANT, day(-2), day(-2) + INSTANT, day(-1), day(0), day(1))
)
rows_of = st.builds(
    activity,
    at=moments,
    recorded_at=st.one_of(st.none(), moments),
    account_id=st.sampled_from(("acme", "acme", "bolt")),
    kind=st.sampled_from(("call", "email")),
    direction=st.sampled_from(("inbound", "outbound", None)),
    contact_id=st.sampled_from(("ann", "bob", None)),
    duration_minutes=st.sampled_from((None, 0.1, 0.2, -3.0005, 1e9)),
)
asks_of = st.lists(st.tuples(st.sampled_from(OWNERS), moments), min_size=1, max_size=8)


@pytest.mark.parametrize("measures", [MEASURES, INNER], ids=["any", "inner"])
@given(rows=st.lists(rows_of, min_size=8, max_size=25), asks=asks_of)
def test_running_totals_tell_the_bits_of_the_rows_one_by_one(
    measures: list[Measure], rows: list[Row], asks: list[Ask]
) -> None:
    plain = told_plainly(rows, measures, asks)
    running = told_running(rows, measures, asks)

    differ = [name for name in plain.columns if not plain[name].equals(running[name])]
    assert differ == []
    assert running.schema == plain.schema


def test_questions_come_in_any_order_and_again() -> None:
    rows = [activity(at=day(days)) for days in (-9, -5, -1)]
    rows += [activity(at=day(-8), account_id="bolt", recorded_at=day(-2))]
    asks = [("acme", -4), ("bolt", 0), ("acme", 0), ("acme", -4), ("bolt", -2), ("void", 0)]

    found = told_running(rows, [count("n"), newest("at")], [(who, day(at)) for who, at in asks])

    assert found["n"].to_list() == [2, 1, 3, 2, 0, 0]
    told = (day(-5), day(-8), day(-1), day(-5), None, None)
    assert tuple(found["at"]) == told


def test_no_questions_have_no_answers() -> None:
    found = told_running([activity(at=day(-1))], MEASURES, [])

    assert found.shape == (0, len(MEASURES))
    assert found.schema == told_running([], MEASURES, []).schema


def test_more_rows_than_a_byte_counts() -> None:
    rows = [activity(at=day(-1) + place * INSTANT) for place in range(300)]

    found = told_running(rows, [count("n"), count("calls", IS_CALL)])

    assert found.row(0) == (300, 0)


def test_measures_of_one_condition_share_totals_and_not_those_of_another() -> None:
    row = activity(at=day(-1), kind="call", duration_minutes=3.0)
    measures = [
        count("calls", IS_CALL),
        count("replies", IS_REPLY),
        total("minutes", MINUTES, IS_CALL),
        total("double", MINUTES * 2, IS_CALL),
        count("calls again", IS_CALL, oldest=1),
    ]

    assert told_running([row], measures).row(0) == (1, 0, 3.0, 6.0, 1)


def test_a_condition_may_be_the_same_for_all_rows() -> None:
    rows = [activity(at=day(-2)), activity(at=day(-1))]
    never, always = pl.lit(value=False), pl.lit(value=True)

    found = told_running(rows, [count("never", never), oldest("always", always)])

    assert found.row(0) == (0, day(-2))


def test_a_table_is_told_of_at_questions_of_its_own() -> None:
    running = Running(timeline([activity(at=day(-1))]), questions([("acme", day(0))]))

    first, again = (running.told([count("n"), distinct("who", WHO)]) for _ in range(2))

    assert first.equals(again)
    assert first.row(0) == (1, 0)


@pytest.mark.parametrize("way", [told_plainly, told_running])
def test_the_random_measures_have_something_to_say(
    way: Callable[..., pl.DataFrame],
) -> None:
    rng = np.random.default_rng(4)

    def pick(*cells: str | float | datetime | None) -> str | float | datetime | None:
        return cells[int(rng.integers(len(cells)))]

    rows = [
        activity(
            at=day(-float(rng.integers(6))),
            recorded_at=pick(None, day(-1), day(3)),
            kind=pick("call", "email"),
            direction=pick("inbound", "outbound", None),
            contact_id=pick("ann", "bob", None),
            duration_minutes=pick(None, 0.1, -3.0),
        )
        for _ in range(40)
    ]
    asks = [("acme", day(-number / 2)) for number in range(12)]

    found = way(rows, MEASURES, asks)

    silent = [name for name in found.columns if found[name].n_unique() < 2]
    assert silent == []
