from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.book import Book
from features.pursuit import PursuitRule, pursuit, within
from tests.factories import (
    Row,
    account,
    activity,
    book,
    closed,
    contract,
    day,
    deal,
    invoice,
    on,
    ticket,
)

Tables: TypeAlias = dict[str, Any]


TIME = pl.Datetime("us", "UTC")


def windows(
    *spans: tuple[float, float], extra: Mapping[str, Sequence[datetime]] | None = None
) -> pl.LazyFrame:
    cells: dict[str, Sequence[object]] = {
        "entity_id": ["acme"] * len(spans),
        "starts_at": [day(start) for start, _ in spans],
        "ends_at": [day(end) for _, end in spans],
        **(extra or {}),
    }
    schema = {name: pl.String if name == "entity_id" else TIME for name in cells}
    return pl.LazyFrame(cells, schema=schema)


def pursued(of: Book, *spans: tuple[float, float]) -> list[int]:
    return pursuit(of, windows(*spans)).collect()["pursued_weeks"].to_list()


@pytest.mark.parametrize(
    ("opened", "shut", "weeks"),
    [
        (-10.0, None, 13),
        (0.0, 91.0, 13),
        (90.5, None, 1),
        (91.0, None, 0),
        (-30.0, 0.0, 0),
        (-30.0, 0.1, 1),
        (-30.0, 7.0, 1),
        (-30.0, 7.1, 2),
        (6.9, 14.1, 3),
    ],
)
def test_weeks_with_an_open_deal_are_pursued(opened: float, shut: float | None, weeks: int) -> None:
    ends: Row = {} if shut is None else {"closed_at": day(shut), "outcome": "lost"}
    of = book(accounts=[account()], opportunities=[deal(at=day(opened), **ends)])

    assert pursued(of, (0, 91)) == [weeks]


def test_a_week_counts_once_whatever_happened_in_it() -> None:
    touches = [activity(at=day(at)) for at in (0, 3, 6.9, 8)]
    of = book(
        accounts=[account()],
        activities=touches,
        opportunities=[closed("d", "won", at=day(6))],
    )

    assert pursued(of, (0, 91)) == [2]


@pytest.mark.parametrize(
    "cells", [{"automated": True}, {"direction": "inbound"}, {"direction": None}]
)
def test_only_outbound_touches_by_people_pursue(cells: Row) -> None:
    of = book(accounts=[account()], activities=[activity(at=day(1), **cells)])

    assert pursued(of, (0, 91)) == [0]


@pytest.mark.parametrize(
    ("cells", "weeks"),
    [
        ({}, 13),
        ({"renewed_at": day(-1)}, 0),
        ({"renewed_at": day(8)}, 2),
        ({"cancelled_at": day(20)}, 3),
    ],
)
def test_an_open_renewal_of_a_contract_is_pursuit(cells: Row, weeks: int) -> None:
    of = book(
        accounts=[account()], contracts=[contract(starts_on=on(-330), ends_on=on(35), **cells)]
    )

    assert pursued(of, (0, 91)) == [weeks]


def test_a_contract_is_not_up_for_renewal_long_before_it_ends_or_after_it_lapsed() -> None:
    early = book(accounts=[account()], contracts=[contract(starts_on=on(0), ends_on=on(181))])
    lapsed = book(accounts=[account()], contracts=[contract(starts_on=on(-400), ends_on=on(-60))])

    assert pursued(early, (0, 91)) == [0]
    assert pursued(lapsed, (0, 91)) == [0]


def test_four_pursued_weeks_expose_an_account() -> None:
    rows = [activity(at=day(7 * week)) for week in range(4)]
    three = book(accounts=[account()], activities=rows[:3])
    four = book(accounts=[account()], activities=rows)

    exposed = [pursuit(of, windows((0, 91))).collect()["is_exposed"].item() for of in (three, four)]

    assert exposed == [False, True]


def test_the_rule_is_a_parameter() -> None:
    of = book(accounts=[account()], activities=[activity(at=day(1))])

    found = pursuit(of, windows((0, 91)), rule=PursuitRule(exposed_weeks=1)).collect()

    assert found["is_exposed"].item()


@pytest.mark.parametrize(
    ("ordered", "exposed"), [(-366, False), (-365, True), (-1, True), (0, False)]
)
def test_without_pipeline_and_activities_an_order_of_the_last_year_exposes(
    *, ordered: float, exposed: bool
) -> None:
    of = book(accounts=[account()], invoices=[invoice(at=day(ordered))])

    found = pursuit(of, windows((0, 91))).collect()

    assert found["is_exposed"].item() is exposed


