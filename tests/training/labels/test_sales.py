from datetime import timedelta
from typing import Any, TypeAlias

import polars as pl
import pytest

from features.calendar import Calendar
from features.pursuit import WINDOW
from tests.factories import Row, account, book, closed, contract, day, deal, invoice, on
from training.labels.sales import sales
from training.labels.window import label_windows

Tables: TypeAlias = dict[str, Any]


def renewed(at: float, value: float = 500.0) -> Row:
    return contract(starts_on=on(-300), ends_on=on(60), annual_value=value, renewed_at=day(at))


def sold(rows: Tables) -> pl.DataFrame:
    """The sales of `acme` in the 91 days from day 0."""
    of = book(accounts=[account(), account("other")], **rows)
    spine = pl.LazyFrame(
        {"entity_id": ["acme"], "as_of": [day(0)]},
        schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")},
    )
    windows = label_windows(spine, timedelta(days=91)).with_row_index(WINDOW)
    return sales(of, windows, Calendar()).collect()


@pytest.mark.parametrize(
    ("rows", "won", "booked"),
    [
        ({"opportunities": [closed("a", "won", at=day(3), amount=70.0)]}, True, 70.0),
        ({"opportunities": [closed("a", "won", at=day(-3), amount=70.0)]}, False, 0.0),
        ({"opportunities": [closed("a", "lost", at=day(3), amount=70.0)]}, False, 0.0),
        # the invoice bills the deal: one sale; and with deals an order alone is no win
        (
            {
                "opportunities": [closed("a", "won", at=day(3), amount=70.0)],
                "invoices": [invoice(70.0, at=day(5))],
            },
            True,
            70.0,
        ),
        ({"opportunities": [deal()], "invoices": [invoice(70.0, at=day(5))]}, False, 0.0),
        # a won renewal and its contract's stamp are one win; without the deal the stamp stands
        (
            {
                "opportunities": [closed("a", "won", at=day(3), amount=550.0, type="renewal")],
                "contracts": [renewed(3)],
            },
            True,
            550.0,
        ),
        ({"opportunities": [deal()], "contracts": [renewed(3)]}, True, 500.0),
        (
            {
                "opportunities": [closed("a", "won", at=day(3), amount=70.0)],
                "contracts": [renewed(3)],
            },
            True,
            570.0,
        ),
        # without opportunities an order is a win, net of credit notes
        ({"invoices": [invoice(70.0, at=day(5)), invoice(-20.0, at=day(6))]}, True, 50.0),
        ({"invoices": [invoice(70.0, at=day(5)), invoice(-70.0, at=day(6))]}, False, 0.0),
        ({"invoices": [invoice(70.0, at=day(-5))]}, False, 0.0),
        ({"invoices": [invoice(70.0, at=day(5))], "contracts": [renewed(3)]}, True, 70.0),
        ({"contracts": [renewed(3)]}, True, 500.0),
        ({"contracts": [renewed(-3)]}, False, 0.0),
    ],
)
def test_every_sale_is_won_and_booked_once(*, rows: Tables, won: bool, booked: float) -> None:
    found = sold(rows)

    assert found.select("is_won", "bookings").row(0) == (won, booked)


@pytest.mark.parametrize(
    ("rows", "lost"),
    [
        ({"opportunities": [closed("a", "lost", at=day(3))]}, True),
        ({"opportunities": [closed("a", "lost", at=day(0))]}, True),
        ({"opportunities": [closed("a", "lost", at=day(90.9))]}, True),
        ({"opportunities": [closed("a", "lost", at=day(91))]}, False),
        ({"opportunities": [closed("a", "lost", at=day(-0.1))]}, False),
        ({"opportunities": [closed("a", "won", at=day(3))]}, False),
        ({"opportunities": [deal()]}, False),
        ({"opportunities": [closed("a", "lost", at=day(3), account_id="other")]}, False),
        # won as well: lost says only that a deal was lost
        (
            {
                "opportunities": [
                    closed("a", "won", at=day(3)),
                    closed("b", "lost", at=day(4)),
                    closed("c", "lost", at=day(5)),
                ]
            },
            True,
        ),
        ({"invoices": [invoice(70.0, at=day(5))]}, False),
        ({"contracts": [renewed(3)]}, False),
    ],
)
def test_lost_is_a_deal_that_was_lost_in_the_window(*, rows: Tables, lost: bool) -> None:
    found = sold(rows)

    assert found["is_lost"].to_list() == [lost]
