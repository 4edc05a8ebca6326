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
