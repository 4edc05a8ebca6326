"""Whether the account answers: replies, meetings, silence, and touches into the void."""

import polars as pl

from features.activity import is_contact, is_meeting, is_personal, is_reply, is_touch
from features.feature import Feature
from features.schema import OCCURRED_AT
from features.view import KEYS, View, days_since, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)
_NEEDS = ("activities.direction",)
_NO_ACTIVITIES = "the CRM does not say who wrote to whom"

FEATURES = (
    Feature(
        name="replies_30d",
        meaning="Replies in the last 30 days: inbound rows, and outbound ones that were answered.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_ACTIVITIES,
        sentence="{value} replies in 30 days; similar accounts {peer}",
        sentence_at_zero="no reply in 30 days; similar accounts {peer}",
        direction={"walk": -1},
    ),
    Feature(
        name="replies_31_90d",
        meaning="Replies 31 to 90 days before.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_ACTIVITIES,
        sentence="{value} replies in the two months before; similar accounts {peer}",
        direction={"walk": -1},
    ),
    Feature(
        name="reply_rate_30d",
        meaning="Share of the touches of the last 30 days that were answered.",
        unit="share",
        concept="engagement",
        needs=("activities.direction", "activities.answered"),
        null_means="no touch in the last 30 days",
        sentence="answered {value} of the touches in 30 days; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="reply_rate_90d",
        meaning="Share of the touches of the last 90 days that were answered.",
        unit="share",
        concept="engagement",
        needs=("activities.direction", "activities.answered"),
        null_means="no touch in the last 90 days",
        sentence="answered {value} of the touches in 90 days; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="silence_days",
        meaning="Days since the account last replied or took part in something.",
        unit="days",
        concept="engagement",
        needs=_NEEDS,
        null_means="it never replied",
        sentence="last heard from {value} days ago; similar accounts {peer}",
        sentence_at_zero="heard from today; similar accounts {peer} days ago",
        direction={"walk": 1},
    ),
    Feature(
        name="one_way_touches",
        meaning="Unanswered touches of the last 365 days since the account last took part: the "
        "length of the chase.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_ACTIVITIES,
        sentence="{value} touches since the last answer; similar accounts {peer}",
        sentence_at_zero="answered our last touch; similar accounts leave {peer} open",
    ),
    Feature(
        name="meetings_90d",
        meaning="Meetings, demos and visits in the last 90 days.",
        unit="count",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} meetings in 90 days; similar accounts {peer}",
        sentence_at_zero="no meeting in 90 days; similar accounts {peer}",
        direction={"walk": -1},
    ),
)


def replies(newest: int, oldest: int) -> pl.Expr:
    """Replies between `oldest` and `newest` days before as_of."""
    return (in_window(_AT, newest, oldest) & is_reply()).sum()


def reply_rate(days: int) -> pl.Expr:
    """Answered touches over touches, last `days` days."""
    touched = in_window(_AT, 0, days) & is_touch()
    return ratio((touched & is_reply()).sum(), touched.sum())


def silence() -> pl.Expr:
    """Days since the newest reply or shared activity."""
    return days_since(_AT).filter(is_contact()).min()


def one_way_touches(days: int) -> pl.Expr:
    """Unanswered touches of the last `days` days, newer than the newest sign of life."""
    newest = _AT.filter(is_contact()).max()
    is_since = (newest < _AT).fill_null(value=True)
    return (in_window(_AT, 0, days) & is_touch() & ~is_reply() & is_since).sum()


def meetings(days: int) -> pl.Expr:
    """Meetings, demos and visits of the last `days` days."""
    return (in_window(_AT, 0, days) & is_meeting()).sum()


def engagement(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        view.known("activities")
        .filter(is_personal())
        .group_by(*KEYS)
        .agg(
            feature(replies(0, 30), "replies_30d"),
            feature(replies(30, 90), "replies_31_90d"),
            feature(reply_rate(30), "reply_rate_30d"),
            feature(reply_rate(90), "reply_rate_90d"),
            feature(silence(), "silence_days"),
            feature(one_way_touches(365), "one_way_touches"),
            feature(meetings(90), "meetings_90d"),
        )
    )
    zeros = ("replies_30d", "replies_31_90d", "one_way_touches", "meetings_90d")
    return view.beside(told, zeros=zeros)
