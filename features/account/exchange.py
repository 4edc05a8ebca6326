"""How both sides answer each other: who begins, how fast answers come, and the chase."""

import polars as pl

from features.activity import is_contact, is_personal, is_reply, is_touch
from features.feature import Feature
from features.schema import AS_OF, OCCURRED_AT
from features.view import (
    KEYS,
    View,
    count,
    days_since,
    feature,
    in_window,
    newest,
    oldest,
    ratio,
)

_AT = pl.col(OCCURRED_AT)
_NEEDS = ("activities.direction",)
_NO_DIRECTION = "the CRM does not say who wrote to whom"
_ANSWER_DAYS = 14
"""A later answer is taken for one to something else; so long a pause begins a new exchange."""
_DEADLINE_DAYS = 90

_IS_INBOUND = (pl.col("direction") == "inbound").fill_null(value=False)
_IS_UNANSWERED = is_touch() & ~is_reply()

FEATURES = (
    Feature(
        name="reply_hours_90d",
        meaning="Median hours (of an even number, the mean of the middle two) from an outbound "
        "activity of the last 90 days (of 24 hours, exactly 90 included) to the next inbound one "
        "strictly after it, where that came within 14 days (exactly 14 included). Outbound ones "
        "marked answered are left out, they were answered on the spot; several before one reply "
        "each count. Automated rows left out.",
        unit="hours",
        concept="engagement",
        needs=_NEEDS,
        null_means="no touch of the last 90 days was followed by a reply within 14 days",
        sentence="replies after {value} hours; similar accounts {peer}",
    ),
    Feature(
        name="reply_hours_365d",
        meaning="Median hours from an outbound activity of the last 365 days (exactly 365 "
        "included) to the next inbound one; counted as in reply_hours_90d.",
        unit="hours",
        concept="engagement",
        needs=_NEEDS,
        null_means="no touch of the last 365 days was followed by a reply within 14 days",
        sentence="replied after {value} hours over the year; similar accounts {peer}",
    ),
    Feature(
        name="answered_14d_share_90d",
        meaning="Share of the outbound activities more than 14 and at most 90 days of 24 hours "
        "before as_of that were marked answered, or followed within 14 days (exactly 14 included) "
        "by an inbound one strictly after it. Automated rows left out.",
        unit="share",
        concept="engagement",
        needs=_NEEDS,
        null_means="no touch so long ago",
        sentence="{value} of our touches answered within two weeks; similar accounts {peer}",
        number_format=".0%",
        sentence_at_zero="none of our touches answered within two weeks; similar accounts {peer}",
    ),
    Feature(
        name="customer_starts_365d",
        meaning="Share of the exchanges begun in the last 365 days (of 24 hours, exactly 365 "
        "included) that the account began. An exchange begins at a moment with a row (of any "
        "direction, but not without one) and none in the 14 days before it (exactly 14 included; "
        "rows older than the 365 days count there). It is the account's where the moment has an "
        "inbound row and no outbound one, ours where it has an outbound one; one begun by mutual "
        "rows alone is left out. Automated rows left out.",
        unit="share",
        concept="engagement",
        needs=_NEEDS,
        null_means="no side began an exchange in the last 365 days",
        sentence="{value} of the exchanges begun by them; similar accounts {peer}",
        number_format=".0%",
        sentence_at_zero="every exchange begun by us; similar accounts begin {peer}",
    ),
    Feature(
        name="longest_chase_180d",
        meaning="The most outbound activities not marked answered in a row, last 180 days (of 24 "
        "hours, exactly 180 included). A row of them ends with a sign of the account (an inbound "
        "row, an outbound one marked answered, or a mutual one); at one moment the unanswered ones "
        "count before the sign. Automated rows left out, and rows without a direction.",
        unit="count",
        concept="engagement",
        needs=_NEEDS,
        null_means=_NO_DIRECTION,
        sentence="up to {value} touches in a row without an answer; similar accounts {peer}",
        sentence_at_zero="no touch left open in half a year; similar accounts up to {peer}",
    ),
    Feature(
        name="chase_days",
        meaning="Days since the oldest touch that one_way_touches counts: outbound, not marked "
        "answered, of the last 365 days (of 24 hours, exactly 365 included) and strictly after the "
        "newest sign of the account ever (an inbound row, an outbound one marked answered, or a "
        "mutual one). Automated rows left out.",
        unit="days",
        concept="engagement",
        needs=_NEEDS,
        null_means="no touch waits for an answer",
        sentence="chased for {value} days without an answer; similar accounts {peer}",
    ),
    Feature(
        name="chase_gap_days",
        meaning="Mean days between the touches that one_way_touches counts: those from the oldest "
        "to the newest of them over their count less one; 0 when all are of one moment.",
        unit="days",
        concept="engagement",
        needs=_NEEDS,
        null_means="fewer than two touches wait for an answer",
        sentence="chased every {value} days without an answer; similar accounts {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="reminders_before_renewal",
        meaning="Outbound activities of kind email, not marked answered, on or after the calendar "
        "day 90 days before the next contract ends, and strictly after the newest sign of the "
        "account ever (as in chase_days). The next end is the earliest ends_on, the day of as_of "
        "to 90 days after it (both included), of a contract begun on a day before that of as_of "
        "and neither renewed nor cancelled before as_of; days in the organisation's zone. "
        "Automated rows left out.",
        unit="count",
        concept="timing",
        needs=(*_NEEDS, "contracts.renewed_at"),
        null_means="no contract that waits for renewal ends within 90 days",
        sentence="{value} e-mails unanswered before the renewal; similar accounts {peer}",
        sentence_at_zero="no e-mail left open before the renewal; similar accounts {peer}",
    ),
)


