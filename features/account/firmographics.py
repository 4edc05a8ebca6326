"""Who the account is: how long it has been known, and what its segment is like."""

import polars as pl

from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.view import KEYS, View, days_since, feature

FEATURES = (
    Feature(
        name="tenure_days",
        meaning="Days since the account was entered into the CRM.",
        unit="days",
        concept="history",
        needs=("accounts.created_at",),
        null_means="the CRM does not say when the account was entered",
        sentence="known for {value} days; similar accounts {peer}",
    ),
    Feature(
        name="segment_win_rate",
        meaning="Share of the segment's closed deals that were won, mixed with 20 deals of the "
        "book's rate; the segment as of as_of.",
        unit="share",
        concept="history",
        needs=("accounts.segment", "account_changes", "opportunities.outcome"),
        null_means="the segment at the time is not known, or nothing had closed yet",
        sentence="{value} is the win rate of its segment, with 20 deals of the book weighed in",
        number_format=".0%",
    ),
    Feature(
        name="segment_won_amount",
        meaning="Median amount of the segment's won deals; the segment as of as_of.",
        unit="money",
        concept="value",
        needs=(
            "accounts.segment",
            "account_changes",
            "opportunities.amount",
            "opportunity_changes",
        ),
        null_means="the segment at the time is not known, or it has no won deal",
        sentence="the median won deal of its segment is {value}",
    ),
    Feature(
        name="segment_won_cycle_days",
        meaning="Median days from creation to close of the segment's won deals known so far: the "
        "segment of the deal's account when the deal closed, that of the account as of as_of.",
        unit="days",
        concept="history",
        needs=("accounts.segment", "account_changes", "opportunities.outcome"),
        null_means="the segment at the time is not known, or it has no won deal",
        sentence="the median won deal of its segment took {value} days",
    ),
)


def firmographics(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    created = view.book["accounts"].select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), "created_at")
    tenure = feature(days_since(pl.col("created_at")), "tenure_days")
    read = (
        view.value("segment")
        .join(created, on=ENTITY_ID, how="left")
        .select(*KEYS, AS_OF, "segment", tenure)
    )
    read = view.kept("firmographics", read)
    segments = view.context.segments.lazy().select(
        AS_OF,
        "segment",
        feature(pl.col("win_rate"), "segment_win_rate"),
        feature(pl.col("won_amount_median"), "segment_won_amount"),
        feature(pl.col("won_cycle_days_median"), "segment_won_cycle_days"),
    )
    told = read.join(segments, on=[AS_OF, "segment"], how="left")
    return told.select(*KEYS, *(entry.name for entry in FEATURES))
