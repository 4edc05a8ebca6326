from datetime import timedelta

import pytest

from features.account.discounts import discounts
from tests.factories import Row, account, book, day, deal, quote
from tests.features.views import account_row

INSTANT = timedelta(microseconds=1)


def said_of(*rows: Row) -> dict[str, float | None]:
    deals = [deal(at=day(-900)), deal("deal-2", at=day(-3))]
    return account_row(discounts, book(accounts=[account()], opportunities=deals, quotes=rows))


def test_quotes_of_half_a_year_are_counted_once_quote_and_deal_are_known() -> None:
    said = said_of(
        quote(at=day(0)),
        quote(at=day(0) - INSTANT),
        quote(at=day(-180)),
        quote(at=day(-180) - INSTANT),
        quote(at=day(-9), recorded_at=day(0)),
        quote(at=day(-9), opportunity_id="deal-2"),
    )

    assert said["quotes_180d"] == 3.0


def test_discounts_of_two_years_are_weighed_by_list_price() -> None:
    said = said_of(
        quote(9_000.0, at=day(-365)),
        quote(50.0, list_amount=100.0, at=day(-9)),
        quote(9_500.0, at=day(-365) - INSTANT),
        quote(9_700.0, at=day(-730)),
        quote(1.0, at=day(-730) - INSTANT),
    )

    assert said["discount_365d"] == pytest.approx(1 - 9_050 / 10_100)
    assert said["discount_change_year"] == pytest.approx(1 - 9_050 / 10_100 - 0.04)


def test_a_quote_without_both_prices_says_nothing_of_the_discount() -> None:
    without_list = quote(5.0, list_amount=None, at=day(-9))
    free = quote(5.0, list_amount=0.0, at=day(-9))
    without_amount = quote(5.0, at=day(-9)) | {"amount": None}

    assert said_of(without_list, free, without_amount)["discount_365d"] is None
    assert said_of(free, quote(9_000.0, at=day(-9)))["discount_365d"] == pytest.approx(0.1)


def test_without_quotes_none_were_made_and_the_discount_is_unknown() -> None:
    said = said_of(quote(at=day(-3), opportunity_id="elsewhere"))

    assert list(said.values()) == [0.0, None, None]
