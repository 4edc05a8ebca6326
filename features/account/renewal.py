"""What the account's contracts say: when the next one ends, and how late it renews."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, feature, ratio

_LAPSE_DAYS = 60
"""A contract that ended so many days ago without a renewal is no longer waited for."""

_RENEWS = ("contracts.renewed_at",)
_ENDS = pl.col("ends_on")
_IS_STANDING = pl.col("renewed_at").is_null() & pl.col("cancelled_at").is_null()

FEATURES = (
    Feature(
        name="days_to_renewal",
        meaning="Calendar days from the day of as_of to the earliest end of a contract that is "
        "neither renewed nor cancelled and ended at most 60 days before that day; negative once it "
        "has ended.",
        unit="days",
        concept="timing",
        needs=_RENEWS,
        null_means="no contract waits for renewal",
        sentence="{value} days to renewal; similar accounts {peer}",
        sentence_below_zero="a contract ended {value} days ago and is not renewed",
    ),
    Feature(
        name="contracts_running",
        meaning="Contracts whose first day ended before as_of, whose last day is the day of as_of "
        "or later, and that are not cancelled.",
        unit="count",
        concept="value",
        needs=("contracts",),
        null_means="the CRM has no contracts",
        sentence="{value} contracts running; similar accounts {peer}",
        sentence_at_zero="no running contract; similar accounts {peer}",
    ),
    Feature(
        name="renewals_made",
        meaning="Contracts renewed so far.",
        unit="count",
        concept="history",
        needs=_RENEWS,
        null_means="the CRM does not say when contracts were renewed",
        sentence="renewed {value} times; similar accounts {peer}",
        sentence_at_zero="never renewed yet; similar accounts {peer} times",
    ),
    Feature(
        name="renewal_lateness_days",
        meaning="Mean calendar days from the end of a contract to the day of its renewal; negative "
        "when early.",
        unit="days",
        concept="history",
        needs=_RENEWS,
        null_means="never renewed so far",
        sentence="renews {value} days after the end on average; similar accounts {peer}",
        sentence_below_zero="renews {value} days before the end on average; similar accounts "
        "{peer} after",
    ),
    Feature(
        name="contracts_lapsed_730d",
        meaning="Contracts that ended 1 to 730 days before the day of as_of, not renewed: ended "
        "more than 60 days before it, or cancelled, be it before the end or after. One cancelled "
        "early counts from the day after its end.",
        unit="count",
        concept="history",
        needs=_RENEWS,
        null_means="the CRM does not say when contracts were renewed",
        sentence="{value} contracts lapsed in two years; similar accounts {peer}",
    ),
)


def days_to_renewal() -> pl.Expr:
    """Days to the nearest end that is still waited for."""
    return pl.col("days_left").filter(_IS_STANDING & (pl.col("days_left") >= -_LAPSE_DAYS)).min()


def contracts_running() -> pl.Expr:
    """Contracts whose last day has not passed and that were not cancelled."""
    return ((pl.col("days_left") >= 0) & pl.col("cancelled_at").is_null()).sum()


def renewal_lateness() -> pl.Expr:
    """Mean days from the end of a contract to its renewal."""
    renewed = pl.col("renewed_late")
    return ratio(renewed.sum(), renewed.count())


def contracts_lapsed(days: int) -> pl.Expr:
    """Contracts that ended without a renewal in the last `days` days, cancelled ones included."""
    is_gone = pl.col("cancelled_at").is_not_null() | (pl.col("days_left") < -_LAPSE_DAYS)
    is_recent = pl.col("days_left").is_between(-days, 0, closed="left")
    return (pl.col("renewed_at").is_null() & is_gone & is_recent).sum()


def renewal(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    today = view.calendar.local_day(pl.col(AS_OF))
    renewed_on = view.calendar.local_day(pl.col("renewed_at"))
    told = (
        view.known("contracts")
        .with_columns(
            (_ENDS - today).dt.total_days().alias("days_left"),
            (renewed_on - _ENDS).dt.total_days().alias("renewed_late"),
        )
        .group_by(*KEYS)
        .agg(
            feature(days_to_renewal(), "days_to_renewal"),
            feature(contracts_running(), "contracts_running"),
            feature(pl.col("renewed_at").count(), "renewals_made"),
            feature(renewal_lateness(), "renewal_lateness_days"),
            feature(contracts_lapsed(730), "contracts_lapsed_730d"),
        )
    )
    return view.beside(told, zeros=("contracts_running", "renewals_made", "contracts_lapsed_730d"))
