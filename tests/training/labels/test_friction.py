from datetime import timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.book import Book
from features.calendar import Calendar
from features.pursuit import WINDOW
from models.policy import MEASURES, FrictionPolicy, weighted
from tests.factories import (
    Row,
    account,
    activity,
    book,
    closed,
    day,
    deal,
    invoice,
    on,
    quote,
    ticket,
)
from training.labels.coverage import coverage_of
from training.labels.friction import friction
from training.labels.window import label_windows

Tables: TypeAlias = dict[str, Any]


HORIZON = timedelta(days=91)


def measured(of: Book, calendar: Calendar | None = None) -> dict[str, float | int | None]:
    spine = pl.LazyFrame(
        {"entity_id": ["acme"], "as_of": [day(0)]},
        schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")},
    )
    windows = label_windows(spine, HORIZON).with_row_index(WINDOW)
    found = friction(
        of,
        windows,
        coverage=coverage_of(of),
        policy=FrictionPolicy(),
        calendar=calendar or Calendar(),
    ).collect()
    return found.row(0, named=True)


def credit_note_of_another() -> Row:
    return invoice(-1.0, at=day(-500), account_id="other")


@pytest.mark.parametrize(
    ("bills", "late"),
    [
        ([invoice(at=day(1), due_on=on(10), paid_at=day(9))], 0.0),
        ([invoice(at=day(1), due_on=on(10), paid_at=day(10.9))], 0.0),
        ([invoice(at=day(1), due_on=on(10), paid_at=day(11.1))], 1.0),
        # unpaid at the end of the window: counted to its last day, not beyond
        ([invoice(at=day(1), due_on=on(10), paid_at=None)], 80.0),
        ([invoice(at=day(1), due_on=on(10), paid_at=day(200))], 80.0),
        # two invoices count alike, however large
        (
            [
                invoice(1e6, at=day(1), due_on=on(10), paid_at=day(20)),
                invoice(1.0, at=day(1), due_on=on(10), paid_at=day(10)),
            ],
            5.0,
        ),
        # issued before the window, due after it, no due day, a credit note
        ([invoice(at=day(-1), due_on=on(10), paid_at=None)], None),
        ([invoice(at=day(80), due_on=on(91), paid_at=None)], None),
        ([invoice(at=day(80), due_on=on(90), paid_at=None)], 0.0),
        ([invoice(at=day(1), due_on=None)], None),
        ([invoice(-50.0, at=day(1), due_on=on(10))], None),
    ],
)
def test_days_late_are_counted_to_the_payment_or_the_end_of_the_window(
    bills: list[Row], late: float | None
) -> None:
    paid = invoice(at=day(-500), due_on=on(-480), paid_at=day(-480), account_id="other")
    of = book(accounts=[account()], invoices=[*bills, paid])

    assert measured(of)["late_days"] == late


def test_a_payment_late_in_the_evening_is_on_time_in_the_zone_of_the_organisation() -> None:
    bill = invoice(at=day(1), due_on=on(10), paid_at=day(11 + 3 / 24))
    of = book(accounts=[account()], invoices=[bill])

    assert measured(of)["late_days"] == 1.0
    assert measured(of, Calendar("America/New_York"))["late_days"] == 0.0


@pytest.mark.parametrize(
    ("rows", "depth"),
    [
        ({"opportunities": [closed("d", "won", at=day(3), discount_pct=10.0)]}, 0.10),
        ({"opportunities": [closed("d", "won", at=day(3), discount_pct=0.0)]}, 0.0),
        ({"opportunities": [closed("d", "lost", at=day(3), discount_pct=10.0)]}, None),
        ({"opportunities": [closed("d", "won", at=day(-3), discount_pct=10.0)]}, None),
        ({"opportunities": [deal()], "quotes": [quote(9_000.0, at=day(3))]}, 0.10),
        ({"opportunities": [deal()], "quotes": [quote(11_000.0, at=day(3))]}, 0.0),
        ({"opportunities": [deal()], "quotes": [quote(9_000.0, at=day(-3))]}, None),
        (
            {
                "opportunities": [deal(), closed("d", "won", at=day(3), discount_pct=30.0)],
                "quotes": [quote(9_000.0, at=day(3))],
            },
            0.20,
        ),
    ],
)
def test_discounts_come_from_won_deals_and_quotes(rows: Tables, depth: float | None) -> None:
    found = measured(book(accounts=[account()], **rows))["discount_depth"]

    assert found == (pytest.approx(depth) if depth is not None else None)


@pytest.mark.parametrize(
    ("tickets", "load"),
    [
        ([ticket(at=day(-1))], 0.0),
        ([ticket(at=day(-1)), ticket(at=day(0)), ticket(at=day(90.9))], 2.0),
        ([ticket(at=day(-1), escalated_at=day(3))], 3.0),
        ([ticket(at=day(-9)), ticket(at=day(2), escalated_at=day(3))], 4.0),
        ([ticket(at=day(-9)), ticket(at=day(91))], 0.0),
        # the log begins inside the window: what came before is not known
        ([ticket(at=day(5))], None),
        ([], None),
    ],
)
def test_service_load_counts_tickets_where_the_log_covers_the_window(
    tickets: list[Row], load: float | None
) -> None:
    assert measured(book(accounts=[account()], tickets=tickets))["service_load"] == load


