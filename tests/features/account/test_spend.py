from datetime import timedelta

import pytest

from features.account.spend import spend
from tests.factories import account, book, day, invoice
from tests.features.views import account_row


def test_windows_share_no_invoice_and_credit_notes_count_against() -> None:
    rows = [invoice(100.0, at=day(-90)), invoice(-30.0, at=day(-1)), invoice(500.0, at=day(-91))]

    said = account_row(spend, book(accounts=[account()], invoices=rows))

    assert said["net_invoiced_90d"] == 70.0
    assert said["net_invoiced_91_365d"] == 500.0
    assert said["orders_365d"] == 2.0
    assert said["returns_share_365d"] == pytest.approx(30 / 600)


def test_silence_counts_from_the_newest_order_not_from_a_credit_note() -> None:
    rows = [invoice(100.0, at=day(-40)), invoice(-5.0, at=day(-2))]

    assert account_row(spend, book(accounts=[account()], invoices=rows))["order_silence_days"] == 40


def test_an_account_without_invoices_spent_nothing() -> None:
    of = book(accounts=[account()], invoices=[invoice(at=day(-3), account_id="birch")])

    said = account_row(spend, of)

    assert (said["net_invoiced_90d"], said["orders_365d"]) == (0.0, 0.0)
    assert (said["order_silence_days"], said["returns_share_365d"]) == (None, None)


def test_the_newest_month_and_the_earlier_year_are_half_open_windows() -> None:
    instant = timedelta(microseconds=1)
    rows = [
        invoice(1.0, at=day(0)),
        invoice(2.0, at=day(0) - instant),
        invoice(4.0, at=day(-30)),
        invoice(8.0, at=day(-30) - instant),
        invoice(16.0, at=day(-365)),
        invoice(32.0, at=day(-365) - instant),
        invoice(64.0, at=day(-730)),
        invoice(128.0, at=day(-730) - instant),
        invoice(256.0, at=day(-20), recorded_at=day(0)),
    ]

    said = account_row(spend, book(accounts=[account()], invoices=rows))

    assert (said["net_invoiced_30d"], said["net_invoiced_366_730d"]) == (6.0, 96.0)


def test_credit_notes_are_counted_and_each_year_has_its_returns() -> None:
    rows = [
        invoice(100.0, at=day(-400)),
        invoice(-30.0, at=day(-366)),
        invoice(-5.0, at=day(-365)),
        invoice(-5.0, at=day(-9)),
        invoice(0.0, at=day(-9)),
    ]

    said = account_row(spend, book(accounts=[account()], invoices=rows))

    assert said["credit_notes_365d"] == 2.0
    assert said["returns_share_366_730d"] == pytest.approx(0.3)
    assert said["returns_share_365d"] is None
