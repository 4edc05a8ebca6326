"""The rhythm of a deal: how touches, answers and meetings follow one another, and the pauses.

An activity belongs to the deal that its row names; where the CRM never names one, to every deal
of the account. Automated rows are left out; a row that does not say counts as personal.
"""

import polars as pl

from features.activity import is_contact, is_meeting, is_personal, is_reply, is_touch
from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, OCCURRED_AT
from features.view import KEYS, View, days_since, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)
_DAY = 86_400_000_000
_WEEK = 7 * _DAY
_ROWS = "Personal activities of the deal (of its account where the CRM names no deals)"
_DIRECTION = ("activities.direction",)
_NO_DIRECTION = "the CRM does not say who wrote to whom"
_ACTIVITIES = ("activities",)
_NO_ACTIVITIES = "the CRM has no activities"

FEATURES = (
    Feature(
        name="touches_31_90d",
        meaning=f"{_ROWS} that are outbound, from 90 days before as_of on and earlier than 30 "
        "days before it.",
        unit="count",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="{value} touches 31 to 90 days ago; similar deals {peer}",
    ),
    Feature(
        name="replies_31_90d",
        meaning=f"{_ROWS} that are inbound, or outbound and answered, from 90 days before as_of "
        "on and earlier than 30 days before it.",
        unit="count",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="{value} replies 31 to 90 days ago; similar deals {peer}",
        sentence_at_zero="no reply 31 to 90 days ago; similar deals {peer}",
    ),
    Feature(
        name="activity_trend",
        meaning=f"{_ROWS}, of every kind: the count from 30 days before as_of on, less half the "
        "count of the 60 days before those.",
        unit="count",
        concept="engagement",
        needs=_ACTIVITIES,
        null_means=_NO_ACTIVITIES,
        sentence="{value} more activities in 30 days than in half of the 60 before; similar "
        "deals {peer}",
        sentence_at_zero="as many activities in 30 days as in half of the 60 before; similar deals "
        "{peer} more",
        sentence_below_zero="{value} fewer activities in 30 days than in half of the 60 before",
        number_format=",.1f",
    ),
    Feature(
        name="days_since_touch",
        meaning=f"Days from the newest outbound row to as_of. {_ROWS}.",
        unit="days",
        concept="engagement",
        needs=_DIRECTION,
        null_means="no touch on the deal so far",
        sentence="last touched {value} days ago; similar deals {peer}",
        sentence_at_zero="touched today; similar deals {peer} days ago",
    ),
    Feature(
        name="days_since_meeting",
        meaning=f"Days from the newest meeting, demo or visit to as_of. {_ROWS}.",
        unit="days",
        concept="engagement",
        needs=_ACTIVITIES,
        null_means="no meeting, demo or visit on the deal so far",
        sentence="last met {value} days ago; similar deals {peer}",
        sentence_at_zero="met today; similar deals {peer} days ago",
    ),
    Feature(
        name="active_weeks_8",
        meaning="Of the eight spans of seven days that end at as_of (each with its first and "
        f"without its last moment), those with at least one row. {_ROWS}.",
        unit="weeks",
        concept="engagement",
        needs=_ACTIVITIES,
        null_means=_NO_ACTIVITIES,
        sentence="active in {value} of the last 8 weeks; similar deals {peer}",
        sentence_at_zero="nothing happened in the last 8 weeks; similar deals {peer} weeks",
    ),
    Feature(
        name="longest_silence_days",
        meaning="Longest span without the customer: between successive moments of the list "
        "created_at, every later row that is inbound, mutual, or outbound and answered, as_of. "
        f"{_ROWS}.",
        unit="days",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="once silent for {value} days; similar deals {peer}",
    ),
    Feature(
        name="reply_latency_days",
        meaning="Mean days from an outbound row to the inbound row that comes next, over every "
        "inbound row whose predecessor among the inbound and outbound rows is outbound; of rows "
        f"at the same moment the inbound ones come first. {_ROWS}.",
        unit="days",
        concept="engagement",
        needs=_DIRECTION,
        null_means="no inbound row followed an outbound one so far",
        sentence="answers after {value} days on average; similar deals {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="inbound_share_90d",
        meaning="Inbound rows over inbound and outbound rows, from 90 days before as_of on. "
        f"{_ROWS}.",
        unit="share",
        concept="engagement",
        needs=_DIRECTION,
        null_means="neither an inbound nor an outbound row in the last 90 days",
        sentence="{value} of the messages came from them in 90 days; similar deals {peer}",
        number_format=".0%",
    ),
    Feature(
        name="meetings_made",
        meaning=f"{_ROWS} that are a meeting, a demo or a visit, so far.",
        unit="count",
        concept="engagement",
        needs=_ACTIVITIES,
        null_means=_NO_ACTIVITIES,
        sentence="{value} meetings so far; similar deals {peer}",
        sentence_at_zero="no meeting so far; similar deals {peer}",
    ),
    Feature(
        name="demos_made",
        meaning=f"{_ROWS} that are a demo, so far.",
        unit="count",
        concept="engagement",
        needs=_ACTIVITIES,
        null_means=_NO_ACTIVITIES,
        sentence="{value} demos so far; similar deals {peer}",
        sentence_at_zero="no demo so far; similar deals {peer}",
    ),
    Feature(
        name="first_meeting_age_days",
        meaning="Days from the deal's creation to its first meeting, demo or visit; 0 when that "
        f"came earlier. {_ROWS}.",
        unit="days",
        concept="engagement",
        needs=_ACTIVITIES,
        null_means="no meeting, demo or visit on the deal so far",
        sentence="first met after {value} days; similar deals {peer}",
    ),
)

