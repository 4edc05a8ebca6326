"""Whether the account answers: replies, meetings, silence, and touches into the void."""

import polars as pl

from features.activity import is_contact, is_meeting, is_personal, is_reply, is_touch
from features.feature import Feature
from features.schema import OCCURRED_AT
from features.view import KEYS, View, days_since, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)
_NEEDS = ("activities.direction",)
_NO_ACTIVITIES = "the CRM does not say who wrote to whom"
_MOST = 5.0
"""A rise above this says no more than "a lot"."""

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
    Feature(
        name="replies_91_365d",
        meaning="Replies more than 90 and at most 365 days before as_of: inbound rows, and "
        "outbound ones that were answered; automated rows left out.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_ACTIVITIES,
        sentence="{value} replies in the nine months before; similar accounts {peer}",
        sentence_at_zero="no reply in the nine months before; similar accounts {peer}",
        direction={"walk": -1},
    ),
    Feature(
        name="reply_trend",
        meaning="Replies per day of the last 30 days against those of the 90 days before that "
        "(more than 30 and at most 120 days before as_of), as a change: 3 times the first count "
        "over the second, less 1; at most 5. Replies as in replies_91_365d.",
        unit="ratio",
        concept="engagement",
        needs=_NEEDS,
        null_means="no reply in the 90 days before the last 30",
        sentence="replies changed by {value} on the three months before; similar accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="inbound_share_90d",
        meaning="Inbound activities over inbound and outbound ones together, last 90 days; "
        "automated rows left out.",
        unit="share",
        concept="engagement",
        needs=_NEEDS,
        null_means="nothing inbound or outbound in the last 90 days",
        sentence="{value} of the contact in 90 days came from them; similar accounts {peer}",
        sentence_at_zero="no contact in 90 days came from them; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="inbound_share_365d",
        meaning="Inbound activities over inbound and outbound ones together, last 365 days; "
        "automated rows left out.",
        unit="share",
        concept="engagement",
        needs=_NEEDS,
        null_means="nothing inbound or outbound in the last 365 days",
        sentence="{value} of the contact in a year came from them; similar accounts {peer}",
        sentence_at_zero="no contact in a year came from them; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="meetings_31_90d",
        meaning="Meetings, demos and visits more than 30 and at most 90 days before as_of; "
        "automated rows left out.",
        unit="count",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} meetings in the two months before; similar accounts {peer}",
        sentence_at_zero="no meeting in the two months before; similar accounts {peer}",
        direction={"walk": -1},
    ),
    Feature(
        name="meetings_91_365d",
        meaning="Meetings, demos and visits more than 90 and at most 365 days before as_of; "
        "automated rows left out.",
        unit="count",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} meetings in the nine months before; similar accounts {peer}",
        sentence_at_zero="no meeting in the nine months before; similar accounts {peer}",
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


def reply_trend() -> pl.Expr:
    """Replies a day, last 30 days against the 90 before, as a change."""
    return (ratio(replies(0, 30) * 3, replies(30, 120)) - 1.0).clip(-1.0, _MOST)


def inbound_share(days: int) -> pl.Expr:
    """Inbound rows over inbound and outbound ones, last `days` days."""
    came_in = in_window(_AT, 0, days) & (pl.col("direction") == "inbound").fill_null(value=False)
    went_out = in_window(_AT, 0, days) & is_touch()
    return ratio(came_in.sum(), came_in.sum() + went_out.sum())


def silence() -> pl.Expr:
    """Days since the newest reply or shared activity."""
    return days_since(_AT).filter(is_contact()).min()


def one_way_touches(days: int) -> pl.Expr:
    """Unanswered touches of the last `days` days, newer than the newest sign of life."""
    newest = _AT.filter(is_contact()).max()
    is_since = (newest < _AT).fill_null(value=True)
    return (in_window(_AT, 0, days) & is_touch() & ~is_reply() & is_since).sum()


def meetings(newest: int, oldest: int) -> pl.Expr:
    """Meetings, demos and visits between `oldest` and `newest` days before as_of."""
    return (in_window(_AT, newest, oldest) & is_meeting()).sum()


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
            feature(meetings(0, 90), "meetings_90d"),
            feature(replies(90, 365), "replies_91_365d"),
            feature(reply_trend(), "reply_trend"),
            feature(inbound_share(90), "inbound_share_90d"),
            feature(inbound_share(365), "inbound_share_365d"),
            feature(meetings(30, 90), "meetings_31_90d"),
            feature(meetings(90, 365), "meetings_91_365d"),
        )
    )
    counts = ("replies_30d", "replies_31_90d", "replies_91_365d", "one_way_touches")
    meets = ("meetings_90d", "meetings_31_90d", "meetings_91_365d")
    return view.beside(told, zeros=(*counts, *meets))
