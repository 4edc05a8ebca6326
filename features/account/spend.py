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
)


def net_invoiced(newest: int, oldest: int) -> pl.Expr:
    """Invoices less credit notes issued between `oldest` and `newest` days before as_of."""
    return exact_sum(_AMOUNT.filter(in_window(_ISSUED, newest, oldest)))


def orders(days: int) -> pl.Expr:
    """Positive invoices of the last `days` days."""
    return (in_window(_ISSUED, 0, days) & (_AMOUNT > 0)).sum()


def returns_share(days: int) -> pl.Expr:
    """Credit notes over positive invoices, last `days` days."""
    returned = exact_sum(-_AMOUNT.filter(in_window(_ISSUED, 0, days) & (_AMOUNT < 0)))
    return ratio(returned, _positive(days))


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
            feature(orders(365), "orders_365d"),
            feature(order_silence(), "order_silence_days"),
            feature(returns_share(365), "returns_share_365d"),
        )
    )
    zeros = ("net_invoiced_90d", "net_invoiced_91_365d", "orders_365d")
    return view.beside(told, zeros=zeros)


def _positive(days: int) -> pl.Expr:
    return exact_sum(_AMOUNT.filter(in_window(_ISSUED, 0, days) & (_AMOUNT > 0)))
