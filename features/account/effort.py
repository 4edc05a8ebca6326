"""What we put in: touches, hours, by which means, and how much of it machines did."""

import polars as pl

from features.activity import is_meeting, is_personal, is_touch, minutes
from features.feature import Feature
from features.view import KEYS, View, count, feature, ratio, total

_NO_DIRECTION = "the CRM does not say who wrote to whom"
_MOST = 5.0
"""A rise above this says no more than "a lot"."""

FEATURES = (
    Feature(
        name="touches_30d",
        meaning="Outbound activities of the last 30 days (of 24 hours, exactly 30 included), "
        "automated rows left out.",
        unit="count",
        concept="engagement",
        needs=("activities.direction",),
        null_means=_NO_DIRECTION,
        sentence="{value} touches in 30 days; similar accounts {peer}",
        sentence_at_zero="not contacted in 30 days; similar accounts {peer} times",
    ),
    Feature(
        name="touches_31_90d",
        meaning="Outbound activities more than 30 and at most 90 days of 24 hours before as_of, "
        "automated rows left out.",
        unit="count",
        concept="engagement",
        needs=("activities.direction",),
        null_means=_NO_DIRECTION,
        sentence="{value} touches 31 to 90 days ago; similar accounts {peer}",
        sentence_at_zero="not contacted 31 to 90 days ago; similar accounts {peer}",
    ),
    Feature(
        name="touches_91_365d",
        meaning="Outbound activities more than 90 and at most 365 days of 24 hours before as_of, "
        "automated rows left out.",
        unit="count",
        concept="engagement",
        needs=("activities.direction",),
        null_means=_NO_DIRECTION,
        sentence="{value} touches 91 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="not contacted 91 to 365 days ago; similar accounts {peer}",
    ),
    Feature(
        name="hours_90d",
        meaning="Hours of activity of any direction or none in the last 90 days (of 24 hours, "
        "exactly 90 included), automated rows left out; minutes as in hours_91_365d.",
        unit="hours",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} hours of our time in 90 days; similar accounts {peer}",
        sentence_at_zero="no time spent in 90 days; similar accounts {peer} hours",
        number_format=",.1f",
    ),
    Feature(
        name="hours_91_365d",
        meaning="Hours of activity of any direction or none more than 90 and at most 365 days of "
        "24 hours before as_of, automated rows left out: each row's minutes rounded to whole ones "
        "(a half to the even one), summed, over 60. A row without a duration counts 15 minutes for "
        "an email, call or voicemail and 60 for every other kind.",
        unit="hours",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} hours of our time 91 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="no time spent 91 to 365 days ago; similar accounts {peer} hours",
        number_format=",.1f",
    ),
    Feature(
        name="hours_trend",
        meaning="Hours per day of the last 90 days against those of the 275 days before that "
        "(windows as in hours_90d and hours_91_365d), as a change: 275 times the minutes of the "
        "first over 90 times those of the second, less 1; at least -1 and at most 5. Minutes as in "
        "hours_91_365d.",
        unit="ratio",
        concept="engagement",
        needs=("activities",),
        null_means="no time spent in the earlier 275 days",
        sentence="our time a day in 90 days changed by {value} on the 275 days before; "
        "similar accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="meeting_hours_90d",
        meaning="Hours of meetings, demos and visits of any direction in the last 90 days (of 24 "
        "hours, exactly 90 included), automated rows left out; minutes as in hours_91_365d.",
        unit="hours",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} hours of meetings in 90 days; similar accounts {peer}",
        sentence_at_zero="no hour of meetings in 90 days; similar accounts {peer} hours",
        number_format=",.1f",
    ),
    Feature(
        name="touches_per_meeting_365d",
        meaning="Outbound activities over meetings, demos and visits (of any direction), both of "
        "the last 365 days (of 24 hours, exactly 365 included), automated rows left out; an "
        "outbound meeting counts in both.",
        unit="ratio",
        concept="engagement",
        needs=("activities.direction",),
        null_means="no meeting in the last 365 days",
        sentence="{value} touches for each meeting in a year; similar accounts {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="email_share_365d",
        meaning="Share of the outbound activities of the last 365 days (of 24 hours, exactly 365 "
        "included) whose kind is email, automated rows left out.",
        unit="share",
        concept="engagement",
        needs=("activities.direction",),
        null_means="no touch in the last 365 days",
        sentence="{value} of our touches in a year were e-mails; similar accounts {peer}",
        sentence_at_zero="none of our touches in a year was an e-mail; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="voicemail_share_365d",
        meaning="Share of the outbound calls and voicemails of the last 365 days (of 24 hours, "
        "exactly 365 included) whose kind is voicemail, automated rows left out.",
        unit="share",
        concept="engagement",
        needs=("activities.direction",),
        null_means="no call and no voicemail of ours in the last 365 days",
        sentence="{value} of our calls in a year ended in voicemail; similar accounts {peer}",
        sentence_at_zero="none of our calls in a year ended in voicemail; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="automated_90d",
        meaning="Activities of the last 90 days (of 24 hours, exactly 90 included) marked "
        "automated, of any kind and direction; one that does not say is not.",
        unit="count",
        concept="engagement",
        needs=("activities.automated",),
        null_means="the CRM does not say what was automated",
        sentence="{value} automated messages in 90 days; similar accounts {peer}",
        sentence_at_zero="no automated message in 90 days; similar accounts {peer}",
    ),
)


