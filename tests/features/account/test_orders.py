from datetime import timedelta

import pytest

from features.account.orders import orders
from tests.factories import Row, account, book, day, invoice
from tests.features.views import account_row

INSTANT = timedelta(microseconds=1)


def said_of(*rows: Row) -> dict[str, float | None]:
    return account_row(orders, book(accounts=[account()], invoices=rows))


def test_months_with_an_order_are_windows_of_thirty_days_that_share_none() -> None:
    on_the_edge = said_of(invoice(at=day(-30)), invoice(at=day(-30) - INSTANT))
    of_one_month = said_of(invoice(at=day(-1)), invoice(at=day(-30)))
    too_old = said_of(invoice(at=day(-360)), invoice(at=day(-360) - INSTANT))

    assert on_the_edge["order_months_360d"] == 2.0
    assert of_one_month["order_months_360d"] == 1.0
    assert too_old["order_months_360d"] == 1.0


def test_the_spread_is_zero_for_equal_months_and_largest_for_a_single_one() -> None:
    equal = said_of(*(invoice(100.0, at=day(-30 * month)) for month in range(1, 13)))
    single = said_of(invoice(100.0, at=day(-10)))
    two = said_of(invoice(100.0, at=day(-10)), invoice(300.0, at=day(-40)))

    assert equal["order_spread_360d"] == 0.0
    assert single["order_spread_360d"] == pytest.approx(11**0.5)
    assert two["order_spread_360d"] == pytest.approx(((100**2 + 300**2) * 12 / 400**2 - 1) ** 0.5)


def test_the_gap_is_the_mean_between_the_orders_and_the_wait_is_measured_in_gaps() -> None:
    said = said_of(*(invoice(at=day(-days)) for days in (60, 50, 20, 731)))

    assert said["order_gap_days"] == 20.0
    assert said["order_gap_ratio"] == 1.0


def test_the_wait_is_bounded_and_unknown_without_a_gap() -> None:
    long = said_of(invoice(at=day(-500)), invoice(at=day(-501)))
    once = said_of(invoice(at=day(-50)))
    together = said_of(invoice(at=day(-50)), invoice(at=day(-50)))

    assert long["order_gap_ratio"] == 20.0
    assert (once["order_gap_days"], once["order_gap_ratio"]) == (None, None)
    assert (together["order_gap_days"], together["order_gap_ratio"]) == (0.0, None)


def test_sizes_are_medians_of_two_years_that_share_none() -> None:
    said = said_of(
        *(invoice(amount, at=day(-365)) for amount in (100.0, 200.0, 900.0)),
        *(invoice(amount, at=day(-365) - INSTANT) for amount in (20.0, 80.0)),
        invoice(9e9, at=day(-730) - INSTANT),
        invoice(-400.0, at=day(-9)),
    )

    assert said["order_size_365d"] == 200.0
    assert said["order_size_change"] == 200 / 50 - 1
    assert said["largest_order_share_365d"] == pytest.approx(0.75)


@pytest.mark.parametrize(("now", "expected"), [(50.0, -0.5), (150.0, 0.5), (9e6, 5.0)])
def test_the_change_of_size_is_bounded(now: float, expected: float) -> None:
    said = said_of(invoice(now, at=day(-9)), invoice(100.0, at=day(-400)))

    assert said["order_size_change"] == expected


def test_credit_notes_and_what_is_recorded_later_are_no_orders() -> None:
    said = said_of(
        invoice(-500.0, at=day(-9)),
        invoice(500.0, at=day(-9), recorded_at=day(0)),
        invoice(0.0, at=day(-9)),
    )

    assert said["order_months_360d"] == 0.0
    assert {value for name, value in said.items() if name != "order_months_360d"} == {None}
