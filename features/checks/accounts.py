"""Findings about accounts: the same customer twice, merged records, owners changed in bulk."""

from collections.abc import Iterator

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.checks.finding import Finding
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, OWNER_REP_ID

LEGAL_FORMS = (
    r"\b(inc|incorporated|llc|ltd|limited|corp|corporation|co|company|plc"
    r"|gmbh|ag|sa|sas|bv|ab|oy|srl|spa|pty)\b"
)
MASS_ROWS = 20
MASS_SHARE = 0.10
"""A mass change: at least so many records on one day, and this share of all."""

_HISTORIES = (
    ("account_changes", "accounts", ACCOUNT_ID),
    ("opportunity_changes", "opportunities", OPPORTUNITY_ID),
)


def likely_duplicates(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL007: accounts that bear the same name but for case, signs and legal form."""
    del calendar
    plain = (
        pl.col("name")
        .str.to_lowercase()
        .str.replace_all(r"[.']", "")
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.replace_all(LEGAL_FORMS, "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars()
    )
    groups = (
        book["accounts"]
        .filter(pl.col("merged_into").is_null())
        .with_columns(plain.alias("plain"))
        .filter(pl.col("plain") != "")
        .group_by("plain")
        .agg(pl.len().alias("rows"), pl.col(ACCOUNT_ID).sort().head(3).alias("ids"))
        .filter(pl.col("rows") > 1)
        .sort("rows", "plain", descending=[True, False])
        .collect()
    )
    if groups.height:
        rows = int(groups["rows"].sum())
        first = f"{groups['plain'][0]!r}: {', '.join(groups['ids'][0])}"
        text = f"{rows} accounts share {groups.height} names, such as {first}"
        yield Finding("BL007", "likely duplicate accounts", "accounts", "name", rows, text)


def merged_accounts(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL008: accounts merged into others, and merges that lead nowhere or to another merged one."""
    del calendar
    accounts = book["accounts"].select(ACCOUNT_ID, "merged_into").collect()
    merged = accounts.filter(pl.col("merged_into").is_not_null())
    if merged.height == 0:
        return
    lost = merged.filter(~pl.col("merged_into").is_in(accounts[ACCOUNT_ID].implode())).height
    chained = merged.filter(pl.col("merged_into").is_in(merged[ACCOUNT_ID].implode())).height
    text = (
        f"{merged.height} accounts are merged into others; {lost} into an account that is not "
        f"there, {chained} into one that is itself merged"
    )
    yield Finding("BL008", "merged accounts", "accounts", "merged_into", merged.height, text)


def mass_owner_change(book: Book, calendar: Calendar) -> Iterator[Finding]:
    """BL010: a day on which territories were cut anew; what followed is not the owner's doing."""
    is_owner = pl.col("field").is_in(["owner", OWNER_REP_ID])
    is_change = is_owner & pl.col("old").is_not_null()  # a first owner is no change
    for changes, table, key in _HISTORIES:
        total = book[table].select(pl.len()).collect().item()
        days = (
            book[changes]
            .filter(is_change)
            .group_by(calendar.local_day(pl.col("changed_at")).alias("day"))
            .agg(pl.col(key).n_unique().alias("rows"))
            .filter((pl.col("rows") >= MASS_ROWS) & (pl.col("rows") >= MASS_SHARE * total))
            .sort("day")
            .collect()
        )
        for day, rows in days.iter_rows():
            text = f"{rows} of {total} {table} changed their owner on {day}"
            yield Finding("BL010", "mass owner change", changes, "field", rows, text)
