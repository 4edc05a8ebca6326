import polars as pl
import pytest

from features.book import Book
from features.calendar import Calendar
from features.snapshot import account_spine
from serving.worth import account_value
from tests.factories import account, book, closed, day, invoice, row


def value_of(source: Book) -> float | None:
    spine = account_spine(source, [day(0)])
    return account_value(source, spine, Calendar()).collect()["value"].item()


def test_a_year_of_invoices_net_of_credit_notes_is_the_value() -> None:
    source = book(
        accounts=[account()],
        invoices=[
            invoice(at=day(-10), amount=100.0),
            invoice(at=day(-20), amount=-30.0),
            invoice(at=day(-366), amount=1000.0),
        ],
    )

    assert value_of(source) == pytest.approx(70.0)


def test_what_is_recorded_at_or_after_the_moment_is_not_counted() -> None:
    source = book(
        accounts=[account()],
        invoices=[
            invoice(at=day(-10), amount=100.0),
            invoice(at=day(-10), amount=7.0, recorded_at=day(0)),
            invoice(at=day(0), amount=9.0),
        ],
    )

    assert value_of(source) == pytest.approx(100.0)


def test_another_currency_counts_at_the_last_rate_of_the_day() -> None:
    source = book(
        accounts=[account()],
        invoices=[
            invoice(at=day(-10), amount=100.0, currency="EUR"),
            invoice(at=day(-9), amount=50.0),
        ],
        exchange_rates=[
            row("exchange_rates", currency="EUR", valid_from=day(-30).date(), rate_to_base=2.0),
            row("exchange_rates", currency="EUR", valid_from=day(-1).date(), rate_to_base=1.2),
            row("exchange_rates", currency="EUR", valid_from=day(1).date(), rate_to_base=9.0),
        ],
    )

    assert value_of(source) == pytest.approx(170.0)


def test_without_invoices_won_deals_of_the_year_are_the_value() -> None:
    source = book(
        accounts=[account()],
        opportunities=[
            closed("a", "won", at=day(-5), amount=40.0),
            closed("b", "lost", at=day(-5), amount=7.0),
            closed("c", "won", at=day(-500), amount=9.0, created_at=day(-600)),
        ],
    )

    assert value_of(source) == pytest.approx(40.0)


def test_no_sale_is_nothing_and_no_table_of_sales_is_not_known() -> None:
    other = invoice(at=day(-10), amount=5.0, account_id="other")
    sold_nothing = book(accounts=[account(), account("other")], invoices=[other])
    no_table = book(accounts=[account()])

    spine = pl.LazyFrame({"entity_id": ["acme"], "as_of": [day(0)]}).cast(
        {"as_of": pl.Datetime("us", "UTC")}
    )

    assert account_value(sold_nothing, spine, Calendar()).collect()["value"].to_list() == [0.0]
    assert value_of(no_table) is None
