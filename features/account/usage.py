"""Whether the product is used: how the level moves, how it swings, and what fell out of use.

Every comparison is made within one metric and averaged over the metrics, because metrics have
different units. Values count in whole thousandths, as integers, so that equal levels compare as
equal whatever the order and number of their rows; what follows from them is not rounded.
"""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, days_since, feature, in_window, ratio

_VALUE = pl.col("value")
_PARTS = (_VALUE * 1_000).round().cast(pl.Int64)
"""Values in thousandths."""

_ENDED = pl.col("ended")
_NEEDS = ("usage",)
_MOST = 5.0
"""A change above this says no more than "a lot", and would drown every other."""

_AVERAGED = (
    "per metric, of values rounded to the nearest thousandth, then averaged over the metrics that "
    "have one"
)
_NO_CHANGE = "no metric was measured in both windows with a mean above 0 in the older one"

FEATURES = (
    Feature(
        name="usage_change_14d",
        meaning="Mean value of the periods whose day ended in the last 14 days against the mean of "
        f"those more than 14 and at most 70 days before, as a change from -1 to 5; {_AVERAGED}.",
        unit="ratio",
        concept="service",
        needs=_NEEDS,
        null_means=_NO_CHANGE,
        sentence="use in 14 days changed by {value} on the 56 days before; similar accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="usage_change_90d",
        meaning="Mean value of the periods whose day ended in the last 90 days against the mean of "
        f"those more than 90 and at most 180 days before, as a change from -1 to 5; {_AVERAGED}.",
        unit="ratio",
        concept="service",
        needs=_NEEDS,
        null_means=_NO_CHANGE,
        sentence="use in 90 days changed by {value} on the 90 days before; similar accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="usage_change_year",
        meaning="Mean value of the periods whose day ended in the last 90 days against the mean of "
        f"those more than 365 and at most 455 days before, as a change from -1 to 5; {_AVERAGED}.",
        unit="ratio",
        concept="service",
        needs=_NEEDS,
        null_means=_NO_CHANGE,
        sentence="use in 90 days changed by {value} on the same days last year; similar "
        "accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="usage_swing_180d",
        meaning="Mean absolute deviation from the mean over the mean, of the values whose day "
        f"ended in the last 180 days; {_AVERAGED}.",
        unit="ratio",
        concept="service",
        needs=_NEEDS,
        null_means="no metric has a mean above 0 in the last 180 days",
        sentence="use in half a year swings by {value} around its mean; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="usage_to_peak",
        meaning="Mean value of the periods whose day ended in the last 30 days over the highest "
        f"value of the last 365 days; {_AVERAGED}.",
        unit="share",
        concept="service",
        needs=_NEEDS,
        null_means="no metric was measured in the last 30 days and above 0 in the last 365",
        sentence="use in 30 days stands at {value} of its best in a year; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="usage_silence_days",
        meaning="Days since the end of the newest day with a value above 0, of any metric.",
        unit="days",
        concept="service",
        needs=_NEEDS,
        null_means="no use above 0 was ever measured",
        sentence="last used {value} days ago; similar accounts {peer}",
    ),
    Feature(
        name="metrics_dropped",
        meaning="Metrics with a value above 0 on a day that ended more than 90 and at most 180 "
        "days before, and none in the last 90 days.",
        unit="count",
        concept="service",
        needs=_NEEDS,
        null_means="the CRM does not measure use",
        sentence="{value} functions fell out of use in 90 days; similar accounts {peer}",
        sentence_at_zero="no function fell out of use in 90 days; similar accounts {peer}",
    ),
)


def level_change(recent: int, before: tuple[int, int]) -> pl.Expr:
    """The mean value of the last `recent` days against that of the window `before`, as a change.

    Each sum is weighed with the other window's count: equal means give exactly zero.
    """
    now, then = (_PARTS.filter(in_window(_ENDED, *span)) for span in ((0, recent), before))
    weighed_now = _total(now) * then.len()
    weighed_then = _total(then) * now.len()
    return ratio(weighed_now - weighed_then, weighed_then).clip(-1.0, _MOST)


def swing(days: int) -> pl.Expr:
    """Mean absolute deviation over the mean, last `days` days."""
    parts = _PARTS.filter(in_window(_ENDED, 0, days))
    apart = (parts.cast(pl.Float64) * parts.len() - _total(parts)).abs()
    return ratio(_sum_in_order(apart), _total(parts) * parts.len())


def level_to_peak(recent: int, days: int) -> pl.Expr:
    """The mean value of the last `recent` days over the highest of the last `days`."""
    parts = _PARTS.filter(in_window(_ENDED, 0, recent))
    peak = _PARTS.filter(in_window(_ENDED, 0, days)).max().cast(pl.Float64)
    return ratio(_total(parts), peak * parts.len())


def is_dropped() -> pl.Expr:
    """Whether a metric was in use a quarter ago and is no more."""
    is_used = _VALUE > 0
    before = (is_used & in_window(_ENDED, 90, 180)).any()
    return before & ~(is_used & in_window(_ENDED, 0, 90)).any()


def usage(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    averaged = (
        *("usage_change_14d", "usage_change_90d", "usage_change_year"),
        *("usage_swing_180d", "usage_to_peak"),
    )
    told = (
        view.known("usage")
        .with_columns(view.calendar.end_of(pl.col("period_on")).alias("ended"))
        .group_by(*KEYS, "metric")
        .agg(
            level_change(14, (14, 70)).alias("usage_change_14d"),
            level_change(90, (90, 180)).alias("usage_change_90d"),
            level_change(90, (365, 455)).alias("usage_change_year"),
            swing(180).alias("usage_swing_180d"),
            level_to_peak(30, 365).alias("usage_to_peak"),
            days_since(_ENDED).filter(_VALUE > 0).min().alias("silence"),
            is_dropped().alias("is_dropped"),
        )
        .group_by(*KEYS)
        .agg(
            *(feature(_averaged(name), name) for name in averaged),
            feature(pl.col("silence").min(), "usage_silence_days"),
            feature(pl.col("is_dropped").sum(), "metrics_dropped"),
        )
    )
    return view.beside(told, zeros=("metrics_dropped",))


def _averaged(name: str) -> pl.Expr:
    return ratio(_sum_in_order(pl.col(name)), pl.col(name).count())


def _total(parts: pl.Expr) -> pl.Expr:
    return parts.sum().cast(pl.Float64)


def _sum_in_order(values: pl.Expr) -> pl.Expr:
    """A sum from the smallest up: the order of the rows cannot change its last bit."""
    return values.sort().sum()
