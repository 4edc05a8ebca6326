"""Currencies: deals and invoices in the customer's money, and the rates that bring it back."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic.mess.params import CurrencyParams
from features.crm.synthetic.mess.rates import exchange_rates
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, conform

CURRENCY_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"GB": "GBP", "US": "USD", "SE": "SEK", "PL": "PLN", "CA": "CAD"}
)
"""Countries that pay in a currency of their own; the others have the euro."""
PRICED: Final[Mapping[str, str]] = MappingProxyType(
    {"opportunities": "created_at", "invoices": "issued_at"}
)
"""Table with money in a currency → the stamp whose rate converts it."""

_RATE = "_rate"


def currencies(
    rng: np.random.Generator,
    tables: Mapping[str, pl.DataFrame],
    params: CurrencyParams,
    *,
    rates: np.random.Generator,
    end: datetime,
) -> dict[str, pl.DataFrame]:
    """Bill a part of the foreign accounts in their own currency.

    A deal has one rate, that of its creation day, so that its history stays consistent; an
    invoice has the rate of its day of issue. Converted money has two decimals. Contracts, quotes
    and targets have no currency and stay in base.

    Args:
        rng: chooses the accounts; one number per account, in the order of the table.
        tables: contract tables by name.
        params: share, base currency and how far rates wander.
        rates: draws the rates; seeded alike for all blocks of one world.
        end: aware moment at which the history ends.

    Raises:
        ValueError: for tables that have exchange rates already; their money would be converted
            a second time.
    """
    if "exchange_rates" in tables:
        raise ValueError("expected tables in one currency, got a table exchange_rates")
    if params.share == 0 or not any(name in tables for name in PRICED):
        return dict(tables)
    chosen = rng.random(tables["accounts"].height) < params.share
    billed = _billed(tables["accounts"], chosen, params.base)
    table = exchange_rates(rates, params, first=_first_day(tables, end), end=end)
    foreign = table.filter(pl.col("currency") != params.base)
    done = {**tables, "exchange_rates": table}
    for name, moment in PRICED.items():
        if name in tables:
            rated = _rated(tables[name], billed, foreign, moment=moment)
            frame = rated.with_columns(_converted(pl.col("amount")).alias("amount"))
            if name == "opportunities" and "opportunity_changes" in tables:
                done["opportunity_changes"] = _history(tables["opportunity_changes"], rated)
            done[name] = conform(name, frame.drop(_RATE).lazy()).collect()
    return done


def _billed(accounts: pl.DataFrame, chosen: np.ndarray, base: str) -> pl.DataFrame:
    """account_id, currency: every account once."""
    own = pl.col("country").replace_strict(CURRENCY_OF, default=None, return_dtype=pl.String)
    is_chosen = pl.Series("chosen", chosen)
    currency = pl.when(is_chosen).then(pl.coalesce(own, pl.lit(base))).otherwise(pl.lit(base))
    return accounts.select(ACCOUNT_ID, currency.alias("currency"))


def _first_day(tables: Mapping[str, pl.DataFrame], end: datetime) -> date:
    """The earliest day on which there was money to convert, or an account to sell to."""
    moments = {"accounts": "created_at", **PRICED}
    days = [tables[name][moment].min() for name, moment in moments.items() if name in tables]
    return min((day.date() for day in days if isinstance(day, datetime)), default=end.date())


def _rated(
    frame: pl.DataFrame, billed: pl.DataFrame, foreign: pl.DataFrame, *, moment: str
) -> pl.DataFrame:
    """The rows with their currency and `_rate`: base units for one unit of it, null in base."""
    month = pl.col(moment).dt.date().dt.month_start().alias("valid_from")
    rates = foreign.select("currency", "valid_from", pl.col("rate_to_base").alias(_RATE))
    return (
        frame.drop("currency")
        .join(billed, on=ACCOUNT_ID, how="left", maintain_order="left")
        .with_columns(month)
        .join(rates, on=["currency", "valid_from"], how="left", maintain_order="left")
        .select(*frame.columns, _RATE)
    )


def _history(changes: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """The changes of amounts in the currency of their deal, written as numbers are written."""
    rate = deals.select(OPPORTUNITY_ID, _RATE)
    is_foreign = (pl.col("field") == "amount") & pl.col(_RATE).is_not_null()

    def told(name: str) -> pl.Expr:
        number = pl.when(is_foreign).then(pl.col(name)).cast(pl.Float64)
        text = _converted(number).cast(pl.String)
        return pl.when(is_foreign).then(text).otherwise(pl.col(name)).alias(name)

    frame = changes.join(rate, on=OPPORTUNITY_ID, how="left", maintain_order="left")
    frame = frame.with_columns(told("old"), told("new")).drop(_RATE)
    return conform("opportunity_changes", frame.lazy()).collect()


def _converted(amount: pl.Expr) -> pl.Expr:
    """The amount in its currency, in hundredths; base money as it is."""
    foreign = (amount / pl.col(_RATE)).round(2)
    return pl.when(pl.col(_RATE).is_null()).then(amount).otherwise(foreign)
