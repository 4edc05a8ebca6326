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