def test_with_a_pipeline_an_order_of_the_last_year_exposes_nobody() -> None:
    of = book(
        accounts=[account()],
        invoices=[invoice(at=day(-10))],
        opportunities=[deal(account_id="other")],
    )

    assert not pursuit(of, windows((0, 91))).collect()["is_exposed"].item()


def test_the_order_rule_counts_back_from_as_of_where_the_window_carries_one() -> None:
    of = book(accounts=[account()], invoices=[invoice(at=day(-20))])

    at_start = pursuit(of, windows((-91, 0))).collect()
    at_end = pursuit(of, windows((-91, 0), extra={"as_of": [day(0)]})).collect()

    assert not at_start["is_exposed"].item()
    assert at_end["is_exposed"].item()


@pytest.mark.parametrize(
    ("rows", "active"),
    [
        ({"opportunities": [closed("d", "won", at=day(5))]}, True),
        ({"opportunities": [closed("d", "lost", at=day(5))]}, False),
        ({"opportunities": [closed("d", "won", at=day(91))]}, False),
        ({"activities": [activity(at=day(5))]}, False),
        ({"activities": [activity(at=day(5), direction="inbound")]}, True),
        ({"activities": [activity(at=day(5), direction="mutual")]}, True),
        ({"activities": [activity(at=day(5), direction="inbound", automated=True)]}, False),
        ({"activities": [activity(at=day(-1), direction="inbound")]}, False),
        ({"tickets": [ticket(at=day(0))]}, True),
        ({"tickets": [ticket(at=day(-0.1))]}, False),
        ({"invoices": [invoice(100.0, at=day(5))]}, True),
        ({"invoices": [invoice(100.0, at=day(5)), invoice(-100.0, at=day(6))]}, False),
        ({}, False),
    ],
)
def test_a_sign_of_life_makes_an_account_active(*, rows: Tables, active: bool) -> None:
    of = book(accounts=[account()], **rows)

    assert pursuit(of, windows((0, 91))).collect()["is_active"].item() is active


def test_what_was_not_known_yet_is_not_seen() -> None:
    late = day(5)
    of = book(
        accounts=[account()],
        opportunities=[
            deal(at=day(-80), recorded_at=late),
            closed("d2", "won", at=day(2)),
        ],
        activities=[
            activity(at=day(-5), recorded_at=late, direction="inbound"),
            activity(at=day(-5), recorded_at=late),
        ],
        tickets=[ticket(at=day(-3), recorded_at=late)],
        invoices=[invoice(at=day(-3), recorded_at=late)],
    )
    then = windows((-91, 0), extra={"known_before": [day(0)]})
    now = windows((-91, 0), extra={"known_before": [day(30)]})

    before, after = pursuit(of, then).collect(), pursuit(of, now).collect()

    assert before.select("pursued_weeks", "is_exposed", "is_active").row(0) == (9, True, False)
    assert after.select("pursued_weeks", "is_exposed", "is_active").row(0) == (12, True, True)


def test_other_columns_and_the_order_of_the_windows_are_kept() -> None:
    of = book(accounts=[account()], activities=[activity(at=day(40))])
    given_windows = windows((30, 60), (-30, 0), (0, 30)).with_columns(
        pl.Series("note", ["a", "b", "c"])
    )

    found = pursuit(of, given_windows).collect()

    assert found["note"].to_list() == ["a", "b", "c"]
    assert found["pursued_weeks"].to_list() == [1, 0, 0]


@given(
    events=st.lists(st.integers(-100, 100), max_size=20),
    start=st.integers(-60, 60),
    length=st.integers(1, 90),
)
def test_within_pairs_exactly_the_events_of_the_half_open_window(
    events: list[int], start: int, length: int
) -> None:
    moments = [day(0) + timedelta(hours=12 * step) for step in events]
    rows = pl.LazyFrame(
        {"account_id": ["acme"] * len(moments), "at": moments},
        schema={"account_id": pl.String, "at": TIME},
    )
    end = start + length

    found = within(windows((start, end)), rows, "at").collect()["at"].to_list()

    assert sorted(found) == sorted(m for m in moments if day(start) <= m < day(end))


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="expected exposed_weeks of at least 1, got 0"):
        PursuitRule(exposed_weeks=0)
