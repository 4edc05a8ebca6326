"""What the account bought: net invoices, orders and returns."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, days_since, exact_sum, feature, in_window, ratio

_AMOUNT = pl.col("amount")
_ISSUED = pl.col("issued_at")

FEATURES = (
    Feature(
        name="net_invoiced_90d",
        meaning="Invoices less credit notes of the last 90 days.",
        unit="money",
        concept="value",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} invoiced in 90 days; similar accounts {peer}",
    ),
    Feature(
        name="net_invoiced_91_365d",
        meaning="Invoices less credit notes, 91 to 365 days before.",
        unit="money",
        concept="value",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} invoiced in the nine months before; similar accounts {peer}",
    ),
    Feature(
        name="net_invoiced_30d",
        meaning="Invoices less credit notes of the last 30 days.",
        unit="money",
        concept="value",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} invoiced in 30 days; similar accounts {peer}",
    ),
    Feature(
        name="net_invoiced_366_730d",
        meaning="Invoices less credit notes, more than 365 and at most 730 days before.",
        unit="money",
        concept="value",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} invoiced in the year before; similar accounts {peer}",
    ),
    Feature(
        name="orders_365d",
        meaning="Invoices with a positive amount in the last 365 days.",
        unit="count",
        concept="value",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} invoices in a year; similar accounts {peer}",
    ),
    Feature(
        name="order_silence_days",
        meaning="Days since the last positive invoice.",
        unit="days",
        concept="value",
        needs=("invoices",),
        null_means="never invoiced",
        sentence="last invoiced {value} days ago; similar accounts {peer}",
    ),
    Feature(
        name="returns_share_365d",
        meaning="Returns and credit notes as a share of orders, last 365 days.",
        unit="share",
        concept="service",
        needs=("invoices",),
        null_means="no order in the last 365 days",
        sentence="{value} of orders came back; similar accounts {peer}",
        number_format=".1%",
        direction={"pain": 1},
    ),
    Feature(
        name="returns_share_366_730d",
        meaning="Amount of the credit notes (negative invoices, counted as positive) over the "
        "amount of the positive invoices, both issued more than 365 and at most 730 days before.",
        unit="share",
        concept="service",
        needs=("invoices",),
        null_means="no order in the earlier year",
        sentence="{value} of orders came back the year before; similar accounts {peer}",
        number_format=".1%",
    ),
    Feature(
        name="credit_notes_365d",
        meaning="Invoices with a negative amount in the last 365 days.",
        unit="count",
        concept="service",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} credit notes in a year; similar accounts {peer}",
        sentence_at_zero="no credit note in a year; similar accounts {peer}",
    ),
)


def net_invoiced(newest: int, oldest: int) -> pl.Expr:
    """Invoices less credit notes issued between `oldest` and `newest` days before as_of."""
    return exact_sum(_AMOUNT.filter(in_window(_ISSUED, newest, oldest)))


def orders(days: int) -> pl.Expr:
    """Positive invoices of the last `days` days."""
    return (in_window(_ISSUED, 0, days) & (_AMOUNT > 0)).sum()


def credit_notes(days: int) -> pl.Expr:
    """Negative invoices of the last `days` days."""
    return (in_window(_ISSUED, 0, days) & (_AMOUNT < 0)).sum()


def returns_share(newest: int, oldest: int) -> pl.Expr:
    """Credit notes over positive invoices, between `oldest` and `newest` days before as_of."""
    span = in_window(_ISSUED, newest, oldest)
    returned = exact_sum(-_AMOUNT.filter(span & (_AMOUNT < 0)))
    return ratio(returned, exact_sum(_AMOUNT.filter(span & (_AMOUNT > 0))))


def order_silence() -> pl.Expr:
    """Days since the newest positive invoice."""
    return days_since(_ISSUED).filter(_AMOUNT > 0).min()


def spend(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        view.known("invoices")
        .group_by(*KEYS)
        .agg(
            feature(net_invoiced(0, 90), "net_invoiced_90d"),
            feature(net_invoiced(90, 365), "net_invoiced_91_365d"),
            feature(net_invoiced(0, 30), "net_invoiced_30d"),
            feature(net_invoiced(365, 730), "net_invoiced_366_730d"),
            feature(orders(365), "orders_365d"),
            feature(order_silence(), "order_silence_days"),
            feature(returns_share(0, 365), "returns_share_365d"),
            feature(returns_share(365, 730), "returns_share_366_730d"),
            feature(credit_notes(365), "credit_notes_365d"),
        )
    )
    sums = ("net_invoiced_30d", "net_invoiced_90d", "net_invoiced_91_365d", "net_invoiced_366_730d")
    return view.beside(told, zeros=(*sums, "orders_365d", "credit_notes_365d"))
