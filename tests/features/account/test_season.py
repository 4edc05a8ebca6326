from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from features.account.season import is_at_quarter_end, season
from features.calendar import Calendar
from tests.factories import Row, account, book, closed, day, invoice, quote
from tests.features.views import account_row, account_view, described

INSTANT = timedelta(microseconds=1)
FROM_FEBRUARY = Calendar(time_zone="America/New_York", fiscal_year_start_month=2)


def said_of(**tables: list[Row]) -> dict[str, float | None]:
    return account_row(season, book(accounts=[account()], **tables))


def at(month: int, day_of_month: int, year: int = 2025) -> datetime:
    return datetime(year, month, day_of_month, 12, tzinfo=UTC)


def test_orders_of_the_season_are_those_of_the_same_quarter_in_any_year() -> None:
    rows = [
        invoice(at=at(1, 1)),
        invoice(at=at(3, 31, 2024)),
        invoice(at=at(4, 1)),
        invoice(at=at(12, 31)),
        invoice(-9.0, at=at(2, 2)),
        invoice(at=day(-1_095) - INSTANT),
    ]

    assert said_of(invoices=rows)["orders_season_share"] == pytest.approx(2 / 4)


def test_quarters_follow_the_organisations_fiscal_year_and_its_zone() -> None:
    rows = [
        invoice(at=datetime(2025, 2, 1, 3, tzinfo=UTC)),  # the evening of 31 January there
        invoice(at=at(2, 1)),
        invoice(at=at(10, 31)),
    ]
    of = book(accounts=[account()], invoices=rows)

    frame = described(season, account_view(of, day(0), calendar=FROM_FEBRUARY))

    assert frame["orders_season_share"].item() == pytest.approx(1 / 3)
    assert frame["orders_quarter_end_share"].item() == pytest.approx(2 / 3)


def test_last_years_coming_days_are_counted_net() -> None:
    rows = [
        invoice(100.0, at=day(-275)),
        invoice(40.0, at=day(-275) - INSTANT),
        invoice(7.0, at=day(-365)),
        invoice(-2.0, at=day(-300)),
        invoice(900.0, at=day(-365) - INSTANT),
        invoice(900.0, at=day(-300), recorded_at=day(0)),
    ]

    assert said_of(invoices=rows)["invoiced_year_ago"] == 45.0


def test_a_quarter_ends_with_its_last_fourteen_days() -> None:
    inside = [invoice(at=at(9, 17)), invoice(at=at(9, 30))]
    outside = [invoice(at=at(9, 16)), invoice(at=at(10, 1)), invoice(at=at(12, 1, 2023))]
    wins = [closed("a", "won", at=at(6, 17)), closed("b", "won", at=at(6, 16, 2024))]

    said = said_of(invoices=[*inside, *outside], opportunities=wins)

    assert said["orders_quarter_end_share"] == 0.5
    assert said["wins_quarter_end_share"] == 0.5


def test_only_wins_known_by_then_have_a_season() -> None:
    rows = [
        closed("a", "won", at=at(3, 31, 2024)),
        closed("b", "won", at=at(4, 1)),
        closed("c", "won", at=at(8, 8, 2024)),
        closed("d", "lost", at=at(2, 2)),
        closed("e", "won", at=day(0)),
    ]

    assert said_of(opportunities=rows)["wins_season_share"] == pytest.approx(1 / 3)


def test_the_discount_at_quarter_end_is_pooled_and_held_against_the_rest() -> None:
    rows = [
        quote(8_000.0, at=at(9, 20)),
        quote(70.0, list_amount=100.0, at=at(9, 25)),
        quote(9_500.0, at=at(8, 1)),
        quote(1.0, list_amount=0.0, at=at(8, 1)),
        quote(1.0, list_amount=None, at=at(8, 1)),
        quote(1.0, at=day(-731)),
    ]
    empty = quote(1.0, at=at(9, 20)) | {"amount": None}
    deals = [closed("deal-1", "lost", at=at(10, 5), recorded_at=day(-800))]

    said = said_of(opportunities=deals, quotes=[*rows, empty])

    assert said["discount_quarter_end_gap"] == pytest.approx((1 - 8_070 / 10_100) - 0.05)


def test_quotes_at_one_side_only_have_no_gap() -> None:
    deals = [closed("deal-1", "lost", at=at(10, 5))]

    said = said_of(opportunities=deals, quotes=[quote(at=at(9, 20))])

    assert said["discount_quarter_end_gap"] is None


def test_an_account_that_never_bought_has_no_season() -> None:
    said = said_of(invoices=[invoice(at=day(-9), account_id="birch")])

    assert said.pop("invoiced_year_ago") == 0.0
    assert set(said.values()) == {None}


@pytest.mark.parametrize("month", range(1, 13))
def test_the_last_days_of_a_quarter_are_those_before_its_end_in_every_fiscal_year(
    month: int,
) -> None:
    calendar = Calendar("Asia/Tokyo", month)
    hours = pl.datetime_range(at(1, 1, 2023), at(12, 31, 2024), "1d", time_zone="UTC", eager=True)
    on = calendar.local_day(pl.col("moment"))
    days_left = (calendar.quarter_end(on) - on).dt.total_days()

    told = pl.DataFrame({"moment": hours}).select(
        is_so=is_at_quarter_end(calendar, pl.col("moment")), days_left=days_left
    )

    assert told["is_so"].to_list() == (told["days_left"] < 14).to_list()
    assert told["is_so"].sum() > 100
