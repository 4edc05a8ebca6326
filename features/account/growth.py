"""Whether the account grows: spending against itself earlier, and use of the product."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, exact_sum, feature, in_window, ratio, total

_MOST = 5.0
"""A growth above this says no more than "a lot", and would drown every other."""

_USE_DAYS = 120
"""Days before as_of whose use is looked at."""

FEATURES = (
    Feature(
        name="growth_year",
        meaning="Net invoices of the last 365 days against those issued more than 365 and at most "
        "730 days before, as a change from -1 to 5.",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="net invoices of the earlier year were not above 0",
        sentence="spending in a year changed by {value} on the year before; similar accounts "
        "{peer}",
        number_format="+.0%",
        direction={"a_list": 1},
    ),
    Feature(
        name="growth_quarter",
        meaning="Net invoices of the last 91 days against those issued more than 365 and at most "
        "456 days before, as a change from -1 to 5.",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="net invoices of the same quarter of the year before were not above 0",
        sentence="spending in 91 days changed by {value} on the same days last year; similar "
        "accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="growth_half_year",
        meaning="Net invoices of the last 182 days against those issued more than 182 and at most "
        "364 days before, as a change from -1 to 5.",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="net invoices of the half-year before were not above 0",
        sentence="spending in 182 days changed by {value} on the 182 days before; similar "
        "accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="growth_earlier_year",
        meaning="Net invoices issued more than 365 and at most 730 days before against those more "
        "than 730 and at most 1,095 days before, as a change from -1 to 5.",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="net invoices of the older of the two years were not above 0",
        sentence="spending 366 to 730 days ago changed by {value} on the year before that; "
        "similar accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="usage_trend",
        meaning="Mean value of the periods whose day ended in the last 30 days against the mean of "
        "those more than 30 and at most 120 days before, as a change from -1 to 5; per metric, "
        "then averaged over the metrics that have one. Values and changes are rounded to the "
        "nearest thousandth before they are averaged.",
        unit="ratio",
        concept="service",
        needs=("usage",),
        null_means="no metric was measured in both windows with a mean above 0 in the older one",
        sentence="use in 30 days changed by {value} on the 90 days before; similar accounts {peer}",
        number_format="+.0%",
    ),
)


_YEARS = (("net_365d", 0, 365), ("net_366_730d", 365, 730), ("net_731_1095d", 730, 1_095))
_QUARTERS = (("net_91d", 0, 91), ("net_366_456d", 365, 456))
_HALVES = (("net_182d", 0, 182), ("net_183_364d", 182, 364))

MEASURES = tuple(
    total(name, pl.col("amount"), newest=newest, oldest=oldest)
    for name, newest, oldest in (*_YEARS, *_QUARTERS, *_HALVES)
)


def change(now: pl.Expr, then: pl.Expr) -> pl.Expr:
    """One number against an earlier one, as a change; null unless that is above zero."""
    return (ratio(now, then) - 1.0).clip(-1.0, _MOST)


def change_of(recent: str, before: str) -> pl.Expr:
    """Net invoices of one window of `MEASURES` against those of another, as a change."""
    return change(pl.col(recent), pl.col(before))


def usage_change(moment: pl.Expr) -> pl.Expr:
    """Mean use per period of the last 30 days against the 90 before, as a change."""
    means = [
        ratio(exact_sum(pl.col("value").filter(span)), span.sum())
        for span in (in_window(moment, 0, 30), in_window(moment, 30, _USE_DAYS))
    ]
    return change(means[0], means[1])


def growth(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    spending = view.measured("invoices", MEASURES).select(
        *KEYS,
        feature(change_of("net_365d", "net_366_730d"), "growth_year"),
        feature(change_of("net_91d", "net_366_456d"), "growth_quarter"),
        feature(change_of("net_182d", "net_183_364d"), "growth_half_year"),
        feature(change_of("net_366_730d", "net_731_1095d"), "growth_earlier_year"),
    )
    measured = view.calendar.end_of(pl.col("period_on"))
    trend = (
        view.known("usage", within=_USE_DAYS)
        .group_by(*KEYS, "metric")
        .agg(usage_change(measured).alias("trend"))
        .group_by(*KEYS)
        .agg(feature(exact_sum(pl.col("trend")) / pl.col("trend").count(), "usage_trend"))
        .with_columns(pl.col("usage_trend").fill_nan(None))
    )
    return spending.join(trend, on=KEYS, how="left")
