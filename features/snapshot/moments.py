"""The moments asked about, and the first at which the CRM knew of an account or a merge."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from features.book import Book
from features.history import known_from
from features.schema import ACCOUNT_ID, AS_OF, DAY, RECORDED_AT, TABLES, TIME

_EVENTS_OF_ACCOUNT = (
    "opportunities",
    "activities",
    "contracts",
    "invoices",
    "tickets",
    "usage",
    "referrals",
)


def moments_of(as_ofs: Sequence[datetime]) -> pl.LazyFrame:
    """as_of: each moment once, in order."""
    return pl.LazyFrame({AS_OF: sorted(set(as_ofs))}, schema={AS_OF: TIME})


def first_events(book: Book) -> pl.LazyFrame:
    """account_id, first_event: when the CRM first knew anything of the account."""
    known = [
        book[table].select(
            ACCOUNT_ID,
            pl.col(RECORDED_AT).alias("first_event")
            if TABLES[table].column(TABLES[table].moment or "").dtype == DAY
            else known_from(TABLES[table]).alias("first_event"),
        )
        for table in _EVENTS_OF_ACCOUNT
    ]
    return pl.concat(known).group_by(ACCOUNT_ID).agg(pl.col("first_event").min())


def first_merges(book: Book) -> pl.LazyFrame:
    """account_id, merged_at: when a merge was first known from the change history."""
    changes = book["account_changes"]
    is_merge = (pl.col("field") == "merged_into") & pl.col("new").is_not_null()
    known = known_from(TABLES["account_changes"])
    return changes.filter(is_merge).group_by(ACCOUNT_ID).agg(known.min().alias("merged_at"))
