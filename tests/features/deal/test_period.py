from datetime import date

import pytest

from features.calendar import Calendar
from features.deal.period import period
from tests.factories import account, book, change, closed, day, deal, on
from tests.features.views import deal_row, deal_view, described

ELSEWHERE = change("close_date", "2020-01-01", "2020-01-02", at=day(-900), opportunity_id="x")


def said_of(committed: date | None) -> dict[str, float | None]:
    won = [
        closed(f"won-{n}", "won", at=day(-100), created_at=day(-100 - 10 * n)) for n in range(1, 12)
    ]
    of = book(
        accounts=[account()],
        opportunities=[deal(close_date=committed), *won],
        opportunity_changes=[ELSEWHERE],
    )
    return deal_row(period, of)


@pytest.mark.parametrize(
    ("committed", "month", "quarter", "year", "weekend"),
    [
        (date(2026, 3, 31), 1, 1, 1, 0),
        (date(2026, 2, 28), 1, 0, 1, 1),
        (date(2026, 3, 29), 0, 0, 1, 1),
        (date(2026, 3, 30), 0, 0, 1, 0),
        (date(2026, 12, 31), 1, 1, 1, 0),
        (date(2027, 1, 1), 0, 0, 0, 0),
    ],
)
def test_the_promised_day_is_set_against_the_ends_of_periods(
    committed: date, month: float, quarter: float, year: float, weekend: float
) -> None:
    said = said_of(committed)

    assert (said["is_committed_month_end"], said["is_committed_quarter_end"]) == (month, quarter)
    assert (said["is_committed_this_year"], said["is_committed_weekend"]) == (year, weekend)


def test_the_year_ends_where_the_organisation_says() -> None:
    rows = [deal(close_date=date(2026, 1, 31)), deal("deal-2", close_date=date(2026, 2, 1))]
    of = book(accounts=[account()], opportunities=rows, opportunity_changes=[ELSEWHERE])
    view = deal_view(of, day(0), calendar=Calendar(fiscal_year_start_month=2))

    frame = described(period, view)

    assert frame["is_committed_this_year"].to_list() == [1.0, 0.0]
    assert frame["is_committed_quarter_end"].to_list() == [1.0, 0.0]
    assert frame["weeks_to_year_end"].to_list() == pytest.approx([30 / 7, 30 / 7])


def test_the_clock_is_set_against_the_days_that_won_deals_took() -> None:
    said = said_of(on(30))

    assert said["commitment_to_cycle"] == 2.0
    assert said["age_to_slow_cycle"] == pytest.approx(90 / 100)
    assert said["created_before_quarter_end"] == 89.0
    assert said["weeks_to_year_end"] == pytest.approx(364 / 7)


def test_without_a_promise_only_the_calendar_is_known() -> None:
    said = said_of(None)

    assert {name for name, value in said.items() if value is None} == {
        "is_committed_month_end",
        "is_committed_quarter_end",
        "is_committed_this_year",
        "is_committed_weekend",
        "commitment_to_cycle",
    }
