from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from features.book import Book
from features.calendar import Calendar
from features.pursuit import WINDOW
from tests.factories import Cell, Row, account, book, closed, contract, day, invoice, on, row
from training.labels.coverage import coverage_of
from training.labels.growth import growth, growth_floor
from training.labels.window import label_windows

HORIZON = timedelta(days=91)


def grown(of: Book, *, floor: float = 0.0, at: datetime | None = None) -> tuple[Any, str | None]:
    spine = pl.LazyFrame(
        {"entity_id": ["acme"], "as_of": [at or day(0)]},
        schema={"entity_id": pl.String, "as_of": pl.Datetime("us", "UTC")},
    )
    windows = label_windows(spine, HORIZON).with_row_index(WINDOW)
    found = growth(
        of, windows, coverage=coverage_of(of), calendar=Calendar(), floor=floor
    ).collect()
    return found["growth"].item(), found["growth_source"].item()


def term(starts: int, ends: int, value: float = 100.0, **cells: Cell) -> Row:
    return contract(starts_on=on(starts), ends_on=on(ends), annual_value=value, **cells)


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        # unchanged, grown by an extra contract, a first contract against the floor
        ([term(-100, 300)], 0.0),
        ([term(-100, 300), term(10, 300, 25.0)], 0.25),
        ([term(10, 300)], 10.0),
        # cancelled in the window; cancelled before it, against the floor
        ([term(-100, 300, cancelled_at=day(5))], -1.0),
        ([term(-100, 300, cancelled_at=day(-5))], 0.0),
        # ended without another: it counts on for the days of grace, then no more
        ([term(-300, 40)], 0.0),
        ([term(-300, 20)], -1.0),
        # renewed: its successor takes over, whether it starts early or the day after
        ([term(-300, 20, renewed_at=day(10)), term(21, 300, 120.0)], 0.2),
        ([term(-300, 20, renewed_at=day(10)), term(15, 300, 120.0)], 0.2),
        ([term(-300, 120, renewed_at=day(10)), term(80, 400, 120.0)], 0.2),
        # renewed and no new row in the CRM: it runs on for a term
        ([term(-300, 20, renewed_at=day(10))], 0.0),
        # followed by a smaller one, not stamped as renewed
        ([term(-300, 20), term(21, 300, 80.0)], -0.2),
    ],
)
def test_growth_of_contracts_is_the_change_of_annual_value(
    contracts: list[Row], expected: float
) -> None:
    of = book(accounts=[account()], contracts=contracts, invoices=[invoice(at=day(3))])

    found, source = grown(of, floor=10.0)

    assert source == "contracts"
    assert found == pytest.approx(expected)


def test_an_account_without_contract_in_a_crm_with_contracts_does_not_grow() -> None:
    of = book(accounts=[account()], contracts=[term(-100, 300, account_id="other")])

    assert grown(of, floor=10.0) == (0.0, "contracts")


def test_invoices_are_held_against_the_same_weeks_a_year_before() -> None:
    of = book(
        accounts=[account()],
        invoices=[
            invoice(1.0, at=day(-365), account_id="other"),
            invoice(100.0, at=day(-364)),
            invoice(100.0, at=day(-364 + 90)),
            invoice(999.0, at=day(-364 + 91)),
            invoice(300.0, at=day(0)),
            invoice(-50.0, at=day(90)),
            invoice(999.0, at=day(91)),
        ],
    )

    assert grown(of) == (pytest.approx(0.25), "invoices_year_before")


def test_a_short_history_is_held_against_the_weeks_before_times_the_ratio_of_the_book() -> None:
    of = book(
        accounts=[account(), account("other")],
        invoices=[
            invoice(1.0, at=day(-100), account_id="other"),
            invoice(100.0, at=day(-50)),
            invoice(300.0, at=day(-50), account_id="other"),
            invoice(120.0, at=day(50)),
            invoice(200.0, at=day(50), account_id="other"),
        ],
    )

    # the book: 320 after 400; so 100 before makes a reference of 80
    assert grown(of) == (pytest.approx(0.5), "invoices_before")


def test_a_history_that_does_not_reach_over_the_reference_tells_no_growth() -> None:
    of = book(accounts=[account()], invoices=[invoice(at=day(-90)), invoice(at=day(3))])

    assert grown(of) == (None, None)


def test_won_amounts_are_used_where_there_are_no_contracts_and_no_invoices() -> None:
    of = book(
        accounts=[account()],
        opportunities=[
            closed("a", "won", at=day(-400), amount=1.0),
            closed("b", "won", at=day(-300), amount=100.0),
            closed("c", "won", at=day(40), amount=150.0),
            closed("d", "lost", at=day(41), amount=900.0),
        ],
    )

    assert grown(of) == (pytest.approx(0.5), "won_year_before")


def test_the_floor_keeps_a_tiny_reference_from_making_giants() -> None:
    rows = [invoice(1.0, at=day(-364)), invoice(11.0, at=day(3))]
    of = book(accounts=[account()], invoices=rows)

    assert grown(of)[0] == pytest.approx(10.0)
    assert grown(of, floor=100.0)[0] == pytest.approx(0.1)


def test_nothing_to_grow_from_and_no_floor_is_not_known() -> None:
    rows = [invoice(1.0, at=day(-400), account_id="other"), invoice(11.0, at=day(3))]
    of = book(accounts=[account()], invoices=rows)

    assert grown(of) == (None, "invoices_year_before")


def test_the_floor_is_a_tenth_of_the_median_positive_reference() -> None:
    of = book(
        accounts=[account(name) for name in ("a", "b", "c", "nobody")],
        invoices=[
            invoice(amount, at=day(-364), account_id=name)
            for name, amount in (("a", 10.0), ("b", 200.0), ("c", 9_000.0))
        ],
    )

    assert growth_floor(of, day(0), HORIZON) == pytest.approx(20.0)
    assert growth_floor(book(accounts=[account()]), day(0), HORIZON) == 0.0


def test_amounts_are_compared_in_the_base_currency_at_the_rate_of_their_day() -> None:
    rates = [
        row("exchange_rates", currency="USD", valid_from=on(-500), rate_to_base=0.5),
        row("exchange_rates", currency="USD", valid_from=on(-10), rate_to_base=1.0),
    ]
    of = book(
        accounts=[account()],
        exchange_rates=rates,
        invoices=[
            invoice(100.0, at=day(-364), currency="USD"),
            invoice(50.0, at=day(3), currency="USD"),
            invoice(50.0, at=day(3), currency=None),
        ],
    )

    assert grown(of)[0] == pytest.approx(1.0)
