"""When things pass between us and the account: what was last, weeks in use, and silences."""

import polars as pl

from features.activity import is_contact, is_meeting, is_personal, is_touch
from features.feature import Feature
from features.neighbours import Line, previous, said
from features.schema import AS_OF, OCCURRED_AT
from features.timeline import DAY_US, MOMENT
from features.view import (
    KEYS,
    View,
    blocks,
    count,
    days_since,
    feature,
    inner_most,
    inner_total,
    newest,
    oldest,
    ratio,
)

_AT = pl.col(OCCURRED_AT)
_DIRECTION = ("activities.direction",)
_NO_DIRECTION = "the CRM does not say who wrote to whom"
_NO_ACTIVITIES = "the CRM has no activities"
_MOST = 20.0
"""A silence this many times the usual gap says no more than "far too long"."""

FEATURES = (
    Feature(
        name="days_since_touch",
        meaning="Days of 24 hours, with parts of one, since the newest outbound activity, "
        "automated ones left out.",
        unit="days",
        concept="engagement",
        needs=_DIRECTION,
        null_means="we never reached out",
        sentence="last contacted by us {value} days ago; similar accounts {peer}",
        sentence_at_zero="contacted by us today; similar accounts {peer} days ago",
    ),
    Feature(
        name="days_since_inbound",
        meaning="Days since the newest inbound activity, automated ones left out; days as in "
        "days_since_touch.",
        unit="days",
        concept="engagement",
        needs=_DIRECTION,
        null_means="it never wrote or called by itself",
        sentence="last wrote or called {value} days ago; similar accounts {peer}",
        sentence_at_zero="wrote or called today; similar accounts {peer} days ago",
        direction={"walk": 1},
    ),
    Feature(
        name="days_since_meeting",
        meaning="Days since the newest meeting, demo or visit of any direction, automated ones "
        "left out; days as in days_since_touch.",
        unit="days",
        concept="engagement",
        needs=("activities",),
        null_means="there was never a meeting",
        sentence="last met {value} days ago; similar accounts {peer}",
        sentence_at_zero="met today; similar accounts {peer} days ago",
        direction={"walk": 1},
    ),
    Feature(
        name="days_since_proposal",
        meaning="Days since the newest activity of kind proposal of any direction, automated ones "
        "left out; days as in days_since_touch.",
        unit="days",
        concept="engagement",
        needs=("activities",),
        null_means="there was never a proposal",
        sentence="last proposal {value} days ago; similar accounts {peer}",
        sentence_at_zero="a proposal went out today; similar accounts {peer} days ago",
    ),
    Feature(
        name="post_sales_silence_days",
        meaning="Days since the newest activity of phase post_sales of any direction, automated "
        "ones left out; days as in days_since_touch.",
        unit="days",
        concept="relationship",
        needs=("activities.phase",),
        null_means="nothing was done after a sale yet",
        sentence="last contact after the sale {value} days ago; similar accounts {peer}",
        sentence_at_zero="contact after the sale today; similar accounts {peer} days ago",
    ),
    Feature(
        name="active_weeks_13",
        meaning="Weeks of the last 13 with any activity, of any direction or none, automated ones "
        "left out. Weeks are blocks of 7 days of 24 hours counted back from as_of; one exactly k "
        "weeks before as_of is in block k.",
        unit="weeks",
        concept="engagement",
        needs=("activities",),
        null_means=_NO_ACTIVITIES,
        sentence="something passed in {value} of the last 13 weeks; similar accounts {peer}",
        sentence_at_zero="nothing passed in 13 weeks; similar accounts in {peer} of them",
    ),
    Feature(
        name="active_weeks_52",
        meaning="Weeks of the last 52 with any activity, of any direction or none, automated ones "
        "left out. Weeks are blocks of 7 days of 24 hours counted back from as_of; one exactly k "
        "weeks before as_of is in block k.",
        unit="weeks",
        concept="engagement",
        needs=("activities",),
        null_means=_NO_ACTIVITIES,
        sentence="something passed in {value} of the last 52 weeks; similar accounts {peer}",
        sentence_at_zero="nothing passed in 52 weeks; similar accounts in {peer} of them",
    ),
    Feature(
        name="two_way_months_12",
        meaning="Months of the last 12 with a mutual activity, or with both an outbound one and a "
        "reply (an inbound row, or an outbound one marked answered: that is both); automated rows "
        "left out. Months are blocks of 30 days of 24 hours counted back from as_of; a row exactly "
        "30 k days before as_of is in block k.",
        unit="months",
        concept="engagement",
        needs=_DIRECTION,
        null_means=_NO_DIRECTION,
        sentence="both sides spoke in {value} of the last 12 months; similar accounts {peer}",
        sentence_at_zero="no exchange in 12 months; similar accounts in {peer} of them",
        direction={"walk": -1},
    ),
    Feature(
        name="longest_silence_365d",
        meaning="The longest of the days between two neighbouring signs of the account in the last "
        "365 days (of 24 hours, exactly 365 included), and of the days since the newest one; the "
        "time before the oldest of them is left out. A sign is an inbound row, an outbound one "
        "marked answered, or a mutual one; automated rows left out.",
        unit="days",
        concept="engagement",
        needs=_DIRECTION,
        null_means="not heard from in the last 365 days",
        sentence="silent for up to {value} days in a year; similar accounts {peer}",
    ),
    Feature(
        name="gap_variation_365d",
        meaning="How unsteady the account is: population standard deviation over mean of the gaps "
        "between neighbouring signs of it in the last 365 days, each gap cut down to whole "
        "minutes. Signs and days as in longest_silence_365d; signs at one moment leave gaps of "
        "zero.",
        unit="ratio",
        concept="engagement",
        needs=_DIRECTION,
        null_means="fewer than three signs in the last 365 days, or gaps of zero only",
        sentence="its gaps between contacts in a year vary by {value} of their mean; similar "
        "accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="silence_vs_usual",
        meaning="Time since the newest sign of the account, over the mean gap between neighbouring "
        "signs, of the last 365 days; at most 20. Signs and days as in longest_silence_365d; signs "
        "at one moment leave gaps of zero.",
        unit="ratio",
        concept="engagement",
        needs=_DIRECTION,
        null_means="fewer than two signs in the last 365 days, or all at one moment",
        sentence="silent for {value} times its mean gap in a year; similar accounts {peer}",
        number_format=".1f",
    ),
)


