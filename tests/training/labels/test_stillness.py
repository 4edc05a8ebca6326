"""Labels keep still when the past is edited and the declared reference state is not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.calendar import Calendar
from features.pursuit import STARTS_AT
from models.policy import LabelPolicy
from tests.factories import (
    Row,
    account,
    activity,
    book,
    change,
    closed,
    contract,
    day,
    deal,
    invoice,
    on,
    quote,
    referral,
    ticket,
)
from training.labels import bucket, bucket_labels, window

HORIZON = timedelta(days=91)
OPEN_FROM = -95
"""Older activities belong to no open renewal cycle and to no open silence."""


@dataclass(frozen=True)
class Event:
    """A row of any kind at a moment, in days from as_of."""

    kind: str
    at: float
    size: int


PAST_KINDS = ("touch", "reply", "won", "lost", "ticket", "escalation", "referral", "credit", "push")

FEW = settings(max_examples=max(6, settings().max_examples // 3))
"""A label frame is many queries: a third of the profile's examples."""

kinds = st.sampled_from(PAST_KINDS)
sizes = st.integers(1, 9)
past = st.lists(st.builds(Event, kinds, st.integers(-400, OPEN_FROM - 1), sizes), max_size=12)
future = st.lists(st.builds(Event, kinds, st.integers(0, 90), sizes), max_size=12)


def rows_of(event: Event, number: int) -> dict[str, Row]:
    at, name = day(event.at), f"past-{number}"
    amount = 100.0 * event.size
    made: dict[str, Callable[[], dict[str, Row]]] = {
        "touch": lambda: {"activities": activity(at=at)},
        "reply": lambda: {"activities": activity(at=at, direction="inbound")},
        "won": lambda: {
            "opportunities": closed(name, "won", at=at, amount=amount, discount_pct=9.0)
        },
        "lost": lambda: {"opportunities": closed(name, "lost", at=at)},
        "ticket": lambda: {"tickets": ticket(at=at)},
        "escalation": lambda: {"tickets": ticket(at=at, escalated_at=at)},
        "referral": lambda: {"referrals": referral(at=at)},
        "credit": lambda: {"invoices": invoice(-amount, at=at)},
        "push": lambda: {
            "opportunity_changes": change("close_date", "2020-01-01", "2020-02-01", at=at),
            "quotes": quote(5_000.0, at=at),
        },
    }
    return made[event.kind]()


def state() -> dict[str, list[Row]]:
    """The reference state: running contract, open deal, open silence, where the logs begin."""
    return {
        "contracts": [
            contract(starts_on=on(-300), ends_on=on(60), annual_value=1_000.0, renewed_at=day(50)),
            contract(starts_on=on(61), ends_on=on(400), annual_value=1_010.0),
        ],
        "opportunities": [deal(at=day(-30)), closed("first", "won", at=day(-700))],
        "activities": [
            activity(at=day(OPEN_FROM), direction="inbound"),
            activity(at=day(-40)),
            activity(at=day(-20)),
        ],
        "tickets": [ticket(at=day(-500))],
        "invoices": [invoice(at=day(-700)), invoice(-5.0, at=day(-699))],
    }


def labels(*events: Event) -> pl.DataFrame:
    tables = state()
    for number, event in enumerate(events):
        for table, made in rows_of(event, number).items():
            tables.setdefault(table, []).append(made)
    # a table that the source has stays a table that it has, edited or not
    present = {name: frozenset(row) for name, rows in tables.items() for row in rows[:1]}
    present |= {name: present.get(name, frozenset({"account_id"})) for name in ("referrals",)}
    present["invoices"] |= {"paid_at"}
    present["quotes"] = frozenset({"list_amount", "amount"})
    return labelled(tables, present)


def labelled(tables: dict[str, Any], present: dict[str, frozenset[str]] | None) -> pl.DataFrame:
    spine = pl.LazyFrame(
        {"entity_id": ["acme"], "as_of": [day(0)]},
        schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")},
    )
    of = book(accounts=[account(), account("other")], present=present, **tables)
    return bucket_labels(
        of, spine, horizon=HORIZON, policy=LabelPolicy(growth_floor=50.0), calendar=Calendar()
    )