_COUNTS = (
    "touches_31_90d",
    "replies_31_90d",
    "activity_trend",
    "active_weeks_8",
    "meetings_made",
    "demos_made",
)


def rhythm(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    key = None if view.book.has("activities.opportunity_id") else ACCOUNT_ID
    rows = (
        view.known("activities", by=key)
        .filter(is_personal())
        .join(view.spine.select(*KEYS, "created_at"), on=KEYS)
    )
    told = (
        view.spine.select(*KEYS, AS_OF, "created_at")
        .join(_counted(rows), on=KEYS, how="left")
        .join(_latencies(rows), on=KEYS, how="left")
        .with_columns(pl.coalesce("longest_silence_days", days_since(pl.col("created_at"))))
        .select(*KEYS, *(pl.col(entry.name).cast(pl.Float32) for entry in FEATURES))
    )
    return view.beside(told, zeros=_COUNTS)


def active_weeks(weeks: int) -> pl.Expr:
    """Distinct spans of seven days before as_of that hold a row, of the last `weeks`."""
    # One microsecond less, so that a row exactly seven days old belongs to the newest span.
    span = ((pl.col(AS_OF) - _AT).dt.total_microseconds() - 1) // _WEEK
    return span.filter(in_window(_AT, 0, 7 * weeks)).n_unique()


def longest_silence() -> pl.Expr:
    """Days of the longest pause between creation, the customer's later rows, and as_of."""
    heard = _AT.filter(is_contact() & (pl.col("created_at") < _AT)).sort()
    pauses = pl.max_horizontal(
        heard.first() - pl.col("created_at").first(),
        heard.diff().max(),
        pl.col(AS_OF).first() - heard.last(),
    )
    return pauses.dt.total_microseconds() / _DAY


def _counted(rows: pl.LazyFrame) -> pl.LazyFrame:
    earlier, recent, quarter = (in_window(_AT, *days) for days in ((30, 90), (0, 30), (0, 90)))
    is_inbound = (pl.col("direction") == "inbound").fill_null(value=False)
    either = is_inbound | is_touch()
    first_met = _AT.filter(is_meeting()).min() - pl.col("created_at").first()
    met_after = first_met.dt.total_microseconds().clip(0) / _DAY
    return rows.group_by(*KEYS).agg(
        feature((earlier & is_touch()).sum(), "touches_31_90d"),
        feature((earlier & is_reply()).sum(), "replies_31_90d"),
        feature(recent.sum() - earlier.sum() / 2.0, "activity_trend"),
        feature(days_since(_AT).filter(is_touch()).min(), "days_since_touch"),
        feature(days_since(_AT).filter(is_meeting()).min(), "days_since_meeting"),
        feature(active_weeks(8), "active_weeks_8"),
        longest_silence().alias("longest_silence_days"),
        feature(ratio((quarter & is_inbound).sum(), (quarter & either).sum()), "inbound_share_90d"),
        feature(is_meeting().sum(), "meetings_made"),
        feature((pl.col("kind") == "demo").sum(), "demos_made"),
        feature(met_after, "first_meeting_age_days"),
    )


def _latencies(rows: pl.LazyFrame) -> pl.LazyFrame:
    """KEYS and reply_latency_days, summed in microseconds so that no order shows."""
    waited = (_AT - pl.col("previous_at")).dt.total_microseconds()
    is_answer = ~is_touch() & pl.col("after_touch")
    return (
        rows.filter(pl.col("direction").is_in(["inbound", "outbound"]))
        .sort(*KEYS, _AT, is_touch())
        .with_columns(
            _AT.shift(1).over(*KEYS).alias("previous_at"),
            is_touch().shift(1).over(*KEYS).alias("after_touch"),
        )
        .filter(is_answer)
        .group_by(*KEYS)
        .agg(feature(waited.sum() / _DAY / pl.len(), "reply_latency_days"))
    )
