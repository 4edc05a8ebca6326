"""How the account orders: how regularly, in what sizes, and whether the next order is due."""

import polars as pl

from features.feature import Feature
from features.view import (
    KEYS,
    View,
    count,
    days_since,
    feature,
    in_window,
    newest,
    oldest,
    ratio,
    total,
)

_AMOUNT = pl.col("amount")
_ISSUED = pl.col("issued_at")
_WINDOWS = 12
_WINDOW_DAYS = 30
_YEAR = 365
_MOST_GAPS = 20.0
_MOST_CHANGE = 5.0
"""Above these a value says no more than "a lot", and would drown every other."""

FEATURES = (
    Feature(
        name="order_months_360d",
        meaning="How many of the twelve windows of 30 days before as_of (at most 30 days before, "
        "more than 30 and at most 60, and so on up to 360) hold an invoice with a positive amount.",
        unit="count",
        concept="value",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="ordered in {value} of the last 12 spans of 30 days; similar accounts {peer}",
        sentence_at_zero="no order in the last 12 spans of 30 days; similar accounts in {peer} of "
        "them",
    ),
    Feature(
        name="order_spread_360d",
        meaning="Standard deviation over mean of the sums of positive invoices in those twelve "
        "windows of 30 days; a window without one counts as 0, and the deviation is that of the "
        "twelve (divided by 12).",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="no positive invoice in the last 360 days",
        sentence="orders of the last 12 spans of 30 days swing by {value} of their mean; "
        "similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="order_gap_days",
        meaning="Mean days between the positive invoices of the last 730 days: from the first to "
        "the last of them, over their number less one.",
        unit="days",
        concept="value",
        needs=("invoices",),
        null_means="fewer than two positive invoices in the last 730 days",
        sentence="orders in two years came every {value} days; similar accounts {peer}",
    ),
    Feature(
        name="order_gap_ratio",
        meaning="Days since the last positive invoice of the last 730 days over the mean days "
        "between them (order_gap_days); at most 20.",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="fewer than two positive invoices in the last 730 days, or all at one moment",
        sentence="waits {value} times its usual gap for the next order; similar accounts {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="order_size_365d",
        meaning="Median amount of the positive invoices of the last 365 days.",
        unit="money",
        concept="value",
        needs=("invoices",),
        null_means="no positive invoice in the last 365 days",
        sentence="the median order in a year is {value}; similar accounts {peer}",
    ),
    Feature(
        name="order_size_change",
        meaning="Median amount of the positive invoices of the last 365 days against the median "
        "of those more than 365 and at most 730 days before, as a change from -1 to 5.",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="no positive invoice in one of the two years",
        sentence="the median order in a year changed by {value} on the year before; similar "
        "accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="largest_order_share_365d",
        meaning="The largest positive invoice of the last 365 days over the sum of them all.",
        unit="share",
        concept="value",
        needs=("invoices",),
        null_means="no positive invoice in the last 365 days",
        sentence="{value} of all orders in a year is one order; similar accounts {peer}",
        number_format=".0%",
    ),
)


_IS_ORDER = _AMOUNT > 0
_EDGES = range(0, _WINDOWS * _WINDOW_DAYS, _WINDOW_DAYS)

MEASURES = (
    *(
        total(f"ordered_{edge}", _AMOUNT, _IS_ORDER, newest=edge, oldest=edge + _WINDOW_DAYS)
        for edge in _EDGES
    ),
    total("ordered_365d", _AMOUNT, _IS_ORDER, oldest=_YEAR),
    newest("last_order", _IS_ORDER),
    count("orders_730d", _IS_ORDER, oldest=730),
    newest("last_order_730d", _IS_ORDER, oldest=730),
    oldest("first_order_730d", _IS_ORDER, oldest=730),
)


def spread(sums: list[pl.Expr]) -> pl.Expr:
    """Standard deviation over mean of as many sums, always added in the same order."""
    mean = pl.sum_horizontal(sums) / len(sums)
    variance = pl.sum_horizontal((value - mean) ** 2 for value in sums) / len(sums)
    return ratio(variance.sqrt(), mean)


def order_gap() -> pl.Expr:
    """Mean days between the orders of two years; null for fewer than two."""
    issued = pl.col("orders_730d")
    span = pl.col("last_order_730d") - pl.col("first_order_730d")
    days = span.dt.total_microseconds() / 86_400e6
    return pl.when(issued > 1).then(days / (issued - 1))


def size_change() -> pl.Expr:
    """The median order of a year against that of the year before, as a change."""
    return (ratio(pl.col("size_365d"), pl.col("size_366_730d")) - 1.0).clip(-1.0, _MOST_CHANGE)


def orders(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    sums = [pl.col(f"ordered_{edge}") for edge in _EDGES]
    waiting = days_since(pl.col("last_order"))
    return _sized(view, view.measured("invoices", MEASURES)).select(
        *KEYS,
        feature(pl.sum_horizontal(value > 0 for value in sums), "order_months_360d"),
        feature(spread(sums), "order_spread_360d"),
        feature(order_gap(), "order_gap_days"),
        feature(ratio(waiting, order_gap()).clip(0, _MOST_GAPS), "order_gap_ratio"),
        feature(pl.col("size_365d"), "order_size_365d"),
        feature(size_change(), "order_size_change"),
        feature(ratio(pl.col("largest"), pl.col("ordered_365d")), "largest_order_share_365d"),
    )


def _sized(view: View, told: pl.LazyFrame) -> pl.LazyFrame:
    """What is told, with the median order of each of two years and the largest of the newer."""
    is_recent = in_window(_ISSUED, 0, _YEAR)
    sizes = view.known("invoices", within=2 * _YEAR, where=_IS_ORDER).select(
        *KEYS, _AMOUNT, is_recent.alias("is_recent")
    )
    size = _AMOUNT.list.median()  # the bits of a median by group, but sooner
    recent = sizes.filter("is_recent").group_by(*KEYS).agg(_AMOUNT)
    recent = recent.select(*KEYS, size.alias("size_365d"), _AMOUNT.list.max().alias("largest"))
    older = sizes.filter(~pl.col("is_recent")).group_by(*KEYS).agg(_AMOUNT)
    older = older.select(*KEYS, size.alias("size_366_730d"))
    return told.join(recent, on=KEYS, how="left").join(older, on=KEYS, how="left")
