"""What we put in: touches, hours, by which means, and how much of it machines did."""

import polars as pl

from features.activity import is_meeting, is_personal, is_touch, minutes
from features.feature import Feature
from features.schema import OCCURRED_AT
from features.view import KEYS, View, exact_sum, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)
_NO_DIRECTION = "the CRM does not say who wrote to whom"
_MOST = 5.0
"""A rise above this says no more than "a lot"."""

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
    Feature(
        name="hours_91_365d",
        meaning="Hours of activity more than 90 and at most 365 days before as_of, automated rows "
        "left out: minutes rounded to whole ones, summed, over 60; without a duration 15 for an "
        "email, call or voicemail and 60 for every other kind.",
        unit="hours",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} hours of our time in the nine months before; similar accounts {peer}",
        sentence_at_zero="no time spent in the nine months before; similar accounts {peer} hours",
        number_format=",.1f",
    ),
    Feature(
        name="hours_trend",
        meaning="Hours per day of the last 90 days against those of the 275 days before that, as "
        "a change: 275 times the minutes of the first over 90 times those of the second, less 1; "
        "at most 5. Minutes as in hours_91_365d.",
        unit="ratio",
        concept="engagement",
        needs=("activities",),
        null_means="no time spent in the earlier 275 days",
        sentence="our time changed by {value} on the nine months before; similar accounts {peer}",
        number_format="+.0%",
    ),
    Feature(
        name="meeting_hours_90d",
        meaning="Hours of meetings, demos and visits in the last 90 days, automated rows left out; "
        "minutes as in hours_91_365d.",
        unit="hours",
        concept="engagement",
        needs=("activities",),
        null_means="the CRM has no activities",
        sentence="{value} hours of meetings in 90 days; similar accounts {peer}",
        sentence_at_zero="no meeting in 90 days; similar accounts {peer} hours",
        number_format=",.1f",
    ),
    Feature(
        name="touches_per_meeting_365d",
        meaning="Outbound activities over meetings, demos and visits (of any direction), last 365 "
        "days, automated rows left out.",
        unit="ratio",
        concept="engagement",
        needs=("activities.direction",),
        null_means="no meeting in the last 365 days",
        sentence="{value} touches for each meeting; similar accounts {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="email_share_365d",
        meaning="Share of the outbound activities of the last 365 days whose kind is email, "
        "automated rows left out.",
        unit="share",
        concept="engagement",
        needs=("activities.direction",),
        null_means="no touch in the last 365 days",
        sentence="{value} of our touches were e-mails; similar accounts {peer}",
        sentence_at_zero="none of our touches was an e-mail; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="voicemail_share_365d",
        meaning="Share of the outbound calls and voicemails of the last 365 days whose kind is "
        "voicemail, automated rows left out.",
        unit="share",
        concept="engagement",
        needs=("activities.direction",),
        null_means="no call and no voicemail of ours in the last 365 days",
        sentence="{value} of our calls ended in voicemail; similar accounts {peer}",
        sentence_at_zero="none of our calls ended in voicemail; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="automated_90d",
        meaning="Activities of the last 90 days marked automated, of any kind and direction.",
        unit="count",
        concept="engagement",
        needs=("activities.automated",),
        null_means="the CRM does not say what was automated",
        sentence="{value} automated messages in 90 days; similar accounts {peer}",
        sentence_at_zero="no automated message in 90 days; similar accounts {peer}",
    ),
)


def touches(newest: int, oldest: int) -> pl.Expr:
    """Personal touches between `oldest` and `newest` days before as_of."""
    return (in_window(_AT, newest, oldest) & is_touch() & is_personal()).sum()


def minutes_of(which: pl.Expr, newest: int, oldest: int) -> pl.Expr:
    """Minutes of those personal rows, between `oldest` and `newest` days before as_of."""
    return exact_sum(minutes().filter(in_window(_AT, newest, oldest) & is_personal() & which))


def hours(newest: int, oldest: int) -> pl.Expr:
    """Hours of personal activity between `oldest` and `newest` days before as_of."""
    return minutes_of(pl.lit(value=True), newest, oldest) / 60.0


def hours_trend() -> pl.Expr:
    """Time a day, last 90 days against the 275 before, as a change."""
    anything = pl.lit(value=True)
    now, then = minutes_of(anything, 0, 90) * 275.0, minutes_of(anything, 90, 365) * 90.0
    return (ratio(now, then) - 1.0).clip(-1.0, _MOST)


def touches_per_meeting(days: int) -> pl.Expr:
    """Touches over meetings, last `days` days."""
    return ratio(touches(0, days), (in_window(_AT, 0, days) & is_meeting() & is_personal()).sum())


def kind_share(kind: str, days: int, *, among: tuple[str, ...] = ()) -> pl.Expr:
    """Share of a kind in our touches of the last `days` days, or in those of some kinds."""
    touched = in_window(_AT, 0, days) & is_touch() & is_personal()
    whole = touched & pl.col("kind").is_in(among) if among else touched
    return ratio((whole & (pl.col("kind") == kind)).sum(), whole.sum())


def automated(days: int) -> pl.Expr:
    """What machines did in the last `days` days."""
    return (in_window(_AT, 0, days) & ~is_personal()).sum()


def effort(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    voicemails = kind_share("voicemail", 365, among=("call", "voicemail"))
    told = (
        view.known("activities")
        .group_by(*KEYS)
        .agg(
            feature(touches(0, 30), "touches_30d"),
            feature(touches(30, 90), "touches_31_90d"),
            feature(touches(90, 365), "touches_91_365d"),
            feature(hours(0, 90), "hours_90d"),
            feature(hours(90, 365), "hours_91_365d"),
            feature(hours_trend(), "hours_trend"),
            feature(minutes_of(is_meeting(), 0, 90) / 60.0, "meeting_hours_90d"),
            feature(touches_per_meeting(365), "touches_per_meeting_365d"),
            feature(kind_share("email", 365), "email_share_365d"),
            feature(voicemails, "voicemail_share_365d"),
            feature(automated(90), "automated_90d"),
        )
    )
    times = ("hours_90d", "hours_91_365d", "meeting_hours_90d")
    counts = ("touches_30d", "touches_31_90d", "touches_91_365d", "automated_90d")
    return view.beside(told, zeros=(*counts, *times))
