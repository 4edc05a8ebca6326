"""Whether the account speaks for us: referrals, reference calls, case studies."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, days_since, feature, in_window

_GIVEN = pl.col("given_at")

FEATURES = (
    Feature(
        name="referrals_365d",
        meaning="Referrals and references given in the last 365 days.",
        unit="count",
        concept="advocacy",
        needs=("referrals",),
        null_means="the CRM has no referrals",
        sentence="{value} referrals in a year; similar accounts {peer}",
        sentence_at_zero="no referral in a year; similar accounts {peer}",
        direction={"a_list": 1},
    ),
    Feature(
        name="referrals_earlier",
        meaning="Referrals and references given more than 365 days before.",
        unit="count",
        concept="advocacy",
        needs=("referrals",),
        null_means="the CRM has no referrals",
        sentence="{value} referrals more than a year ago; similar accounts {peer}",
        direction={"a_list": 1},
    ),
    Feature(
        name="referral_silence_days",
        meaning="Days since the last referral or reference.",
        unit="days",
        concept="advocacy",
        needs=("referrals",),
        null_means="never referred anyone",
        sentence="last referral {value} days ago; similar accounts {peer}",
    ),
    Feature(
        name="referrals_91_365d",
        meaning="Referrals and references of any kind given more than 90 and at most 365 days "
        "before.",
        unit="count",
        concept="advocacy",
        needs=("referrals",),
        null_means="the CRM has no referrals",
        sentence="{value} referrals 91 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="no referral 91 to 365 days ago; similar accounts {peer}",
    ),
    Feature(
        name="reference_calls",
        meaning="Reference calls given so far (kind reference_call).",
        unit="count",
        concept="advocacy",
        needs=("referrals.kind",),
        null_means="the CRM does not say what kind of reference was given",
        sentence="{value} reference calls given; similar accounts {peer}",
        sentence_at_zero="no reference call given; similar accounts {peer}",
    ),
    Feature(
        name="case_studies",
        meaning="Case studies given so far (kind case_study).",
        unit="count",
        concept="advocacy",
        needs=("referrals.kind",),
        null_means="the CRM does not say what kind of reference was given",
        sentence="{value} case studies given; similar accounts {peer}",
        sentence_at_zero="no case study given; similar accounts {peer}",
    ),
)


def advocacy(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    is_recent = in_window(_GIVEN, 0, 365)
    told = (
        view.known("referrals")
        .group_by(*KEYS)
        .agg(
            feature(is_recent.sum(), "referrals_365d"),
            feature((~is_recent).sum(), "referrals_earlier"),
            feature(days_since(_GIVEN).min(), "referral_silence_days"),
            feature(in_window(_GIVEN, 90, 365).sum(), "referrals_91_365d"),
            feature((pl.col("kind") == "reference_call").sum(), "reference_calls"),
            feature((pl.col("kind") == "case_study").sum(), "case_studies"),
        )
    )
    windows = ("referrals_365d", "referrals_91_365d", "referrals_earlier")
    return view.beside(told, zeros=(*windows, "reference_calls", "case_studies"))
