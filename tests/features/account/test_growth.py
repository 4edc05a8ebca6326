from datetime import timedelta

import pytest

from features.account.growth import growth
from tests.factories import account, book, day, invoice, on, usage
from tests.features.views import account_row


@pytest.mark.parametrize(
    ("now", "then", "expected"), [(150, 100, 0.5), (10, 100, -0.9), (9e9, 1, 5)]
)
def test_growth_is_a_change_on_the_year_before_and_is_bounded(
    now: float, then: float, expected: float
) -> None:
    rows = [invoice(now, at=day(-10)), invoice(then, at=day(-375))]

    said = account_row(growth, book(accounts=[account()], invoices=rows))

    assert said["growth_year"] == pytest.approx(expected)
    assert said["growth_quarter"] == pytest.approx(expected)


def test_growth_without_an_earlier_year_is_unknown() -> None:
    of = book(accounts=[account()], invoices=[invoice(at=day(-10))])

    assert account_row(growth, of)["growth_year"] is None


def test_usage_is_compared_per_metric_then_averaged() -> None:
    rows = [
        usage(10.0, period_on=on(-100)),
        usage(20.0, period_on=on(-10)),
        usage(400.0, period_on=on(-100), metric="calls"),
        usage(200.0, period_on=on(-10), metric="calls"),
        usage(7.0, period_on=on(-10), metric="new"),
    ]

    said = account_row(growth, book(accounts=[account()], usage=rows))

    assert said["usage_trend"] == pytest.approx((1.0 - 0.5) / 2)


def test_a_day_of_usage_that_has_not_ended_is_not_seen() -> None:
    rows = [usage(10.0, period_on=on(-100)), usage(20.0, period_on=on(0))]

    assert account_row(growth, book(accounts=[account()], usage=rows))["usage_trend"] is None


def test_half_years_share_no_invoice_and_neither_do_the_years_before() -> None:
    instant = timedelta(microseconds=1)
    rows = [
        invoice(30.0, at=day(-182)),
        invoice(20.0, at=day(-182) - instant),
        invoice(5.0, at=day(-364)),
        invoice(900.0, at=day(-364) - instant),
        invoice(90.0, at=day(-365) - instant),
        invoice(10.0, at=day(-730)),
        invoice(150.0, at=day(-730) - instant),
        invoice(50.0, at=day(-1_095)),
        invoice(900.0, at=day(-1_095) - instant),
    ]

    said = account_row(growth, book(accounts=[account()], invoices=rows))

    assert said["growth_half_year"] == pytest.approx(30 / 25 - 1)
    assert said["growth_earlier_year"] == pytest.approx(100 / 200 - 1)


@pytest.mark.parametrize(("sums", "expected"), [((-10.0, 5.0), -1.0), ((9e6, 5.0), 5.0)])
def test_other_growths_are_bounded_too(sums: tuple[float, float], expected: float) -> None:
    newer, older = sums
    rows = [invoice(newer, at=day(-9)), invoice(older, at=day(-200))]
    before = [invoice(newer, at=day(-400)), invoice(older, at=day(-800))]

    said = account_row(growth, book(accounts=[account()], invoices=[*rows, *before]))

    assert (said["growth_half_year"], said["growth_earlier_year"]) == (expected, expected)
    assert (
        account_row(growth, book(accounts=[account()], invoices=rows[:1]))["growth_half_year"]
        is None
    )


def test_the_quarter_of_the_year_before_ends_after_ninety_one_days() -> None:
    instant = timedelta(microseconds=1)
    rows = [
        invoice(30.0, at=day(-91)),
        invoice(900.0, at=day(-91) - instant),
        invoice(900.0, at=day(-365)),
        invoice(20.0, at=day(-365) - instant),
        invoice(40.0, at=day(-456)),
        invoice(900.0, at=day(-456) - instant),
    ]

    said = account_row(growth, book(accounts=[account()], invoices=rows))

    assert said["growth_quarter"] == pytest.approx(30 / 60 - 1)


def test_usage_is_looked_at_for_a_hundred_and_twenty_days() -> None:
    rows = [
        usage(20.0, period_on=on(-10)),
        usage(10.0, period_on=on(-120)),
        usage(900.0, period_on=on(-121)),
    ]

    assert account_row(growth, book(accounts=[account()], usage=rows))["usage_trend"] == 1.0
