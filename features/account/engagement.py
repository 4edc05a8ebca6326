"""Whether the account answers: replies, meetings, silence, and touches into the void."""

import polars as pl

from features.activity import is_contact, is_meeting, is_personal, is_reply, is_touch
from features.feature import Feature
from features.view import KEYS, View, count, days_since, feature, newest, ratio

_NEEDS = ("activities.direction",)
_NO_ACTIVITIES = "the CRM does not say who wrote to whom"
_MOST = 5.0
"""A rise above this says no more than "a lot"."""

FEATURES = (
    Feature(
        name="replies_30d",
        meaning="Replies in the last 30 days (of 24 hours, exactly 30 included): inbound rows, and "
        "outbound ones marked answered; automated rows left out.",
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
        meaning="Replies more than 30 and at most 90 days of 24 hours before as_of; replies as in "
        "replies_30d.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_ACTIVITIES,
        sentence="{value} replies 31 to 90 days ago; similar accounts {peer}",
        sentence_at_zero="no reply 31 to 90 days ago; similar accounts {peer}",
        direction={"walk": -1},
    ),
    Feature(
        name="reply_rate_30d",
        meaning="Share of the outbound activities of the last 30 days (of 24 hours, exactly 30 "
        "included) that were marked answered; automated rows left out.",
        unit="share",
        concept="engagement",
        needs=("activities.direction", "activities.answered"),
        null_means="no touch in the last 30 days",
        sentence="answered {value} of the touches in 30 days; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="reply_rate_90d",
        meaning="Share of the outbound activities of the last 90 days (of 24 hours, exactly 90 "
        "included) that were marked answered; automated rows left out.",
        unit="share",
        concept="engagement",
        needs=("activities.direction", "activities.answered"),
        null_means="no touch in the last 90 days",
        sentence="answered {value} of the touches in 90 days; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="silence_days",
        meaning="Days of 24 hours, with parts of one, since the newest sign of the account: an "
        "inbound row, an outbound one marked answered, or a mutual one; automated rows left out.",
        unit="days",
        concept="engagement",
        needs=_NEEDS,
        null_means="it never replied or took part",
        sentence="last heard from {value} days ago; similar accounts {peer}",
        sentence_at_zero="heard from today; similar accounts {peer} days ago",
        direction={"walk": 1},
    ),
    Feature(
        name="one_way_touches",
        meaning="Outbound activities not marked answered, of the last 365 days (of 24 hours, "
        "exactly 365 included) and strictly after the newest sign of the account ever (as in "
        "silence_days): the length of the chase. Automated rows left out.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_ACTIVITIES,
        sentence="{value} touches in a year since the last answer; similar accounts {peer}",
        sentence_at_zero="answered our last touch; similar accounts leave {peer} open",
    ),
    Feature(
        name="meetings_90d",
        meaning="Meetings, demos and visits of any direction in the last 90 days (of 24 hours, "
        "exactly 90 included); automated rows left out.",
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
        meaning="Replies more than 90 and at most 365 days of 24 hours before as_of: inbound rows, "
        "and outbound ones marked answered; automated rows left out.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_ACTIVITIES,
        sentence="{value} replies 91 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="no reply 91 to 365 days ago; similar accounts {peer}",
        direction={"walk": -1},
    ),
    Feature(
        name="reply_trend",
        meaning="Replies per day of the last 30 days (exactly 30 included) against those of the 90 "
        "days before that (more than 30 and at most 120 days of 24 hours before as_of), as a "
        "change: 3 times the first count over the second, less 1; at least -1 and at most 5. "
        "Replies as in replies_91_365d.",
        unit="ratio",
        concept="engagement",
        needs=_NEEDS,
        null_means="no reply in the 90 days before the last 30",
        sentence="replies in 30 days changed by {value} on the rate of the 90 days before; "
        "similar accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="inbound_share_90d",
        meaning="Inbound activities over inbound and outbound ones together, last 90 days (of 24 "
        "hours, exactly 90 included); automated rows left out.",
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
        meaning="Inbound activities over inbound and outbound ones together, last 365 days (of 24 "
        "hours, exactly 365 included); automated rows left out.",
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
        meaning="Meetings, demos and visits of any direction more than 30 and at most 90 days of "
        "24 hours before as_of; automated rows left out.",
        unit="count",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} meetings 31 to 90 days ago; similar accounts {peer}",
        sentence_at_zero="no meeting 31 to 90 days ago; similar accounts {peer}",
        direction={"walk": -1},
    ),
    Feature(
        name="meetings_91_365d",
        meaning="Meetings, demos and visits of any direction more than 90 and at most 365 days of "
        "24 hours before as_of; automated rows left out.",
        unit="count",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} meetings 91 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="no meeting 91 to 365 days ago; similar accounts {peer}",
        direction={"walk": -1},
    ),
)


