"""Renewals due or won in the window: advocates, and accounts that renew by themselves."""

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.pursuit import (
    ENDS_AT,
    STARTS_AT,
    WINDOW,
    is_outbound,
    is_reply,
    touches,
    within,
)
from features.schema import ACCOUNT_ID, ENTITY_ID, OCCURRED_AT
from models.policy import LabelPolicy

MEETING_KINDS = ("meeting", "demo", "visit", "review")
"""Activity kinds in which people met; so did a mutual activity of any kind."""

_CYCLE = "_cycle"
_KEYS = (WINDOW, ENTITY_ID, STARTS_AT, ENDS_AT)


def advocate(
    book: Book, windows: pl.LazyFrame, *, policy: LabelPolicy, calendar: Calendar
) -> pl.LazyFrame:
    """`is_advocate` of each window: a referral, or a renewal that was easy and friendly.

    Easy: few outbound touches in the weeks before it was due. Friendly: a reply or a meeting in
    them. Where the CRM keeps neither, nobody is shown to be an advocate, hence false.
    """
    won = within(windows.select(_KEYS), _cycles(book, calendar), "won_at")
    easy = _approached(book, won, policy).filter(
        pl.col("_touches") <= policy.renewal_touches_at_most, pl.col("_answers") > 0
    )
    found = pl.concat([easy.select(WINDOW), _referred(book, windows)])
    return _flag(windows, found, "is_advocate")


def self_renewal(
    book: Book, windows: pl.LazyFrame, *, policy: LabelPolicy, calendar: Calendar
) -> pl.LazyFrame:
    """`_renews_alone` of each window with a renewal due in it; other windows are absent.

    True when a renewal was won in the window after few touches without any reply or meeting, with
    no new or expansion deal open in the window and no referral in it. Growth is left to the
    caller. Null where the CRM keeps no activities: their absence would prove nothing.
    """
    due = _due(book, windows, calendar)
    silent = _approached(book, due, policy).filter(
        pl.col("_touches") <= policy.renewal_touches_at_most, pl.col("_answers") == 0
    )
    won = within(windows, _cycles(book, calendar), "won_at").select(WINDOW)
    alone = (
        silent.select(WINDOW)
        .unique()
        .join(won, on=WINDOW, how="semi")
        .join(_courted(book, windows), on=WINDOW, how="anti")
        .join(_referred(book, windows), on=WINDOW, how="anti")
    )
    flagged = _flag(due.select(WINDOW).unique(), alone, "_renews_alone")
    if not book.has("activities.direction"):
        return flagged.with_columns(pl.lit(None, pl.Boolean).alias("_renews_alone"))
    return flagged


def _cycles(book: Book, calendar: Calendar) -> pl.LazyFrame:
    """Renewals of contracts and renewal deals: account_id, kind, due_at, won_at, shut_at."""
    contracts = book["contracts"].select(
        ACCOUNT_ID,
        pl.lit("contract").alias("_kind"),
        calendar.end_of(pl.col("ends_on")).alias("due_at"),
        pl.col("renewed_at").alias("won_at"),
        pl.min_horizontal("renewed_at", "cancelled_at").alias("shut_at"),
    )
    due_on = pl.coalesce("close_date", calendar.local_day(pl.col("closed_at")))
    deals = book["opportunities"].filter(pl.col("type") == "renewal")
    return pl.concat(
        [
            contracts,
            deals.select(
                ACCOUNT_ID,
                pl.lit("deal").alias("_kind"),
                calendar.end_of(due_on).alias("due_at"),
                pl.when(pl.col("outcome") == "won").then("closed_at").alias("won_at"),
                pl.col("closed_at").alias("shut_at"),
            ),
        ]
    )


def _due(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """Renewals due in the window that were still open at its start.

    Contracts say when; renewal deals only in a CRM without contracts, lest one renewal be two.
    """
    kind = "contract" if book.has("contracts") else "deal"
    cycles = _cycles(book, calendar).filter(pl.col("_kind") == kind)
    is_open = pl.col("shut_at").is_null() | (pl.col("shut_at") >= pl.col(STARTS_AT))
    return within(windows.select(_KEYS), cycles, "due_at").filter(is_open)


def _approached(book: Book, cycles: pl.LazyFrame, policy: LabelPolicy) -> pl.LazyFrame:
    """Touches and answers in the days before each renewal was due, the window's end at most."""
    due = pl.min_horizontal("due_at", ENDS_AT)
    approaches = cycles.with_row_index(_CYCLE).with_columns(
        (pl.col("due_at") - pl.duration(days=policy.renewal_approach_days)).alias(STARTS_AT),
        due.alias(ENDS_AT),
    )
    met = pl.col("kind").is_in(MEETING_KINDS) | (pl.col("direction") == "mutual")
    events = touches(book).select(
        ACCOUNT_ID,
        OCCURRED_AT,
        is_outbound().alias("_touches"),
        (is_reply() | met.fill_null(value=False)).alias("_answers"),
    )
    counts = (
        within(approaches, events, OCCURRED_AT)
        .group_by(_CYCLE)
        .agg(pl.col("_touches", "_answers").sum())
    )
    # no activity in those days is no touch and no answer
    return approaches.join(counts, on=_CYCLE, how="left").with_columns(
        pl.col("_touches", "_answers").fill_null(0)
    )


def _referred(book: Book, windows: pl.LazyFrame) -> pl.LazyFrame:
    referrals = book["referrals"].select(ACCOUNT_ID, "given_at")
    return within(windows, referrals, "given_at").select(WINDOW)


def _courted(book: Book, windows: pl.LazyFrame) -> pl.LazyFrame:
    """Windows in which a deal that is no renewal was open."""
    deals = book["opportunities"].select(ACCOUNT_ID, "type", "created_at", "closed_at")
    is_open = pl.col("closed_at").is_null() | (pl.col("closed_at") > pl.col(STARTS_AT))
    is_renewal = (pl.col("type") == "renewal").fill_null(value=False)
    return (
        windows.join(deals.filter(~is_renewal), left_on=ENTITY_ID, right_on=ACCOUNT_ID)
        .filter(pl.col("created_at") < pl.col(ENDS_AT), is_open)
        .select(WINDOW)
    )


def _flag(windows: pl.LazyFrame, found: pl.LazyFrame, name: str) -> pl.LazyFrame:
    marked = found.select(WINDOW).unique().with_columns(pl.lit(value=True).alias(name))
    flagged = windows.select(WINDOW).join(marked, on=WINDOW, how="left")
    return flagged.with_columns(pl.col(name).fill_null(value=False))
