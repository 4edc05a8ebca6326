"""Exchange rates, month by month."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from features.crm.synthetic.mess import CurrencyParams, exchange_rates
from features.crm.synthetic.mess.params import EURO_RATES
from tests.features.crm.synthetic.mess.small_crm import rng

END = datetime(2026, 11, 21, tzinfo=UTC)
FIRST = date(2022, 11, 28)


def rates(
    *, first: date = FIRST, end: datetime = END, params: CurrencyParams | None = None, seed: int = 1
) -> pl.DataFrame:
    return exchange_rates(rng(seed), params or CurrencyParams(), first=first, end=end)


def test_every_currency_has_a_rate_on_the_first_of_every_month() -> None:
    table = rates()

    months = pl.date_range(date(2021, 1, 1), date(2026, 11, 1), interval="1mo", eager=True)
    assert table["valid_from"].unique().sort().to_list() == months.to_list()
    assert table.height == len(EURO_RATES) * len(months)
    assert table.select("currency", "valid_from").is_duplicated().sum() == 0
    assert set(table["currency"]) == set(EURO_RATES)
    assert table["valid_from"].is_sorted()


@pytest.mark.parametrize("base", ["EUR", "USD"])
def test_the_base_currency_is_worth_itself(base: str) -> None:
    table = rates(params=CurrencyParams(base=base, annual_sd=0.0))

    found = dict(
        table.filter(valid_from=date(2026, 11, 1)).select("currency", "rate_to_base").rows()
    )
    expected = {name: euros / EURO_RATES[base] for name, euros in EURO_RATES.items()}
    assert found[base] == 1.0
    assert found == pytest.approx(expected, abs=1e-6)


def test_rates_wander_by_the_stated_spread_and_not_together() -> None:
    table = rates(first=date(1990, 1, 1), params=CurrencyParams(annual_sd=0.06))

    wide = table.pivot("currency", index="valid_from", values="rate_to_base").sort("valid_from")
    steps = wide.select(pl.exclude("valid_from", "EUR").log().diff()).drop_nulls()
    yearly = steps.select(pl.all().std() * 12**0.5).row(0)
    assert all(0.05 < spread < 0.07 for spread in yearly)
    assert abs(steps.select(pl.corr("GBP", "USD")).item()) < 0.2
    assert wide["EUR"].unique().to_list() == [1.0]


def test_the_rates_of_a_month_do_not_depend_on_how_far_back_they_go() -> None:
    short, long = rates(first=date(2025, 3, 1)), rates(first=date(2020, 3, 1))

    assert short["valid_from"].min() == date(2024, 1, 1)
    assert long.filter(pl.col("valid_from") >= date(2024, 1, 1)).equals(short)
    assert not rates(seed=2).equals(rates())


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (datetime(2026, 11, 1, tzinfo=UTC), date(2026, 10, 1)),
        (datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 12, 31, tzinfo=UTC), date(2026, 12, 1)),
    ],
)
def test_no_rate_is_recorded_at_the_end_or_later(end: datetime, last: date) -> None:
    table = rates(end=end)

    assert table["valid_from"].max() == last
    assert table["recorded_at"].max() < end
    assert (table["recorded_at"].dt.date() == table["valid_from"]).all()


def test_money_from_the_future_asks_for_no_rates_beyond_the_end() -> None:
    table = rates(first=END.date() + timedelta(days=800))

    assert table["valid_from"].min() == date(2025, 1, 1)
    assert table["valid_from"].max() == date(2026, 11, 1)