def check_stillness(before: list[Event], after: list[Event], ahead: list[Event]) -> None:
    assert_frame_equal(labels(*before, *ahead), labels(*after, *ahead))


@FEW
@given(before=past, after=past, ahead=future)
def test_a_label_does_not_move_when_the_past_is_rewritten(
    before: list[Event], after: list[Event], ahead: list[Event]
) -> None:
    check_stillness(before, after, ahead)


ALL_AT_ONCE = [Event(kind, -200 - 7 * i, 3) for i, kind in enumerate(PAST_KINDS)]


@pytest.mark.parametrize(
    "edited",
    [ALL_AT_ONCE, ALL_AT_ONCE[::-1], [Event(e.kind, e.at + 90, e.size) for e in ALL_AT_ONCE]],
    ids=["deleted", "permuted", "moved"],
)
def test_a_label_does_not_move_when_every_kind_of_past_row_is_edited(edited: list[Event]) -> None:
    check_stillness(ALL_AT_ONCE, [] if edited is ALL_AT_ONCE else edited, [Event("reply", 5, 1)])


@pytest.mark.parametrize("component", ["sales", "hours", "friction", "advocate", "strings_along"])
def test_a_component_that_reaches_into_the_past_is_caught(
    monkeypatch: pytest.MonkeyPatch, component: str
) -> None:
    whole = getattr(bucket, component)

    def reaching(book_: object, windows: pl.LazyFrame, *rest: object, **named: object) -> object:
        early = windows.with_columns(pl.col(STARTS_AT) - timedelta(days=300))
        return whole(book_, early, *rest, **named)

    monkeypatch.setattr(bucket, component, reaching)

    with pytest.raises(AssertionError, match="DataFrames are different"):
        check_stillness(ALL_AT_ONCE * 2, [], [])


def test_a_pursuit_that_reaches_into_the_past_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = window.label_windows

    def reaching(spine: pl.LazyFrame, horizon: timedelta) -> pl.LazyFrame:
        return whole(spine, horizon).with_columns(pl.col(STARTS_AT) - timedelta(days=300))

    monkeypatch.setattr(bucket, "label_windows", reaching)

    with pytest.raises(AssertionError, match="DataFrames are different"):
        check_stillness(ALL_AT_ONCE, [], [])


@FEW
@given(
    before=st.lists(st.tuples(st.integers(-299, -92), st.integers(-50, 500)), max_size=8),
    after=st.lists(st.tuples(st.integers(-299, -92), st.integers(-50, 500)), max_size=8),
    ahead=st.lists(st.tuples(st.integers(0, 90), st.integers(-50, 500)), max_size=8),
)
def test_in_a_book_of_orders_only_the_reference_window_counts(
    before: list[tuple[int, int]], after: list[tuple[int, int]], ahead: list[tuple[int, int]]
) -> None:
    fixed = [
        invoice(10.0, at=day(-300), account_id="other"),
        invoice(-1.0, at=day(-300), account_id="other"),
        invoice(80.0, at=day(-30)),
        invoice(70.0, at=day(20), account_id="other"),
    ]

    def world(old: list[tuple[int, int]]) -> pl.DataFrame:
        rows = [invoice(float(amount), at=day(at)) for at, amount in [*old, *ahead]]
        return labelled({"invoices": [*fixed, *rows]}, None)

    assert_frame_equal(world(before), world(after))


def test_an_edit_of_the_reference_state_does_move_a_label() -> None:
    def world(amount: float, at: datetime) -> pl.DataFrame:
        rows = [
            invoice(10.0, at=day(-300), account_id="other"),
            invoice(80.0, at=day(-30), account_id="other"),
            invoice(90.0, at=day(30), account_id="other"),
        ]
        return labelled({"invoices": [*rows, invoice(amount, at=at), invoice(at=day(3))]}, None)

    growths = [world(50.0, day(-30))["growth"].item(), world(80.0, day(-30))["growth"].item()]

    assert growths[0] != growths[1]
