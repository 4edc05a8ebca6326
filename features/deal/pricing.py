"""What the deal is worth and whether its price is on the table.

The discount comes from quotes: the one on the deal itself is a current value without a history.
"""

import polars as pl

from features.activity import is_personal
from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF
from features.view import KEYS, View, feature, ratio

_AMOUNT = pl.col("amount")
_NEEDS = ("opportunities.amount", "opportunity_changes")
_UNKNOWN = "the amount at the time is not known"

FEATURES = (
    Feature(
        name="log_amount",
        meaning="Logarithm (base 10) of one plus the amount as of as_of.",
        unit="log10 money",
        concept="value",
        needs=_NEEDS,
        null_means=_UNKNOWN,
        sentence="",
        number_format=".1f",
        is_rep_editable=True,
    ),
    Feature(
        name="amount_to_won",
        meaning="Amount over the median amount of the won deals of its type; at most 20.",
        unit="ratio",
        concept="value",
        needs=(*_NEEDS, "opportunities.outcome"),
        null_means=f"{_UNKNOWN}, or no deal of its type was won yet",
        sentence="{value} times the median won deal of its type; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="amount_to_segment",
        meaning="Amount over the median amount of the won deals of the account's segment, the "
        "segment as of as_of; at most 20.",
        unit="ratio",
        concept="value",
        needs=(*_NEEDS, "opportunities.outcome", "accounts.segment", "account_changes"),
        null_means=f"{_UNKNOWN}, the segment is not, or no deal of the segment was won yet",
        sentence="{value} times the median won deal of its segment; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="amount_changes",
        meaning="Times the amount changed so far.",
        unit="count",
        concept="value",
        needs=_NEEDS,
        null_means="the CRM keeps no history of amounts",
        sentence="the amount changed {value} times; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="amount_trend",
        meaning="Amount as of as_of against the first one, as a change; at most 5.",
        unit="ratio",
        concept="value",
        needs=_NEEDS,
        null_means=_UNKNOWN,
        sentence="the amount changed by {value} since the start; similar deals {peer}",
        number_format="+.0%",
        is_rep_editable=True,
    ),
    Feature(
        name="is_priced",
        meaning="1 when a quote was made so far, or a proposal (a personal activity of that kind "
        "on the deal; on its account where the CRM names no deals): the price has been discussed.",
        unit="flag",
        concept="value",
        needs=("quotes", "activities"),
        null_means="the CRM has no quotes, or no activities",
        sentence="price is on the table",
        sentence_at_zero="no price on the table yet",
        number_format=".1f",
    ),
    Feature(
        name="discount_depth",
        meaning="Discount of the newest quote with a list price, as a share of it.",
        unit="share",
        concept="value",
        needs=("quotes.list_amount", "quotes.amount"),
        null_means="no quote with a list price so far",
        sentence="{value} off the list price; similar deals {peer}",
        number_format=".0%",
    ),
)

_MOST = 20.0
_MOST_TREND = 5.0


def pricing(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    won = pl.col("won_amount_median")
    types = view.context.types.lazy().select(AS_OF, "type", won.alias("of_type"))
    segments = view.context.segments.lazy().select(AS_OF, "segment", won.alias("of_segment"))
    first = pl.coalesce("first_amount", "amount")
    is_priced = pl.any_horizontal(pl.col("quotes", "proposals").fill_null(0) > 0)
    told = (
        view.spine.select(*KEYS, AS_OF, "type", "amount")
        .join(view.value("segment").select(*KEYS, "segment"), on=KEYS, how="left")
        .join(types, on=[AS_OF, "type"], how="left")
        .join(segments, on=[AS_OF, "segment"], how="left")
        .join(_amount_changes(view), on=KEYS, how="left")
        .join(_quotes(view), on=KEYS, how="left")
        .join(_proposals(view), on=KEYS, how="left")
        .select(
            *KEYS,
            feature((_AMOUNT.clip(0) + 1.0).log10(), "log_amount"),
            feature(ratio(_AMOUNT, pl.col("of_type")).clip(0, _MOST), "amount_to_won"),
            feature(ratio(_AMOUNT, pl.col("of_segment")).clip(0, _MOST), "amount_to_segment"),
            feature(pl.col("changes"), "amount_changes"),
            feature((ratio(_AMOUNT, first) - 1.0).clip(-1.0, _MOST_TREND), "amount_trend"),
            feature(is_priced, "is_priced"),
            feature(pl.col("depth"), "discount_depth"),
        )
    )
    return view.beside(told, zeros=("amount_changes",))


def _amount_changes(view: View) -> pl.LazyFrame:
    old = pl.col("old").cast(pl.Float64, strict=False)
    return (
        view.known("opportunity_changes")
        .filter((pl.col("field") == "amount") & pl.col("old").is_not_null())
        .sort(pl.max_horizontal("recorded_at", "changed_at"), "changed_at", "old", "new")
        .group_by(*KEYS)
        .agg(pl.len().alias("changes"), old.first().alias("first_amount"))
    )


def _quotes(view: View) -> pl.LazyFrame:
    has_list = pl.col("list_amount") > 0
    depth = 1.0 - pl.col("amount") / pl.col("list_amount")
    return (
        view.known("quotes")
        .sort("quoted_at", "quote_id")
        .group_by(*KEYS)
        .agg(
            pl.len().alias("quotes"),
            depth.filter(has_list & pl.col("amount").is_not_null()).last().alias("depth"),
        )
    )


def _proposals(view: View) -> pl.LazyFrame:
    key = None if view.book.has("activities.opportunity_id") else ACCOUNT_ID
    made = (pl.col("kind") == "proposal") & is_personal()
    return (
        view.known("activities", by=key)
        .filter(made)
        .group_by(*KEYS)
        .agg(pl.len().alias("proposals"))
    )
