"""Findings about deals: closed in bulk, or described only once they are over."""

from collections.abc import Iterator

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.checks.finding import Finding
from features.schema import TABLES

BULK_ROWS = 20
BULK_TIMES = 10
"""A bulk close: at least so many lost deals on a day, and so many times a usual day's."""

ENOUGH_DEALS = 20
MOSTLY = 0.9
"""Share of closed deals that fill a column, and of open deals that leave it empty."""

_DEALS = "opportunities"


def bulk_closed(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL003: a day on which someone tidied up; such closes say nothing about buyers."""
    is_lost = pl.col("outcome").cast(pl.String) == "lost"
    days = (
        book[_DEALS]
        .filter(is_lost & pl.col("closed_at").is_not_null())
        .group_by(calendar.local_day(pl.col("closed_at")).alias("day"))
        .agg(pl.len().alias("rows"))
        .with_columns(pl.col("rows").median().alias("usual"))
        .filter((pl.col("rows") >= BULK_ROWS) & (pl.col("rows") >= BULK_TIMES * pl.col("usual")))
        .sort("day")
        .collect()
    )
    for day, rows, usual in days.iter_rows():
        text = f"{rows} deals closed as lost on {day}, a usual day with losses has {usual:g}"
        yield Finding("BL003", "bulk-closed deals", _DEALS, "closed_at", rows, text)


def null_only_while_open(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL004: a column that is filled when the deal closes gives the outcome away.

    Columns that the contract itself ties to the close are not asked.
    """
    del calendar
    is_open = pl.col("outcome").cast(pl.String) == "open"
    names = [
        column.name
        for column in TABLES[_DEALS].columns
        if not column.is_required
        and column.known_at != "closed_at"
        and book.has(f"{_DEALS}.{column.name}")
    ]
    filled = pl.col(names).is_not_null()
    counts = (
        book[_DEALS]
        .select(
            is_open.sum().alias("open"),
            (~is_open).sum().alias("closed"),
            (filled & is_open).sum().name.prefix("open:"),
            (filled & ~is_open).sum().name.prefix("closed:"),
        )
        .collect()
        .row(0, named=True)
    )
    if min(counts["open"], counts["closed"]) < ENOUGH_DEALS:
        return
    for name in names:
        while_open = counts[f"open:{name}"] / counts["open"]
        once_closed = counts[f"closed:{name}"] / counts["closed"]
        if while_open <= 1 - MOSTLY and once_closed >= MOSTLY:
            text = (
                f"filled in {once_closed:.0%} of closed and {while_open:.0%} of open deals: "
                "it tells the outcome, not the deal"
            )
            rows = counts["open"] - counts[f"open:{name}"]
            yield Finding("BL004", "column null only while open", _DEALS, name, rows, text)