_IS_INBOUND = is_personal() & (pl.col("direction") == "inbound")
_IS_TOUCH = is_personal() & is_touch()
_IS_REPLY = is_personal() & is_reply()
_IS_SIGN = is_personal() & is_contact()
_IS_MEETING = is_personal() & is_meeting()

MEASURES = (
    count("replies_30d", _IS_REPLY, oldest=30),
    count("replies_31_90d", _IS_REPLY, newest=30, oldest=90),
    count("replies_91_365d", _IS_REPLY, newest=90, oldest=365),
    count("replies_31_120d", _IS_REPLY, newest=30, oldest=120),
    count("touches_30d", _IS_TOUCH, oldest=30),
    count("touches_90d", _IS_TOUCH, oldest=90),
    count("touches_365d", _IS_TOUCH, oldest=365),
    count("answered_30d", _IS_TOUCH & is_reply(), oldest=30),
    count("answered_90d", _IS_TOUCH & is_reply(), oldest=90),
    count("inbound_90d", _IS_INBOUND, oldest=90),
    count("inbound_365d", _IS_INBOUND, oldest=365),
    count("meetings_90d", _IS_MEETING, oldest=90),
    count("meetings_31_90d", _IS_MEETING, newest=30, oldest=90),
    count("meetings_91_365d", _IS_MEETING, newest=90, oldest=365),
    count("one_way_touches", _IS_TOUCH & ~is_reply(), oldest=365, since=_IS_SIGN),
    newest("last_sign", _IS_SIGN),
)


def reply_rate(days: int) -> pl.Expr:
    """Answered touches over touches, last `days` days."""
    return ratio(pl.col(f"answered_{days}d"), pl.col(f"touches_{days}d"))


def reply_trend() -> pl.Expr:
    """Replies a day, last 30 days against the 90 before, as a change."""
    return (ratio(pl.col("replies_30d") * 3, pl.col("replies_31_120d")) - 1.0).clip(-1.0, _MOST)


def inbound_share(days: int) -> pl.Expr:
    """Inbound rows over inbound and outbound ones, last `days` days."""
    came_in, went_out = pl.col(f"inbound_{days}d"), pl.col(f"touches_{days}d")
    return ratio(came_in, came_in + went_out)


def engagement(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = view.measured("activities", MEASURES)
    return told.select(
        *KEYS,
        feature(pl.col("replies_30d"), "replies_30d"),
        feature(pl.col("replies_31_90d"), "replies_31_90d"),
        feature(reply_rate(30), "reply_rate_30d"),
        feature(reply_rate(90), "reply_rate_90d"),
        feature(days_since(pl.col("last_sign")), "silence_days"),
        feature(pl.col("one_way_touches"), "one_way_touches"),
        feature(pl.col("meetings_90d"), "meetings_90d"),
        feature(pl.col("replies_91_365d"), "replies_91_365d"),
        feature(reply_trend(), "reply_trend"),
        feature(inbound_share(90), "inbound_share_90d"),
        feature(inbound_share(365), "inbound_share_365d"),
        feature(pl.col("meetings_31_90d"), "meetings_31_90d"),
        feature(pl.col("meetings_91_365d"), "meetings_91_365d"),
    )
