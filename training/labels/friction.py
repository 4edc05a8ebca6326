"""Friction: what makes an account hard to serve, no matter how large it is."""

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.pursuit import ENDS_AT, STARTS_AT, WINDOW, is_outbound, is_reply, touches, within
from features.schema import ACCOUNT_ID, OCCURRED_AT, OPPORTUNITY_ID, TIME
from models.policy import MEASURES, FrictionPolicy, weighted
from training.labels.coverage import Coverage
from training.labels.sales import invoiced, won_deals

_INSTANT = pl.duration(microseconds=1)


def friction(
    book: Book,
    windows: pl.LazyFrame,
    *,
    coverage: Coverage,
    policy: FrictionPolicy,
    calendar: Calendar,
) -> pl.LazyFrame:
    """`friction`, `friction_items` and the five measures of each window.

    The weighted mean of min(value / cap, 1) over the items available. With fewer items than the
    policy asks for it is null; in a CRM that can only ever have one item, that one stands, and
    `friction_items` = 1 marks it as partial.
    """
    measures = [
        late_days(book, windows, calendar),
        discount_depth(book, windows, calendar),
        service_load(book, windows, coverage=coverage, policy=policy),
        chase_ratio(book, windows, policy),
        return_share(book, windows, calendar),
    ]
    found = windows.select(WINDOW)
    for measure in measures:
        found = found.join(measure, on=WINDOW, how="left")
    there = {MEASURES[item] for item in coverage.friction_items}
    absent = [
        pl.lit(None, pl.Float64).alias(name) for name in MEASURES.values() if name not in there
    ]
    return found.with_columns(absent).select(
        WINDOW, *weighted(policy, possible=len(there)), *MEASURES.values()
    )


def late_days(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """Days between due and payment, or the window's end while unpaid; mean over invoices.

    Invoices issued in the window and due before its end. An early payment counts as 0 days.
    """
    bills = invoiced(book, calendar).filter(pl.col("amount") > 0, pl.col("due_on").is_not_null())
    last_moment = pl.col(ENDS_AT) - _INSTANT
    settled_on = calendar.local_day(pl.min_horizontal("paid_at", last_moment))
    late = (settled_on - pl.col("due_on")).dt.total_days().clip(lower_bound=0)
    return (
        within(windows, bills, "issued_at")
        .filter(pl.col("due_on") <= calendar.local_day(last_moment))
        .group_by(WINDOW)
        .agg(late.mean().cast(pl.Float64).alias("late_days"))
    )


def discount_depth(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """Share off the list price, mean over won deals and quotes of the window."""
    deals = won_deals(book, calendar).select(
        ACCOUNT_ID,
        pl.col("closed_at").alias("_at"),
        (pl.col("discount_pct") / 100.0).alias("_depth"),
    )
    owners = book["opportunities"].select(OPPORTUNITY_ID, ACCOUNT_ID)
    offers = (
        book["quotes"]
        .filter(pl.col("list_amount") > 0)
        .join(owners, on=OPPORTUNITY_ID)
        .select(
            ACCOUNT_ID,
            pl.col("quoted_at").alias("_at"),
            (1.0 - pl.col("amount") / pl.col("list_amount")).alias("_depth"),
        )
    )
    known = pl.concat([deals, offers]).filter(pl.col("_depth").is_not_null())
    return (
        within(windows, known, "_at")
        .group_by(WINDOW)
        .agg(pl.col("_depth").clip(0.0, 1.0).sort().mean().alias("discount_depth"))
    )


def service_load(
    book: Book, windows: pl.LazyFrame, *, coverage: Coverage, policy: FrictionPolicy
) -> pl.LazyFrame:
    """Tickets opened plus weighted escalations; 0 without any, null before the log begins."""
    load = (
        _ticket_count(book, windows, "opened_at")
        .join(_ticket_count(book, windows, "escalated_at"), on=WINDOW, how="full", coalesce=True)
        .select(
            WINDOW,
            (
                pl.col("opened_at").fill_null(0)
                + pl.col("escalated_at").fill_null(0) * policy.escalation_counts
            ).alias("_load"),
        )
    )
    begins = pl.lit(coverage.first_ticket, TIME)
    covered = (pl.col(STARTS_AT) >= begins).fill_null(value=False)
    return (
        windows.join(load, on=WINDOW, how="left")
        .filter(covered)
        .select(WINDOW, pl.col("_load").fill_null(0.0).cast(pl.Float64).alias("service_load"))
    )


def chase_ratio(book: Book, windows: pl.LazyFrame, policy: FrictionPolicy) -> pl.LazyFrame:
    """Outbound touches per reply; available from a few touches on."""
    events = touches(book).select(
        ACCOUNT_ID, OCCURRED_AT, is_outbound().alias("_out"), is_reply().alias("_reply")
    )
    return (
        within(windows, events, OCCURRED_AT)
        .group_by(WINDOW)
        .agg(pl.col("_out", "_reply").sum().cast(pl.Float64))
        .filter(pl.col("_out") >= policy.touches_at_least)
        .select(
            WINDOW, (pl.col("_out") / pl.col("_reply").clip(lower_bound=1.0)).alias("chase_ratio")
        )
    )


def return_share(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """Credit notes and returns as a share of the window's orders; needs an order."""
    amount = pl.col("amount")
    return (
        within(windows, invoiced(book, calendar), "issued_at")
        .group_by(WINDOW)
        .agg(
            amount.filter(amount > 0).sort().sum().alias("_orders"),
            amount.filter(amount < 0).sort().sum().abs().alias("_returns"),
        )
        .filter(pl.col("_orders") > 0)
        .select(WINDOW, (pl.col("_returns") / pl.col("_orders")).alias("return_share"))
    )


def _ticket_count(book: Book, windows: pl.LazyFrame, moment: str) -> pl.LazyFrame:
    tickets = book["tickets"].select(ACCOUNT_ID, moment)
    return (
        within(windows, tickets, moment)
        .group_by(WINDOW)
        .agg(pl.len().cast(pl.Float64).alias(moment))
    )
