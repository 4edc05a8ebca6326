"""Sales of the window: whether anything was won, and how much was booked."""

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.pursuit import WINDOW, within
from features.schema import ACCOUNT_ID
from training.labels.money import in_base


def won_deals(book: Book, calendar: Calendar) -> pl.LazyFrame:
    """Deals and renewals that were won: account_id, type, closed_at, amount in base currency."""
    won = book["opportunities"].filter(pl.col("outcome") == "won")
    priced = in_base(won, book, calendar, moment="closed_at")
    return priced.select(ACCOUNT_ID, "type", "closed_at", "close_date", "discount_pct", "amount")


def invoiced(book: Book, calendar: Calendar) -> pl.LazyFrame:
    """Invoices and credit notes: amounts in base currency."""
    priced = in_base(book["invoices"], book, calendar, moment="issued_at")
    return priced.select(ACCOUNT_ID, "issued_at", "due_on", "paid_at", "amount")


def sales(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    """`is_won`, `is_lost` and `bookings` of each window; lost is a deal lost, won or not.

    Nothing is counted twice. With opportunities, bookings are the won amounts, and invoices, which
    bill those same sales, add nothing; a renewed contract adds its annual value only when the
    account has no won renewal deal in the window. Without opportunities, bookings are the net
    invoices; without those, the annual value of the renewed contracts. An order is a win only in
    a book without opportunities.
    """
    keys = windows.select(WINDOW)
    won = _won(book, windows, calendar)
    renewed = _renewed(book, windows)
    net = _net_invoiced(book, windows, calendar)
    has_deals, has_invoices = book.has("opportunities"), book.has("invoices")
    is_won = pl.col("_won").fill_null(0) + pl.col("_renewed").fill_null(0) > 0
    renewals = pl.when(pl.col("_won_renewals").fill_null(0) == 0).then("_renewed_value")
    if has_deals:
        bookings = pl.sum_horizontal("_won_amount", renewals)
    elif has_invoices:
        is_won = is_won | (pl.col("_net").fill_null(0.0) > 0)
        bookings = pl.col("_net").fill_null(0.0)  # no invoice in the window: nothing was booked
    else:
        bookings = pl.col("_renewed_value").fill_null(0.0)  # no renewal: nothing was booked
    return (
        keys.join(won, on=WINDOW, how="left")
        .join(renewed, on=WINDOW, how="left")
        .join(net, on=WINDOW, how="left")
        .join(_lost(book, windows), on=WINDOW, how="left")
        .select(
            WINDOW,
            is_won.alias("is_won"),
            pl.col("is_lost").fill_null(value=False),
            bookings.alias("bookings"),
        )
    )


def net_of(events: pl.LazyFrame, windows: pl.LazyFrame, moment: str) -> pl.LazyFrame:
    """The sum of `amount` in each window as `net`; a window without an event has 0."""
    sums = (
        within(windows, events, moment)
        .group_by(WINDOW)
        .agg(pl.col("amount").sort().sum().alias("net"))
    )
    return (
        windows.select(WINDOW)
        .join(sums, on=WINDOW, how="left")
        .with_columns(pl.col("net").fill_null(0.0))
    )


def _won(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    paired = within(windows, won_deals(book, calendar), "closed_at")
    return paired.group_by(WINDOW).agg(
        pl.len().alias("_won"),
        (pl.col("type") == "renewal").sum().alias("_won_renewals"),
        pl.col("amount").sort().sum().alias("_won_amount"),
    )


def _lost(book: Book, windows: pl.LazyFrame) -> pl.LazyFrame:
    deals = book["opportunities"].filter(pl.col("outcome") == "lost")
    lost = within(windows, deals.select(ACCOUNT_ID, "closed_at"), "closed_at")
    return lost.select(WINDOW).unique().with_columns(pl.lit(value=True).alias("is_lost"))


def _renewed(book: Book, windows: pl.LazyFrame) -> pl.LazyFrame:
    contracts = book["contracts"].select(ACCOUNT_ID, "renewed_at", "annual_value")
    return (
        within(windows, contracts, "renewed_at")
        .group_by(WINDOW)
        .agg(
            pl.len().alias("_renewed"), pl.col("annual_value").sort().sum().alias("_renewed_value")
        )
    )


def _net_invoiced(book: Book, windows: pl.LazyFrame, calendar: Calendar) -> pl.LazyFrame:
    return net_of(invoiced(book, calendar), windows, "issued_at").rename({"net": "_net"})
