"""Whether the deal moves: pushes of its date, and what passed between both sides on it.

An activity belongs to the deal that its row names; where the CRM never names one, to every deal
of the account.
"""

import polars as pl

from features.activity import is_contact, is_meeting, is_personal, is_reply, is_touch
from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, OCCURRED_AT
from features.view import KEYS, View, days_since, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)
_DATES = ("opportunity_changes", "opportunities.close_date")
_NO_DATES = "the CRM keeps no history of close dates"
_DIRECTION = ("activities.direction",)
_NO_DIRECTION = "the CRM does not say who wrote to whom"

FEATURES = (
    Feature(
        name="pushes",
        meaning="Times the close date moved later so far.",
        unit="count",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pushed {value} times; similar deals {peer}",
        sentence_at_zero="never pushed; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="days_pushed",
        meaning="Days by which the close date moved later, summed over all pushes.",
        unit="days",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pushed by {value} days in all; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="pushes_across_quarter",
        meaning="Pushes that moved the close date into a later fiscal quarter.",
        unit="count",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pushed across a quarter end {value} times; similar deals {peer}",
        sentence_at_zero="never pushed across a quarter end; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="pull_ins",
        meaning="Times the close date moved earlier so far.",
        unit="count",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pulled in {value} times; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="touches_30d",
        meaning="Touches of ours on the deal in the last 30 days.",
        unit="count",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="{value} touches in 30 days; similar deals {peer}",
    ),
    Feature(
        name="replies_30d",
        meaning="Replies on the deal in the last 30 days.",
        unit="count",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="{value} replies in 30 days; similar deals {peer}",
        sentence_at_zero="no reply in 30 days; similar deals {peer}",
    ),
    Feature(
        name="reply_rate_90d",
        meaning="Share of the touches on the deal that were answered, last 90 days.",
        unit="share",
        concept="engagement",
        needs=("activities.direction", "activities.answered"),
        null_means="no touch in the last 90 days",
        sentence="answered {value} of the touches in 90 days; similar deals {peer}",
        number_format=".0%",
    ),
    Feature(
        name="silence_days",
        meaning="Days since the customer last took part in the deal; since it was created when "
        "they never did.",
        unit="days",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="last heard from {value} days ago; similar deals {peer}",
        sentence_at_zero="heard from today; similar deals {peer} days ago",
    ),
    Feature(
        name="one_way_touches",
        meaning="Unanswered touches on the deal since the customer last took part.",
        unit="count",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="{value} touches since the last answer; similar deals {peer}",
    ),
    Feature(
        name="meetings_90d",
        meaning="Meetings, demos and visits on the deal in the last 90 days.",
        unit="count",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} meetings in 90 days; similar deals {peer}",
        sentence_at_zero="no meeting in 90 days; similar deals {peer}",
    ),
)


def momentum(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    zeros = ("pushes", "days_pushed", "pushes_across_quarter", "pull_ins")
    counts = ("touches_30d", "replies_30d", "one_way_touches", "meetings_90d")
    told = (
        view.spine.select(*KEYS, AS_OF, "created_at")
        .join(_moved_dates(view), on=KEYS, how="left")
        .join(_exchanges(view), on=KEYS, how="left")
        .with_columns(pl.coalesce("silence_days", days_since(pl.col("created_at"))))
        .select(*KEYS, *(pl.col(entry.name).cast(pl.Float32) for entry in FEATURES))
    )
    return view.beside(told, zeros=(*zeros, *counts))


def _moved_dates(view: View) -> pl.LazyFrame:
    before, after = (
        pl.col(side).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        for side in ("old", "new")
    )
    later = (after - before).dt.total_days()
    crosses = view.calendar.quarter_end(after) > view.calendar.quarter_end(before)
    return (
        view.known("opportunity_changes")
        .filter(pl.col("field") == "close_date")
        .with_columns(later.alias("later"), crosses.alias("crosses"))
        .group_by(*KEYS)
        .agg(
            feature((pl.col("later") > 0).sum(), "pushes"),
            feature(pl.col("later").clip(0).sum(), "days_pushed"),
            feature(pl.col("crosses").sum(), "pushes_across_quarter"),
            feature((pl.col("later") < 0).sum(), "pull_ins"),
        )
    )


def _exchanges(view: View) -> pl.LazyFrame:
    key = None if view.book.has("activities.opportunity_id") else ACCOUNT_ID
    touched = in_window(_AT, 0, 90) & is_touch()
    newest = _AT.filter(is_contact()).max()
    is_chase = is_touch() & ~is_reply() & (newest < _AT).fill_null(value=True)
    return (
        view.known("activities", by=key)
        .filter(is_personal())
        .group_by(*KEYS)
        .agg(
            feature((in_window(_AT, 0, 30) & is_touch()).sum(), "touches_30d"),
            feature((in_window(_AT, 0, 30) & is_reply()).sum(), "replies_30d"),
            feature(ratio((touched & is_reply()).sum(), touched.sum()), "reply_rate_90d"),
            days_since(_AT).filter(is_contact()).min().alias("silence_days"),
            feature((in_window(_AT, 0, 365) & is_chase).sum(), "one_way_touches"),
            feature((in_window(_AT, 0, 90) & is_meeting()).sum(), "meetings_90d"),
        )
    )