def reply_hours(days: int) -> pl.Expr:
    """Median hours to the answer of the touches of the last `days` days that got one."""
    waited = (pl.col("next_inbound") - _AT).dt.total_microseconds() / 3_600e6
    return waited.filter(in_window(_AT, 0, days) & _IS_UNANSWERED & _is_followed()).median()


def answered_share(newest: int, oldest: int) -> pl.Expr:
    """Touches answered at once or in time over touches; give them the days to be answered."""
    touched = in_window(_AT, newest, oldest) & is_touch()
    return ratio((touched & (is_reply() | _is_followed())).sum(), touched.sum())


_IS_WAITING = is_personal() & _IS_UNANSWERED
_IS_SIGN = is_personal() & is_contact()

MEASURES = (
    count("chases", _IS_WAITING, oldest=365, since=_IS_SIGN),
    newest("last_chase", _IS_WAITING, oldest=365, since=_IS_SIGN),
    oldest("first_chase", _IS_WAITING, oldest=365, since=_IS_SIGN),
)


def exchange(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    rows = view.known("activities", within=365 + _ANSWER_DAYS).filter(is_personal())
    recent = rows.filter(pl.col("direction").is_not_null())
    told = _chase(view)
    for part in (_answers(recent), _starts(recent), _runs(recent), _reminders(view, rows)):
        told = told.join(part, on=KEYS, how="left")
    return view.beside(
        told.select(*KEYS, *(entry.name for entry in FEATURES)), zeros=("longest_chase_180d",)
    )


def _is_followed() -> pl.Expr:
    in_time = pl.col("next_inbound") - _AT <= pl.duration(days=_ANSWER_DAYS)
    return in_time.fill_null(value=False)


def _answers(rows: pl.LazyFrame) -> pl.LazyFrame:
    """At one moment inbound rows come first, so that the next one is strictly later."""
    inbound_at = pl.when(_IS_INBOUND).then(_AT)
    following = inbound_at.backward_fill().over(*KEYS, order_by=[OCCURRED_AT, "is_touch"])
    return (
        rows.with_columns(is_touch().alias("is_touch"))
        .with_columns(following.alias("next_inbound"))
        .group_by(*KEYS)
        .agg(
            feature(reply_hours(90), "reply_hours_90d"),
            feature(reply_hours(365), "reply_hours_365d"),
            feature(answered_share(_ANSWER_DAYS, 90), "answered_14d_share_90d"),
        )
    )


def _starts(rows: pl.LazyFrame) -> pl.LazyFrame:
    pause = _AT - _AT.shift(1).over(*KEYS, order_by=OCCURRED_AT)
    is_start = (pause > pl.duration(days=_ANSWER_DAYS)).fill_null(value=True)
    theirs = pl.col("is_inbound") & ~pl.col("is_touch")
    ours_or_theirs = pl.col("is_inbound") | pl.col("is_touch")
    return (
        rows.group_by(*KEYS, AS_OF, OCCURRED_AT)
        .agg(_IS_INBOUND.any().alias("is_inbound"), is_touch().any().alias("is_touch"))
        .filter(is_start)
        .filter(in_window(_AT, 0, 365))
        .group_by(*KEYS)
        .agg(feature(ratio(theirs.sum(), ours_or_theirs.sum()), "customer_starts_365d"))
    )


def _runs(rows: pl.LazyFrame) -> pl.LazyFrame:
    signs_before = pl.col("is_sign").cum_sum().over(*KEYS, order_by=[OCCURRED_AT, "is_sign"])
    return (
        rows.filter(in_window(_AT, 0, 180))
        .with_columns(is_contact().alias("is_sign"))
        .with_columns(signs_before.alias("run"))
        .group_by(*KEYS, "run")
        .agg(_IS_UNANSWERED.sum().alias("touches"))
        .group_by(*KEYS)
        .agg(feature(pl.col("touches").max(), "longest_chase_180d"))
    )


def _is_since() -> pl.Expr:
    """Whether a row is newer than every sign of the account."""
    return (_AT.filter(is_contact()).max() < _AT).fill_null(value=True)


def _chase(view: View) -> pl.LazyFrame:
    newest_chase, oldest_chase = pl.col("last_chase"), pl.col("first_chase")
    whole = (newest_chase - oldest_chase).dt.total_microseconds() / 86_400e6
    return view.measured("activities", MEASURES).select(
        *KEYS,
        feature(days_since(oldest_chase), "chase_days"),
        feature(ratio(whole, pl.col("chases") - 1), "chase_gap_days"),
    )


def _reminders(view: View, rows: pl.LazyFrame) -> pl.LazyFrame:
    today = view.calendar.local_day(pl.col(AS_OF))
    days_left = (pl.col("ends_on") - today).dt.total_days()
    is_standing = pl.col("renewed_at").is_null() & pl.col("cancelled_at").is_null()
    ends = (
        view.known("contracts")
        .filter(is_standing & days_left.is_between(0, _DEADLINE_DAYS))
        .group_by(*KEYS)
        .agg(pl.col("ends_on").min())
    )
    opens = pl.col("ends_on") - pl.duration(days=_DEADLINE_DAYS)
    is_near = view.calendar.local_day(_AT) >= opens
    is_mail = pl.col("kind") == "email"
    count = (is_near & is_mail & _IS_UNANSWERED & _is_since()).sum()
    return (
        ends.join(rows, on=KEYS, how="left")
        .group_by(*KEYS)
        .agg(feature(count, "reminders_before_renewal"))
    )
