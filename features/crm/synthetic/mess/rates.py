"""Rates: what a unit of each currency was worth in the base currency, month by month."""

from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic.mess.params import EURO_RATES, CurrencyParams
from features.schema import RECORDED_AT, TIME, conform

MONTHS: Final = 12


def exchange_rates(
    rng: np.random.Generator, params: CurrencyParams, *, first: date, end: datetime
) -> pl.DataFrame:
    """Monthly rates of every currency, the base currency with rate 1 included.

    Each rate is a geometric random walk around its level of today, drawn backwards from the last
    month: what a month's rates are does not depend on `first`, so that two books that end
    together agree wherever both have rates.

    Args:
        rng: seeded alike for all books that shall agree.
        params: base currency and step of the walk.
        first: earliest day for which money is to be converted.
        end: aware moment; the last rate is of the month before which it lies or in which it is.

    Returns:
        Table exchange_rates; one amount in `currency` times `rate_to_base` is in base. It begins
        in January of the year before `first`, by valid_from and currency.
    """
    months = _months(first, end)
    names = list(EURO_RATES)
    step = params.annual_sd / np.sqrt(MONTHS)
    shocks = step * rng.standard_normal((len(months), len(names)))
    walk = np.cumsum(shocks, axis=0)[::-1]
    level = np.array([EURO_RATES[name] for name in names]) / EURO_RATES[params.base]
    rates = level * np.exp(walk)
    rates[:, names.index(params.base)] = 1.0
    place = np.repeat(np.arange(len(months)), len(names))
    frame = pl.DataFrame(
        {
            "currency": names * len(months),
            "valid_from": months.gather(place),
            "rate_to_base": np.round(rates, 6).ravel(),
        }
    ).with_columns(pl.col("valid_from").cast(TIME).alias(RECORDED_AT))
    return conform("exchange_rates", frame.lazy()).collect()


def _months(first: date, end: datetime) -> pl.Series:
    """The first days of all months from January of the year before to the last one begun."""
    until = end.astimezone(UTC)
    start = date(min(first.year, until.year) - 1, 1, 1)
    days = pl.date_range(start, until.date(), interval="1mo", eager=True)
    # A rate of the very day of the end would be recorded at the end, not before it.
    return days.filter(days.cast(TIME) < pl.Series([until], dtype=TIME)[0])
