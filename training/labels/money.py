"""Amounts in the base currency, at the rate of their own day."""

import polars as pl

from features.book import Book
from features.calendar import Calendar


def in_base(frame: pl.LazyFrame, book: Book, calendar: Calendar, *, moment: str) -> pl.LazyFrame:
    """Convert `amount` by `currency` at the rate valid on the local day of `moment`.

    A currency without any rate is the base currency; before its first rate the first one holds.
    A book without exchange rates is in one currency and stays as it is.
    """
    if not book.has("exchange_rates"):
        return frame
    rates = book["exchange_rates"].select("currency", "valid_from", "rate_to_base")
    first = (
        rates.sort("valid_from")
        .group_by("currency", maintain_order=True)
        .agg(pl.col("rate_to_base").first().alias("_first_rate"))
    )
    return (
        frame.with_columns(calendar.local_day(pl.col(moment)).alias("_day"))
        .sort("_day", nulls_last=True)
        .join_asof(
            rates.sort("valid_from"),
            left_on="_day",
            right_on="valid_from",
            by="currency",
            check_sortedness=False,  # both sides are sorted above; groups cannot be checked
        )
        .join(first, on="currency", how="left")
        .with_columns(
            pl.col("amount")
            * pl.coalesce("rate_to_base", "_first_rate").fill_null(1.0)  # the base currency itself
        )
        .drop("_day", "_first_rate", "rate_to_base", "valid_from", strict=False)
    )
