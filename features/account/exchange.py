"""How both sides answer each other: who begins, how fast answers come, and the chase."""

import polars as pl

from features.activity import is_contact, is_personal, is_reply, is_touch
from features.feature import Feature
from features.neighbours import (
    Line,
    earlier,
    is_first_of_moment,
    is_of_moment,
    later,
    previous,
    said,
    so_far,
)
from features.schema import AS_OF, OCCURRED_AT
from features.timeline import MOMENT
from features.view import (
    KEYS,
    View,
    count,
    days_since,
    feature,
    in_window,
    inner_most,
    inner_total,
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
        sentence="replied after {value} hours at the median in 90 days; similar accounts {peer}",
    ),
    Feature(
        name="reply_hours_365d",
        meaning="Median hours from an outbound activity of the last 365 days (exactly 365 "
        "included) to the next inbound one; counted as in reply_hours_90d.",
        unit="hours",
        concept="engagement",
        needs=_NEEDS,
        null_means="no touch of the last 365 days was followed by a reply within 14 days",
        sentence="replied after {value} hours at the median in a year; similar accounts {peer}",
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
        sentence="{value} of our touches 15 to 90 days ago answered within 14 days; similar "
        "accounts {peer}",
        number_format=".0%",
        sentence_at_zero="none of our touches 15 to 90 days ago answered within 14 days; similar "
        "accounts {peer}",
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
        sentence="{value} of the exchanges in a year begun by them; similar accounts {peer}",
        number_format=".0%",
        sentence_at_zero="every exchange in a year begun by us; similar accounts begin {peer}",
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
        sentence="up to {value} touches in a row without an answer in half a year; similar "
        "accounts {peer}",
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


_TOUCH, _INBOUND, _SIGN, _OPEN = (pl.col(name) for name in ("touch", "inbound", "sign", "open"))
_WAIT, _RUN, _MOMENT = pl.col("wait"), pl.col("run"), pl.col(MOMENT)
_PAUSE = pl.duration(days=_ANSWER_DAYS)
_IS_FOLLOWED = (_WAIT <= _PAUSE).fill_null(value=False)

TALK = Line(
    where=is_personal() & pl.col("direction").is_not_null(),
    reads={
        "touch": is_touch(),
        "inbound": (pl.col("direction") == "inbound").fill_null(value=False),
        "sign": is_contact(),
        "open": _IS_UNANSWERED,
    },
    columns={
        "inbound_after": later(_INBOUND),
        "wait": said(_MOMENT, "inbound_after") - _MOMENT,
        "before": earlier(pl.lit(value=True)),
        "is_start": (_MOMENT - said(_MOMENT, "before") > _PAUSE).fill_null(value=True),
        "is_ours": pl.col("is_start") & is_first_of_moment(_TOUCH),
        "is_theirs": pl.col("is_start") & is_first_of_moment(_INBOUND) & ~is_of_moment(_TOUCH),
        "so_far": so_far(_OPEN),
        "sign_before": previous(_SIGN),
        "run": pl.col("so_far") - said(pl.col("so_far"), "sign_before"),
    },
    within=365 + _ANSWER_DAYS,
)
"""What was said, with the wait for the next inbound row, the moments at which an exchange begins
(told at one row of each) and, at a sign, the touches left open since the sign in front of it."""

MEASURES = (
    count("chases", _OPEN, oldest=365, since=_SIGN),
    newest("last_chase", _OPEN, oldest=365, since=_SIGN),
    oldest("first_chase", _OPEN, oldest=365, since=_SIGN),
    count("touches", _TOUCH, newest=_ANSWER_DAYS, oldest=90),
    count("answered", _TOUCH & (~_OPEN | _IS_FOLLOWED), newest=_ANSWER_DAYS, oldest=90),
    count("ours", pl.col("is_ours"), oldest=365),
    count("theirs", pl.col("is_theirs"), oldest=365),
    count("open", _OPEN, oldest=180),
    count("open_since", _OPEN, oldest=180, since=_SIGN),
    inner_total("open_between", _RUN, _SIGN, oldest=180),
    inner_most("longest_between", _RUN, _SIGN, oldest=180),
    newest("last_sign", _SIGN),
)


def reply_hours(days: int) -> pl.Expr:
    """Median hours to the answer of the touches of the last `days` days that got one."""
    waited = _WAIT.dt.total_microseconds() / 3_600e6
    return waited.filter(in_window(_MOMENT, 0, days)).median()


def longest_chase() -> pl.Expr:
    """The longest run of touches left open: before the first sign, between signs, and since."""
    since = pl.col("open_since")
    before = pl.col("open") - pl.col("open_between") - since
    return pl.max_horizontal(before, "longest_between", since)


def exchange(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    measured = view.measured("activities", MEASURES, line=TALK)
    chased = pl.col("last_chase") - pl.col("first_chase")
    theirs = pl.col("theirs")
    told = measured.select(
        *KEYS,
        feature(ratio(pl.col("answered"), pl.col("touches")), "answered_14d_share_90d"),
        feature(ratio(theirs, theirs + pl.col("ours")), "customer_starts_365d"),
        feature(longest_chase(), "longest_chase_180d"),
        feature(days_since(pl.col("first_chase")), "chase_days"),
        feature(
            ratio(chased.dt.total_microseconds() / 86_400e6, pl.col("chases") - 1),
            "chase_gap_days",
        ),
    )
    for part in (_answers(view), _reminders(view, measured.select(*KEYS, "last_sign"))):
        told = told.join(part, on=KEYS, how="left")
    return view.beside(told.select(*KEYS, *(entry.name for entry in FEATURES)))


def _answers(view: View) -> pl.LazyFrame:
    """The answer has to be known as well: only those before as_of count."""
    return (
        view.lined("activities", TALK, where=_OPEN & _IS_FOLLOWED)
        .filter(pl.col(AS_OF) > _MOMENT + _WAIT)
        .group_by(*KEYS)
        .agg(
            feature(reply_hours(90), "reply_hours_90d"),
            feature(reply_hours(365), "reply_hours_365d"),
        )
    )


def _reminders(view: View, signs: pl.LazyFrame) -> pl.LazyFrame:
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
    is_since = (pl.col("last_sign") < _AT).fill_null(value=True)
    is_mail = is_personal() & (pl.col("kind") == "email") & _IS_UNANSWERED
    mails = view.known("activities", within=_DEADLINE_DAYS + 2, where=is_mail)
    return (
        ends.join(signs, on=KEYS)
        .join(mails.select(*KEYS, OCCURRED_AT), on=KEYS, how="left")
        .group_by(*KEYS)
        .agg(feature((is_near & is_since).sum(), "reminders_before_renewal"))
    )
