"""Worth: the money that an account brought in the twelve months before a moment."""

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import value_at
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID
from features.snapshot import known_at

MONTHS = 12


def account_value(book: Book, spine: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """Net invoiced in the twelve months before as_of; in a CRM without invoices, won amounts.

    Money in another currency is turned into the base currency at the last rate valid at as_of;
    where there is no rate it counts as it stands.

    Args:
        book: the CRM.
        spine: entity_id (the account), as_of.
        calendar: the organisation's, for the day of a rate.

    Returns:
        entity_id, as_of, value (Float64): 0 for an account without sales, null when the CRM has
        neither invoices nor opportunities.
    """
    if book.has("invoices.amount"):
        sales = _invoiced(book, spine)
    elif book.has("opportunities.amount", "opportunities.outcome"):
        sales = _won(book, spine)
    else:
        return spine.select(ENTITY_ID, AS_OF, pl.lit(None, pl.Float64).alias("value"))
    summed = (
        _in_base_currency(book, sales, calendar)
        .group_by(ENTITY_ID, AS_OF)
        # whole thousandths: added in any order, by any number of threads, they give the same bits
        .agg(((pl.col("amount") * 1000).round().cast(pl.Int64).sum() / 1000).alias("value"))
    )
    return (
        spine.select(ENTITY_ID, AS_OF)
        .join(summed, on=[ENTITY_ID, AS_OF], how="left")
        # no sale in the window is no money, which is known
        .with_columns(pl.col("value").fill_null(0.0))
    )


def _invoiced(book: Book, spine: pl.LazyFrame) -> pl.LazyFrame:
    return (
        known_at(spine.select(ENTITY_ID, AS_OF), book, "invoices")
        .filter(pl.col("issued_at") >= _start())
        .select(ENTITY_ID, AS_OF, "amount", "currency", "issued_at")
    )


def _won(book: Book, spine: pl.LazyFrame) -> pl.LazyFrame:
    won = (
        known_at(spine.select(ENTITY_ID, AS_OF), book, "opportunities")
        .filter((pl.col("outcome") == "won") & (pl.col("closed_at") >= _start()))
        .select(
            pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
            pl.col(ENTITY_ID).alias(ACCOUNT_ID),
            AS_OF,
            "currency",
            "closed_at",
        )
    )
    today = book["opportunities"].select(
        pl.col(OPPORTUNITY_ID).alias(ENTITY_ID), pl.col("amount").alias("amount_today")
    )
    return (
        value_at(won, book, "amount")
        .join(today, on=ENTITY_ID, how="left")
        .sort(ACCOUNT_ID, AS_OF, "closed_at", ENTITY_ID)
        .select(
            pl.col(ACCOUNT_ID).alias(ENTITY_ID),
            AS_OF,
            # shown, never a feature: where the CRM keeps no history, what it says now is meant
            pl.coalesce("amount", "amount_today"),
            "currency",
        )
    )


def _start() -> pl.Expr:
    return pl.col(AS_OF).dt.offset_by(f"-{MONTHS}mo")


def _in_base_currency(book: Book, sales: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    rates = (
        book["exchange_rates"]
        .select("currency", "valid_from", "rate_to_base")
        .sort("valid_from", "currency")
    )
    numbered = sales.with_row_index("_place").with_columns(
        calendar.local_day(pl.col(AS_OF)).alias("_day")
    )
    return (
        numbered.sort("_day", "_place")
        .join_asof(
            rates,
            left_on="_day",
            right_on="valid_from",
            by="currency",
            check_sortedness=False,  # both sides are sorted just above
        )
        .sort("_place")
        .with_columns(pl.col("amount") * pl.col("rate_to_base").fill_null(1.0))
    )
