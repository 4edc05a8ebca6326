"""What the account bought: net invoices, orders and returns."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, count, days_since, feature, newest, ratio, total

_AMOUNT = pl.col("amount")

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
        meaning="Invoices less credit notes, more than 90 and at most 365 days before.",
        unit="money",
        concept="value",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} invoiced 91 to 365 days ago; similar accounts {peer}",
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
        sentence="{value} invoiced 366 to 730 days ago; similar accounts {peer}",
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
        meaning="Amount of the credit notes (negative invoices, counted as positive) over the "
        "amount of the positive invoices, both issued in the last 365 days.",
        unit="share",
        concept="service",
        needs=("invoices",),
        null_means="no order in the last 365 days",
        sentence="{value} of orders came back in a year; similar accounts {peer}",
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
        sentence="{value} of orders came back 366 to 730 days ago; similar accounts {peer}",
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


_IS_ORDER, _IS_RETURN = _AMOUNT > 0, _AMOUNT < 0

MEASURES = (
    total("net_30d", _AMOUNT, oldest=30),
    total("net_90d", _AMOUNT, oldest=90),
    total("net_91_365d", _AMOUNT, newest=90, oldest=365),
    total("net_366_730d", _AMOUNT, newest=365, oldest=730),
    count("orders_365d", _IS_ORDER, oldest=365),
    count("returns_365d", _IS_RETURN, oldest=365),
    total("ordered_365d", _AMOUNT, _IS_ORDER, oldest=365),
    total("returned_365d", -_AMOUNT, _IS_RETURN, oldest=365),
    total("ordered_366_730d", _AMOUNT, _IS_ORDER, newest=365, oldest=730),
    total("returned_366_730d", -_AMOUNT, _IS_RETURN, newest=365, oldest=730),
    newest("last_order", _IS_ORDER),
)


def returns_share(window: str) -> pl.Expr:
    """Credit notes over positive invoices of a window."""
    return ratio(pl.col(f"returned_{window}"), pl.col(f"ordered_{window}"))


def spend(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    return view.measured("invoices", MEASURES).select(
        *KEYS,
        feature(pl.col("net_90d"), "net_invoiced_90d"),
        feature(pl.col("net_91_365d"), "net_invoiced_91_365d"),
        feature(pl.col("net_30d"), "net_invoiced_30d"),
        feature(pl.col("net_366_730d"), "net_invoiced_366_730d"),
        feature(pl.col("orders_365d"), "orders_365d"),
        feature(days_since(pl.col("last_order")), "order_silence_days"),
        feature(returns_share("365d"), "returns_share_365d"),
        feature(returns_share("366_730d"), "returns_share_366_730d"),
        feature(pl.col("returns_365d"), "credit_notes_365d"),
    )