_IS_PERSONAL = is_personal()
_IS_SIGN = _IS_PERSONAL & is_contact()
_IS_OURS = _IS_PERSONAL & (is_touch() | (pl.col("direction") == "mutual").fill_null(value=False))
_MINUTES = pl.col("minutes")

SIGNS = Line(
    where=_IS_SIGN,
    reads={},
    columns={
        "before": previous(pl.lit(value=True)),
        "gap": pl.col(MOMENT) - said(pl.col(MOMENT), "before"),
        "minutes": pl.col("gap").dt.total_minutes(),
    },
    within=365,
)
"""The signs of the account, and the gaps between them."""

MEASURES = (
    newest("last_touch", _IS_PERSONAL & is_touch()),
    newest("last_inbound", _IS_PERSONAL & (pl.col("direction") == "inbound")),
    newest("last_meeting", _IS_PERSONAL & is_meeting()),
    newest("last_proposal", _IS_PERSONAL & (pl.col("kind") == "proposal")),
    newest("last_post_sales", _IS_PERSONAL & (pl.col("phase") == "post_sales")),
    newest("last_sign", _IS_SIGN, oldest=365),
    oldest("first_sign", _IS_SIGN, oldest=365),
    count("signs", _IS_SIGN, oldest=365),
    blocks("weeks_13", _IS_PERSONAL, days=7, oldest=7 * 13),
    blocks("weeks_52", _IS_PERSONAL, days=7, oldest=7 * 52),
    blocks("months_theirs", _IS_SIGN, days=30, oldest=360),
    blocks("months_ours", _IS_OURS, days=30, oldest=360),
    blocks("months_any", _IS_SIGN | _IS_OURS, days=30, oldest=360),
)

GAPS = (
    inner_most("longest_gap", pl.col("gap").dt.total_microseconds(), oldest=365),
    inner_total("gap_minutes", _MINUTES, oldest=365),
    inner_total("gap_squares", _MINUTES * _MINUTES, oldest=365),
)


def silence_vs_usual() -> pl.Expr:
    """The silence now over the mean gap; the sum of the gaps is newest less oldest."""
    now = (pl.col(AS_OF) - pl.col("last_sign")).dt.total_microseconds()
    whole = (pl.col("last_sign") - pl.col("first_sign")).dt.total_microseconds()
    return ratio(now * (pl.col("signs") - 1), whole).clip(0.0, _MOST)


def longest_silence() -> pl.Expr:
    """The longest gap or the silence now, in days; null where nothing was heard."""
    now = (pl.col(AS_OF) - pl.col("last_sign")).dt.total_microseconds()
    return pl.when(now.is_not_null()).then(pl.max_horizontal(pl.col("longest_gap"), now) / DAY_US)


def gap_variation() -> pl.Expr:
    """Standard deviation over mean of the gaps, in whole minutes: integers up to the root."""
    gaps = pl.col("signs") - 1
    whole, squares = (pl.col(name).cast(pl.Int64) for name in ("gap_minutes", "gap_squares"))
    spread = (gaps * squares - whole * whole).sqrt()
    return pl.when(gaps >= 2).then(ratio(spread, whole))


def two_way_months() -> pl.Expr:
    """Months that both sides have: what each of them has, less what any of them has."""
    return pl.col("months_theirs") + pl.col("months_ours") - pl.col("months_any")


def cadence(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = view.measured("activities", MEASURES)
    gaps = view.measured("activities", GAPS, line=SIGNS).drop(AS_OF)
    return told.join(gaps, on=KEYS).select(
        *KEYS,
        feature(days_since(pl.col("last_touch")), "days_since_touch"),
        feature(days_since(pl.col("last_inbound")), "days_since_inbound"),
        feature(days_since(pl.col("last_meeting")), "days_since_meeting"),
        feature(days_since(pl.col("last_proposal")), "days_since_proposal"),
        feature(days_since(pl.col("last_post_sales")), "post_sales_silence_days"),
        feature(pl.col("weeks_13"), "active_weeks_13"),
        feature(pl.col("weeks_52"), "active_weeks_52"),
        feature(two_way_months(), "two_way_months_12"),
        feature(longest_silence(), "longest_silence_365d"),
        feature(gap_variation(), "gap_variation_365d"),
        feature(silence_vs_usual(), "silence_vs_usual"),
    )
