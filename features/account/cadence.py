"""When things pass between us and the account: what was last, weeks in use, and silences."""

import polars as pl

from features.activity import is_contact, is_meeting, is_personal, is_touch
from features.feature import Feature
from features.schema import AS_OF, OCCURRED_AT
from features.view import (
    KEYS,
    View,
    block,
    count,
    days_since,
    feature,
    in_window,
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
        sentence="its gaps between contacts vary by {value} of their mean; similar accounts {peer}",
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
        sentence="silent for {value} times its usual gap; similar accounts {peer}",
        number_format=".1f",
    ),
)


def active_weeks(weeks: int) -> pl.Expr:
    """Blocks of seven days with any row, of the last `weeks`."""
    return block(_AT, 7).filter(in_window(_AT, 0, 7 * weeks)).n_unique()


_IS_SIGN = is_personal() & is_contact()

MEASURES = (
    newest("last_touch", is_personal() & is_touch()),
    newest("last_inbound", is_personal() & (pl.col("direction") == "inbound")),
    newest("last_meeting", is_personal() & is_meeting()),
    newest("last_proposal", is_personal() & (pl.col("kind") == "proposal")),
    newest("last_post_sales", is_personal() & (pl.col("phase") == "post_sales")),
    newest("last_sign", _IS_SIGN, oldest=365),
    oldest("first_sign", _IS_SIGN, oldest=365),
    count("signs", _IS_SIGN, oldest=365),
)


def silence_vs_usual() -> pl.Expr:
    """The silence now over the mean gap; the sum of the gaps is newest less oldest."""
    now = (pl.col(AS_OF) - pl.col("last_sign")).dt.total_microseconds()
    whole = (pl.col("last_sign") - pl.col("first_sign")).dt.total_microseconds()
    return ratio(now * (pl.col("signs") - 1), whole).clip(0.0, _MOST)


def cadence(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    rows = view.known("activities", within=365).filter(is_personal())
    weeks = rows.group_by(*KEYS).agg(
        feature(active_weeks(13), "active_weeks_13"),
        feature(active_weeks(52), "active_weeks_52"),
    )
    told = (
        view.measured("activities", MEASURES)
        .join(weeks, on=KEYS, how="left")
        .join(_gaps(rows), on=KEYS, how="left")
        .join(_two_way_months(rows), on=KEYS, how="left")
        .select(
            *KEYS,
            feature(days_since(pl.col("last_touch")), "days_since_touch"),
            feature(days_since(pl.col("last_inbound")), "days_since_inbound"),
            feature(days_since(pl.col("last_meeting")), "days_since_meeting"),
            feature(days_since(pl.col("last_proposal")), "days_since_proposal"),
            feature(days_since(pl.col("last_post_sales")), "post_sales_silence_days"),
            "active_weeks_13",
            "active_weeks_52",
            "two_way_months_12",
            "longest_silence_365d",
            "gap_variation_365d",
            feature(silence_vs_usual(), "silence_vs_usual"),
        )
    )
    return view.beside(told, zeros=("active_weeks_13", "active_weeks_52", "two_way_months_12"))


def _gaps(rows: pl.LazyFrame) -> pl.LazyFrame:
    """KEYS and what the gaps between signs say; a sort once, then sums."""
    gap = _AT.diff().over(*KEYS)
    minutes = gap.dt.total_minutes()
    count_of = pl.col("minutes").count().cast(pl.Int64)
    whole, squares = pl.col("minutes").sum(), (pl.col("minutes") * pl.col("minutes")).sum()
    spread = (count_of * squares - whole * whole).sqrt()
    longest = pl.max_horizontal(pl.col("gap").max(), pl.col(AS_OF).first() - _AT.max())
    return (
        rows.filter(is_contact())
        .select(*KEYS, AS_OF, OCCURRED_AT)
        .sort(*KEYS, OCCURRED_AT)
        .with_columns(gap.alias("gap"), minutes.alias("minutes"))
        .group_by(*KEYS)
        .agg(
            feature(longest.dt.total_microseconds() / 86_400e6, "longest_silence_365d"),
            feature(pl.when(count_of >= 2).then(ratio(spread, whole)), "gap_variation_365d"),
        )
    )


def _two_way_months(rows: pl.LazyFrame) -> pl.LazyFrame:
    is_mutual = (pl.col("direction") == "mutual").fill_null(value=False)
    is_both = is_contact().any() & (is_touch() | is_mutual).any()
    return (
        rows.filter(in_window(_AT, 0, 360))
        .group_by(*KEYS, block(_AT, 30).alias("month"))
        .agg(is_both.alias("is_both"))
        .group_by(*KEYS)
        .agg(feature(pl.col("is_both").sum(), "two_way_months_12"))
    )
