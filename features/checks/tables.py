"""Findings about any table: bursts of empty cells, money without rates, work at weekends only."""

from collections.abc import Iterator

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.checks.finding import Finding
from features.schema import DAY, HISTORY, NOW, RECORDED_AT, ROW, TABLES, Table

BURST_ROWS = 20
BURST_POINTS = 0.5
BURST_MONTHS = 4
"""A burst: so many empty cells in a month, so far above the median of at least so many months."""

WEEKEND_ROWS = 20
SATURDAY = 6


def null_burst(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL002: a month in which a column that is usually filled was left empty.

    Stamps, and cells that come with one, are empty in recent months by nature and are not asked;
    nor are histories, whose first entries have no old value.
    """
    for table in TABLES.values():
        if "field" in table.schema:
            continue
        names = [
            column.name
            for column in table.columns
            if not column.is_required
            and column.known_at in (ROW, HISTORY, NOW)
            and column.name != RECORDED_AT
            and book.has(f"{table.name}.{column.name}")
        ]
        if table.moment is not None and names:
            yield from _bursts(book, table, names, calendar)


def currency_without_rates(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL009: several currencies and no rates; amounts would be added up as if they were one."""
    del calendar
    if book.has("exchange_rates"):
        return
    for table in TABLES.values():
        if not book.has(f"{table.name}.currency"):
            continue
        used = (
            book[table.name]
            .group_by("currency")
            .agg(pl.len().alias("rows"))
            .drop_nulls("currency")
            .sort("rows", "currency", descending=[True, False])
            .collect()
        )
        if used.height > 1:
            rows = int(used["rows"].slice(1).sum())
            names = ", ".join(used["currency"].head(5))
            text = (
                f"expected a table exchange_rates, found {used.height} currencies without: {names}"
            )
            yield Finding("BL009", "currency without rates", table.name, "currency", rows, text)


def weekend_only(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL013: reps whose every activity fell on a weekend: a shifted zone, or a machine."""
    is_weekend = calendar.local_day(pl.col("occurred_at")).dt.weekday() >= SATURDAY
    reps = (
        book["activities"]
        .filter(pl.col("rep_id").is_not_null())
        .group_by("rep_id")
        .agg(pl.len().alias("rows"), is_weekend.all().alias("is_only"))
        .filter(pl.col("is_only") & (pl.col("rows") >= WEEKEND_ROWS))
        .sort("rep_id")
        .collect()
    )
    if reps.height:
        rows = int(reps["rows"].sum())
        names = ", ".join(reps["rep_id"].head(3))
        text = f"all {rows} activities of {reps.height} reps fell on weekends, such as {names}"
        yield Finding("BL013", "weekend-only activity", "activities", "occurred_at", rows, text)


def _bursts(book: Book, table: Table, names: list[str], calendar: Calendar) -> Iterator[Finding]:
    moment = pl.col(str(table.moment))
    is_day = table.column(str(table.moment)).dtype == DAY
    month = (moment if is_day else calendar.local_day(moment)).dt.month_start().alias("month")
    months = (
        book[table.name]
        .filter(moment.is_not_null())
        .group_by(month)
        .agg(pl.len().alias("rows"), pl.col(names).null_count())
        .sort("month")
        .collect()
        .slice(1)
        .head(-1)  # the first and the last month are seldom whole
    )
    if months.height < BURST_MONTHS:
        return
    for name in names:
        share = pl.col(name) / pl.col("rows")
        is_burst = (pl.col(name) >= BURST_ROWS) & (share >= share.median() + BURST_POINTS)
        worst = months.with_columns(share.median().alias("usual")).filter(is_burst)
        for row in worst.select("month", "rows", name, "usual").to_dicts():
            text = (
                f"{row[name]} of {row['rows']} rows of {row['month']:%Y-%m} are empty, "
                f"usually {row['usual']:.0%}"
            )
            yield Finding("BL002", "null burst", table.name, name, row[name], text)
