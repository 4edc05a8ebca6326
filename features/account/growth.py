"""Whether the account grows: spending against itself earlier, and use of the product."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, exact_sum, feature, in_window, ratio

_MOST = 5.0
"""A growth above this says no more than "a lot", and would drown every other."""

FEATURES = (
    Feature(
        name="growth_year",
        meaning="Net invoices of the last 365 days against those issued more than 365 and at most "
        "730 days before, as a change from -1 to 5.",
        unit="ratio",
        concept="value",
        needs=("invoices",),
        null_means="net invoices of the earlier year were not above 0",
        sentence="spending changed by {value} on the year before; similar accounts {peer}",
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
        sentence="spending changed by {value} on the same quarter last year; similar accounts "
        "{peer}",
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
        sentence="spending changed by {value} on the half-year before; similar accounts {peer}",
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
        sentence="spending had changed by {value} the year before; similar accounts {peer}",
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
        sentence="use changed by {value} in a month; similar accounts {peer}",
        number_format="+.0%",
    ),
)


def change_of(
    values: pl.Expr, moment: pl.Expr, recent: tuple[int, int], before: tuple[int, int]
) -> pl.Expr:
    """The sum over the window `recent` against that over the window `before`, as a change.

    Args:
        values: what is summed.
        moment: when each value happened.
        recent: newest and oldest day before as_of of the newer window.
        before: the same of the older window.
    """
    now = exact_sum(values.filter(in_window(moment, *recent)))
    then = exact_sum(values.filter(in_window(moment, *before)))
    return (ratio(now, then) - 1.0).clip(-1.0, _MOST)


def usage_change(moment: pl.Expr) -> pl.Expr:
    """Mean use per period of the last 30 days against the 90 before, as a change."""
    means = [
        ratio(exact_sum(pl.col("value").filter(span)), span.sum())
        for span in (in_window(moment, 0, 30), in_window(moment, 30, 120))
    ]
    return (ratio(means[0], means[1]) - 1.0).clip(-1.0, _MOST)


def growth(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    amount, issued = pl.col("amount"), pl.col("issued_at")
    spending = (
        view.known("invoices")
        .group_by(*KEYS)
        .agg(
            feature(change_of(amount, issued, (0, 365), (365, 730)), "growth_year"),
            feature(change_of(amount, issued, (0, 91), (365, 456)), "growth_quarter"),
            feature(change_of(amount, issued, (0, 182), (182, 364)), "growth_half_year"),
            feature(change_of(amount, issued, (365, 730), (730, 1_095)), "growth_earlier_year"),
        )
    )
    measured = view.calendar.end_of(pl.col("period_on"))
    trend = (
        view.known("usage")
        .filter(in_window(measured, 0, 120))
        .group_by(*KEYS, "metric")
        .agg(usage_change(measured).alias("trend"))
        .group_by(*KEYS)
        .agg(feature(exact_sum(pl.col("trend")) / pl.col("trend").count(), "usage_trend"))
        .with_columns(pl.col("usage_trend").fill_nan(None))
    )
    return view.beside(spending).join(trend, on=KEYS, how="left")
