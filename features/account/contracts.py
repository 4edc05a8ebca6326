"""How the account treats its contracts: how late it renews, what it added, what it gave up.

Days are the organisation's. Annual value and automatic renewal are current values without a
history, so they are not read; the notice day is read once it has passed.
"""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, feature, in_window, ratio

_LAPSE_DAYS = 60
"""A contract that ended so many days ago without a renewal is no longer waited for."""

_RENEWS = ("contracts.renewed_at",)
_RENEWED = pl.col("renewed_at")
_LATE = pl.col("renewed_late")
_LEFT = pl.col("days_left")
_IS_STANDING = _RENEWED.is_null() & pl.col("cancelled_at").is_null() & (_LEFT >= 0)
_NOT_SAID = "the CRM does not say when contracts were renewed"
_LATENESS = "calendar days from the end of a contract to its renewal, negative when early"

FEATURES = (
    Feature(
        name="last_renewal_late_days",
        meaning=f"Lateness of the newest renewal: {_LATENESS}; the latest where several were "
        "renewed at one moment.",
        unit="days",
        concept="history",
        needs=_RENEWS,
        null_means="never renewed so far",
        sentence="renewed {value} days after the end last time; similar accounts {peer}",
        sentence_below_zero="renewed {value} days before the end last time; similar accounts "
        "{peer} after",
    ),
    Feature(
        name="renewal_lateness_change",
        meaning=f"Lateness of the newest renewal ({_LATENESS}; the latest where several were "
        "renewed at one moment) less the mean lateness of all the renewals made before that "
        "moment.",
        unit="days",
        concept="history",
        needs=_RENEWS,
        null_means="not renewed at two different moments so far",
        sentence="renewed {value} days later than the mean of the times before; similar "
        "accounts {peer}",
        sentence_below_zero="renewed {value} days earlier than the mean of the times before; "
        "similar accounts {peer} later",
    ),
    Feature(
        name="renewed_late_share",
        meaning="Share of the renewals so far that were made on a day after the contract's end.",
        unit="share",
        concept="history",
        needs=_RENEWS,
        null_means="never renewed so far",
        sentence="{value} of its renewals came after the end; similar accounts {peer}",
        sentence_at_zero="never renewed after the end; similar accounts {peer} of the times",
        number_format=".0%",
    ),
    Feature(
        name="renewed_share",
        meaning="Contracts renewed so far over those that are decided: renewed, or not renewed "
        "and cancelled or ended more than 60 calendar days before the day of as_of.",
        unit="share",
        concept="history",
        needs=_RENEWS,
        null_means="no contract is decided yet",
        sentence="{value} of its contracts were renewed; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="contract_starts_365d",
        meaning="Contracts that began 1 to 365 days before the day of as_of.",
        unit="count",
        concept="value",
        needs=("contracts",),
        null_means="the CRM has no contracts",
        sentence="{value} contracts begun in a year; similar accounts {peer}",
        sentence_at_zero="no contract begun in a year; similar accounts {peer}",
    ),
    Feature(
        name="contracts_cancelled_365d",
        meaning="Contracts cancelled in the last 365 days.",
        unit="count",
        concept="history",
        needs=("contracts.cancelled_at",),
        null_means="the CRM does not say when contracts are cancelled",
        sentence="{value} contracts cancelled in a year; similar accounts {peer}",
        sentence_at_zero="no contract cancelled in a year; similar accounts {peer}",
    ),
    Feature(
        name="contracts_ending_90d",
        meaning="Contracts that end on the day of as_of or up to 90 days after it and are neither "
        "renewed nor cancelled.",
        unit="count",
        concept="timing",
        needs=_RENEWS,
        null_means=_NOT_SAID,
        sentence="{value} contracts end in the next 90 days; similar accounts {peer}",
        sentence_at_zero="no contract ends in the next 90 days; similar accounts {peer}",
    ),
    Feature(
        name="contracts_past_notice",
        meaning="Contracts that end on the day of as_of or later, are neither renewed nor "
        "cancelled, and whose notice day ended before as_of.",
        unit="count",
        concept="timing",
        needs=("contracts.notice_on", *_RENEWS),
        null_means="the CRM has no notice days, or does not say when contracts were renewed",
        sentence="{value} contracts past the notice day; similar accounts {peer}",
        sentence_at_zero="no contract past the notice day; similar accounts {peer}",
    ),
    Feature(
        name="term_left_share",
        meaning="Of the next contract to end (not before the day of as_of, neither renewed nor "
        "cancelled): days left over days from its start to its end; the largest where several end "
        "that day.",
        unit="share",
        concept="timing",
        needs=_RENEWS,
        null_means="no contract runs that waits for renewal",
        sentence="{value} of the contract's term is left; similar accounts {peer}",
        number_format=".0%",
    ),
)


def last_lateness() -> pl.Expr:
    """Days late of the newest renewal; the most of several at one moment."""
    return _LATE.filter(_RENEWED.eq(_RENEWED.max())).max()


def lateness_before() -> pl.Expr:
    """Mean days late of the renewals before the newest; whole days, so their sum is exact."""
    earlier = _LATE.filter(_RENEWED.lt(_RENEWED.max()))
    return ratio(earlier.sum(), earlier.count())


def renewed_share() -> pl.Expr:
    """Renewed contracts over those that are decided."""
    is_gone = _RENEWED.is_null() & (pl.col("cancelled_at").is_not_null() | (_LEFT < -_LAPSE_DAYS))
    return ratio(_RENEWED.count(), _RENEWED.count() + is_gone.sum())


def term_left() -> pl.Expr:
    """Share of its term that is left to the next contract to end."""
    term = (pl.col("ends_on") - pl.col("starts_on")).dt.total_days()
    left = _LEFT.filter(_IS_STANDING)
    return ratio(left, term.filter(_IS_STANDING)).filter(left == left.min()).max()


def contracts(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    today = view.calendar.local_day(pl.col(AS_OF))
    renewed_on = view.calendar.local_day(_RENEWED)
    age = (today - pl.col("starts_on")).dt.total_days()
    is_past_notice = _IS_STANDING & pl.col("notice_on").is_not_null()
    told = (
        view.known("contracts")
        .with_columns(
            (pl.col("ends_on") - today).dt.total_days().alias("days_left"),
            (renewed_on - pl.col("ends_on")).dt.total_days().alias("renewed_late"),
            age.alias("age"),
        )
        .group_by(*KEYS)
        .agg(
            feature(last_lateness(), "last_renewal_late_days"),
            feature(last_lateness() - lateness_before(), "renewal_lateness_change"),
            feature(ratio((_LATE > 0).sum(), _LATE.count()), "renewed_late_share"),
            feature(renewed_share(), "renewed_share"),
            feature(pl.col("age").is_between(1, 365).sum(), "contract_starts_365d"),
            feature(in_window(pl.col("cancelled_at"), 0, 365).sum(), "contracts_cancelled_365d"),
            feature((_IS_STANDING & (_LEFT <= 90)).sum(), "contracts_ending_90d"),
            feature(is_past_notice.sum(), "contracts_past_notice"),
            feature(term_left(), "term_left_share"),
        )
    )
    counts = ("contract_starts_365d", "contracts_cancelled_365d", "contracts_ending_90d")
    return view.beside(told, zeros=(*counts, "contracts_past_notice"))
