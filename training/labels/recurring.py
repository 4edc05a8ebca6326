"""Recurring revenue: the annual value of the contracts that run at a moment."""

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.pursuit import ENDS_AT, STARTS_AT, WINDOW
from features.schema import ACCOUNT_ID, ENTITY_ID

GRACE_DAYS = 60
"""A contract that ended counts on for so long, unless it is cancelled or followed by another."""

_EARLY_DAYS = 45
_LATE_DAYS = 90


def recurring_revenue(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """Annual contract value at the window's start (`_reference`) and end (`_after`).

    `annual_value` is a contract's own fixed value, so that its current cell may stand for the
    past. A renewed contract counts for one more term or until its successor starts, whichever
    comes first. Zero for an account without a contract.
    """
    contracts = _terms(book)
    values = windows.select(WINDOW, pl.lit("contracts").alias("_source"))
    for moment, name in ((STARTS_AT, "_reference"), (ENDS_AT, "_after")):
        running = (
            windows.join(contracts, left_on=ENTITY_ID, right_on=ACCOUNT_ID)
            .with_columns(calendar.local_day(pl.col(moment)).alias("_day"))
            .filter(_runs(pl.col(moment)))
            .group_by(WINDOW)
            .agg(pl.col("annual_value").sort().sum().alias(name))
        )
        values = values.join(running, on=WINDOW, how="left")
    return values.with_columns(pl.col("_reference", "_after").fill_null(0.0))


def _terms(book: Book) -> pl.LazyFrame:
    """Contracts with the day on which a successor of the same account starts, if there is one."""
    contracts = book["contracts"].select(
        "contract_id",
        ACCOUNT_ID,
        "starts_on",
        "ends_on",
        "annual_value",
        "renewed_at",
        "cancelled_at",
    )
    starts = contracts.select(
        ACCOUNT_ID,
        pl.col("contract_id").alias("_other"),
        pl.col("starts_on").alias("_successor_on"),
    )
    follows = (
        (pl.col("_other") != pl.col("contract_id"))
        & (pl.col("_successor_on") > pl.col("starts_on"))
        & (pl.col("_successor_on") >= pl.col("ends_on") - pl.duration(days=_EARLY_DAYS))
        & (pl.col("_successor_on") <= pl.col("ends_on") + pl.duration(days=_LATE_DAYS))
    )
    successors = (
        contracts.join(starts, on=ACCOUNT_ID)
        .filter(follows)
        .group_by("contract_id")
        .agg(pl.col("_successor_on").min())
    )
    return contracts.join(successors, on="contract_id", how="left")


def _runs(moment: pl.Expr) -> pl.Expr:
    day, ends = pl.col("_day"), pl.col("ends_on")
    is_cancelled = (pl.col("cancelled_at") <= moment).fill_null(value=False)
    is_renewed = (pl.col("renewed_at") <= moment).fill_null(value=False)
    is_followed = (pl.col("_successor_on") <= day).fill_null(value=False)
    in_grace = day <= ends + pl.duration(days=GRACE_DAYS)
    in_next_term = day <= ends + (ends - pl.col("starts_on"))
    in_term = (day <= ends) & ~(is_renewed & is_followed)
    after_term = ~is_followed & (in_grace | (is_renewed & in_next_term))
    return (pl.col("starts_on") <= day) & ~is_cancelled & (in_term | ((day > ends) & after_term))
