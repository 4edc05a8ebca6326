"""Effort: the hours an account took, and whether it strung its rep along."""

import polars as pl

from features.book import Book
from features.pursuit import (
    ENDS_AT,
    WINDOW,
    is_outbound,
    is_reply,
    touches,
    within,
)
from features.schema import ACCOUNT_ID, OCCURRED_AT, OPPORTUNITY_ID
from models.policy import HoursPolicy, LabelPolicy
from models.policy.record import to_mapping

_MINUTES = 60.0


def hours(book: Book, windows: pl.LazyFrame, policy: HoursPolicy) -> pl.LazyFrame:
    """`hours` of each window: recorded durations, else the policy's figure for the kind.

    Null in a CRM that keeps neither activities nor tickets.
    """
    if not (book.has("activities") or book.has("tickets")):
        return windows.select(WINDOW, pl.lit(None, pl.Float64).alias("hours"))
    figures = {name: float(str(value)) for name, value in to_mapping(policy).items()}
    by_kind = pl.col("kind").replace_strict(
        {kind: value for kind, value in figures.items() if kind not in ("ticket", "escalation")},
        default=policy.other,
        return_dtype=pl.Float64,
    )
    spent = [
        _spent(
            windows,
            touches(book).with_columns(
                pl.coalesce(pl.col("duration_minutes") / _MINUTES, by_kind).alias("_hours")
            ),
            OCCURRED_AT,
        ),
        _spent(
            windows,
            book["tickets"].with_columns(pl.lit(policy.ticket).alias("_hours")),
            "opened_at",
        ),
        _spent(
            windows,
            book["tickets"].with_columns(pl.lit(policy.escalation).alias("_hours")),
            "escalated_at",
        ),
    ]
    total = pl.concat(spent).group_by(WINDOW).agg(pl.col("_hours").sort().sum().alias("hours"))
    # no activity and no ticket took no time
    return (
        windows.select(WINDOW)
        .join(total, on=WINDOW, how="left")
        .with_columns(pl.col("hours").fill_null(0.0))
    )


def strings_along(book: Book, windows: pl.LazyFrame, policy: LabelPolicy) -> pl.LazyFrame:
    """`strings_along` of each window: repeated pushes, or touches into a long silence."""
    pushed = (
        within(windows, pushes(book), "changed_at")
        .group_by(WINDOW)
        .agg(pl.len().alias("_pushes"))
        .filter(pl.col("_pushes") >= policy.strings_pushes)
    )
    found = pl.concat([pushed.select(WINDOW), _into_silence(book, windows, policy)]).unique()
    return (
        windows.select(WINDOW)
        .join(found.with_columns(pl.lit(value=True).alias("strings_along")), on=WINDOW, how="left")
        .with_columns(pl.col("strings_along").fill_null(value=False))
    )


def pushes(book: Book) -> pl.LazyFrame:
    """Moves of an open deal's close date to a later day: account_id, changed_at."""
    deals = book["opportunities"].select(OPPORTUNITY_ID, ACCOUNT_ID, "closed_at")
    day = [
        pl.col(name).str.head(10).str.to_date("%Y-%m-%d", strict=False) for name in ("old", "new")
    ]
    is_open = pl.col("closed_at").is_null() | (pl.col("changed_at") < pl.col("closed_at"))
    return (
        book["opportunity_changes"]
        .filter(pl.col("field") == "close_date", day[1] > day[0])
        .join(deals, on=OPPORTUNITY_ID)
        .filter(is_open)
        .select(ACCOUNT_ID, "changed_at")
    )


def _into_silence(book: Book, windows: pl.LazyFrame, policy: LabelPolicy) -> pl.LazyFrame:
    """Windows with a touch that is at least the third into a silence of many days.

    A run is the unanswered touches between two replies; it may begin before as_of (touches open
    then belong to the reference state) and its silence lasts to the next reply or the window's
    end. Only runs with a touch in the window count.
    """
    ordered = (
        touches(book)
        .filter(is_outbound() | is_reply())
        .select(ACCOUNT_ID, OCCURRED_AT, is_reply().alias("_reply"))
        .sort(ACCOUNT_ID, OCCURRED_AT, "_reply")
    )
    runs = ordered.with_columns(
        pl.col("_reply").cum_sum().over(ACCOUNT_ID).alias("_run"),
        pl.when("_reply").then(OCCURRED_AT).alias("_reply_at"),
    ).with_columns(pl.col("_reply_at").backward_fill().over(ACCOUNT_ID).alias("_next_reply_at"))
    unanswered = runs.filter(~pl.col("_reply")).select(
        ACCOUNT_ID,
        OCCURRED_AT,
        "_next_reply_at",
        pl.col(OCCURRED_AT).min().over(ACCOUNT_ID, "_run").alias("_silent_since"),
        pl.col(OCCURRED_AT).cum_count().over(ACCOUNT_ID, "_run").alias("_number"),
    )
    silence = pl.min_horizontal("_next_reply_at", ENDS_AT) - pl.col("_silent_since")
    return (
        within(
            windows, unanswered.filter(pl.col("_number") >= policy.strings_unanswered), OCCURRED_AT
        )
        .filter(silence >= pl.duration(days=policy.strings_gap_days))
        .select(WINDOW)
        .unique()
    )


def _spent(windows: pl.LazyFrame, events: pl.LazyFrame, moment: str) -> pl.LazyFrame:
    return within(windows, events.select(ACCOUNT_ID, moment, "_hours"), moment).select(
        WINDOW, "_hours"
    )