_IS_TOUCH = is_personal() & is_touch()
_IS_MEETING = is_personal() & is_meeting()
_IS_MAIL = _IS_TOUCH & (pl.col("kind") == "email")
_IS_VOICEMAIL = _IS_TOUCH & (pl.col("kind") == "voicemail")
_IS_CALL = _IS_TOUCH & pl.col("kind").is_in(("call", "voicemail"))

MEASURES = (
    count("touches_30d", _IS_TOUCH, oldest=30),
    count("touches_31_90d", _IS_TOUCH, newest=30, oldest=90),
    count("touches_91_365d", _IS_TOUCH, newest=90, oldest=365),
    count("touches_365d", _IS_TOUCH, oldest=365),
    count("meetings_365d", _IS_MEETING, oldest=365),
    count("mails_365d", _IS_MAIL, oldest=365),
    count("calls_365d", _IS_CALL, oldest=365),
    count("voicemails_365d", _IS_VOICEMAIL, oldest=365),
    count("automated_90d", ~is_personal(), oldest=90),
    total("minutes_90d", minutes(), is_personal(), oldest=90),
    total("minutes_91_365d", minutes(), is_personal(), newest=90, oldest=365),
    total("meeting_minutes_90d", minutes(), _IS_MEETING, oldest=90),
)


def hours_trend() -> pl.Expr:
    """Time a day, last 90 days against the 275 before, as a change."""
    now, then = pl.col("minutes_90d") * 275.0, pl.col("minutes_91_365d") * 90.0
    return (ratio(now, then) - 1.0).clip(-1.0, _MOST)


def share(part: str, whole: str) -> pl.Expr:
    """One count over another."""
    return ratio(pl.col(part), pl.col(whole))


def effort(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    return view.measured("activities", MEASURES).select(
        *KEYS,
        feature(pl.col("touches_30d"), "touches_30d"),
        feature(pl.col("touches_31_90d"), "touches_31_90d"),
        feature(pl.col("touches_91_365d"), "touches_91_365d"),
        feature(pl.col("minutes_90d") / 60.0, "hours_90d"),
        feature(pl.col("minutes_91_365d") / 60.0, "hours_91_365d"),
        feature(hours_trend(), "hours_trend"),
        feature(pl.col("meeting_minutes_90d") / 60.0, "meeting_hours_90d"),
        feature(share("touches_365d", "meetings_365d"), "touches_per_meeting_365d"),
        feature(share("mails_365d", "touches_365d"), "email_share_365d"),
        feature(share("voicemails_365d", "calls_365d"), "voicemail_share_365d"),
        feature(pl.col("automated_90d"), "automated_90d"),
    )