@pytest.mark.parametrize(
    ("outbound", "inbound", "answered", "ratio"),
    [(2, 0, 0, None), (3, 0, 0, 3.0), (6, 1, 0, 6.0), (6, 2, 0, 3.0), (6, 1, 2, 2.0)],
)
def test_the_chase_is_touches_per_reply(
    outbound: int, inbound: int, answered: int, ratio: float | None
) -> None:
    touches = [activity(at=day(i + 1), answered=i < answered) for i in range(outbound)]
    replies = [activity(at=day(i + 30), direction="inbound") for i in range(inbound)]
    ignored = [
        activity(at=day(5), automated=True),
        activity(at=day(-5)),
        activity(at=day(5), direction="mutual", kind="meeting"),
    ]
    of = book(accounts=[account()], activities=[*touches, *replies, *ignored])

    assert measured(of)["chase_ratio"] == ratio


@pytest.mark.parametrize(
    ("amounts", "share"),
    [([100.0], 0.0), ([100.0, -20.0], 0.2), ([100.0, 100.0, -20.0, -20.0], 0.2), ([-20.0], None)],
)
def test_returns_are_a_share_of_the_orders(amounts: list[float], share: float | None) -> None:
    bills = [invoice(amount, at=day(3)) for amount in amounts]
    of = book(accounts=[account()], invoices=[*bills, credit_note_of_another()])

    found = measured(of)["return_share"]

    assert found == (pytest.approx(share) if share is not None else None)


def test_a_book_without_one_credit_note_does_not_keep_returns() -> None:
    of = book(accounts=[account()], invoices=[invoice(at=day(3))])

    assert measured(of)["return_share"] is None


@pytest.mark.parametrize(
    ("values", "possible", "expected", "items"),
    [
        ({"late": 10.0, "service": 8.0}, 5, (0.30 * 0.5 + 0.25) / 0.55, 2),
        ({"late": 40.0, "service": 0.0}, 5, 0.30 / 0.55, 2),
        ({"late": 10.0}, 5, None, 1),
        ({"late": 10.0}, 1, 0.5, 1),
        ({}, 1, None, 0),
        (
            {"late": 20.0, "discount": 0.1, "service": 4.0, "chase": 3.0, "returns": 0.05},
            5,
            (0.30 + 0.10 + 0.125 + 0.125 + 0.05) / 1.2,
            5,
        ),
    ],
)
def test_friction_is_the_weighted_mean_of_the_items_there_are(
    values: dict[str, float], possible: int, expected: float | None, items: int
) -> None:
    frame = pl.DataFrame(
        {name: [values.get(item)] for item, name in MEASURES.items()},
        schema=dict.fromkeys(MEASURES.values(), pl.Float64),
    )

    found = frame.select(weighted(FrictionPolicy(), possible=possible))

    assert found["friction_items"].item() == items
    assert found["friction"].item() == (pytest.approx(expected) if expected is not None else None)


def test_where_the_crm_has_one_item_at_all_that_one_stands_and_shows_as_partial() -> None:
    only_late = book(
        accounts=[account()],
        invoices=[invoice(at=day(1), due_on=on(10), paid_at=day(20))],
    )
    with_tickets = book(
        accounts=[account()],
        invoices=[invoice(at=day(1), due_on=on(10), paid_at=day(20))],
        tickets=[ticket(at=day(5))],
    )

    alone, one_of_two = measured(only_late), measured(with_tickets)

    assert (alone["friction"], alone["friction_items"]) == (0.5, 1)
    assert (one_of_two["friction"], one_of_two["friction_items"]) == (None, 1)


@given(
    amounts=st.lists(st.integers(1, 5_000), min_size=1, max_size=4),
    returned=st.integers(0, 400),
    paid=st.integers(5, 80),
    factor=st.sampled_from([0.1, 10.0, 1_000.0]),
)
def test_friction_does_not_depend_on_how_large_the_account_is(
    amounts: list[int], returned: int, paid: int, factor: float
) -> None:
    def world(scale: float) -> Book:
        bills = [
            invoice(amount * scale, at=day(3 + i), due_on=on(5), paid_at=day(paid))
            for i, amount in enumerate(amounts)
        ]
        returns = [invoice(-returned * scale, at=day(9))] if returned else []
        offer = quote(900.0 * scale, at=day(4), list_amount=1_000.0 * scale)
        return book(
            accounts=[account()],
            invoices=[*bills, *returns, credit_note_of_another()],
            opportunities=[deal(amount=1_000.0 * scale)],
            quotes=[offer],
            tickets=[ticket(at=day(-3)), ticket(at=day(3))],
            activities=[activity(at=day(i)) for i in range(4)],
        )

    small, large = measured(world(1.0)), measured(world(factor))

    assert small["friction_items"] == 5
    assert large == pytest.approx(small)
