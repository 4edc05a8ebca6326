"""What we put in: touches, hours, and how much of it machines did."""

import polars as pl

from features.activity import is_personal, is_touch, minutes
from features.feature import Feature
from features.schema import OCCURRED_AT
from features.view import KEYS, View, exact_sum, feature, in_window

_AT = pl.col(OCCURRED_AT)
_NO_DIRECTION = "the CRM does not say who wrote to whom"

FEATURES = (
    Feature(
        name="touches_30d",
        meaning="Touches of ours in the last 30 days, automated ones left out.",
        unit="count",
        concept="engagement",
        needs=("activities.direction",),
        null_means=_NO_DIRECTION,
        sentence="{value} touches in 30 days; similar accounts {peer}",
        sentence_at_zero="not contacted in 30 days; similar accounts {peer} times",
    ),
    Feature(
        name="touches_31_90d",
        meaning="Touches of ours 31 to 90 days before, automated ones left out.",
        unit="count",
        concept="engagement",
        needs=("activities.direction",),
        null_means=_NO_DIRECTION,
        sentence="{value} touches in the two months before; similar accounts {peer}",
    ),
    Feature(
        name="touches_91_365d",
        meaning="Touches of ours 91 to 365 days before, automated ones left out.",
        unit="count",
        concept="engagement",
        needs=("activities.direction",),
        null_means=_NO_DIRECTION,
        sentence="{value} touches in the nine months before; similar accounts {peer}",
    ),
    Feature(
        name="hours_90d",
        meaning="Hours of personal activity in the last 90 days; usual minutes by kind where the "
        "CRM gives no duration.",
        unit="hours",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} hours of our time in 90 days; similar accounts {peer}",
        sentence_at_zero="no time spent in 90 days; similar accounts {peer} hours",
        number_format=",.1f",
    ),
)


def touches(newest: int, oldest: int) -> pl.Expr:
    """Personal touches between `oldest` and `newest` days before as_of."""
    return (in_window(_AT, newest, oldest) & is_touch() & is_personal()).sum()


def hours(days: int) -> pl.Expr:
    """Hours of personal activity in the last `days` days."""
    return exact_sum(minutes().filter(in_window(_AT, 0, days) & is_personal())) / 60.0


def effort(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        view.known("activities")
        .group_by(*KEYS)
        .agg(
            feature(touches(0, 30), "touches_30d"),
            feature(touches(30, 90), "touches_31_90d"),
            feature(touches(90, 365), "touches_91_365d"),
            feature(hours(90), "hours_90d"),
        )
    )
    zeros = ("touches_30d", "touches_31_90d", "touches_91_365d", "hours_90d")
    return view.beside(told, zeros=zeros)
