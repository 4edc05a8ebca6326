"""What is being pursued there: open deals, their pushes, and how deals ended before."""

import polars as pl

from features.context import shrunk
from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, OWNER_REP_ID
from features.snapshot import value_at
from features.view import KEYS, View, exact_sum, feature, in_window

_OUTCOME = ("opportunities.outcome", "opportunities.closed_at")
_CLOSED = pl.col("closed_at")
_IS_OPEN = _CLOSED.is_null()
_IS_WON = pl.col("outcome") == "won"
_IS_LOST = pl.col("outcome") == "lost"
_NO_OUTCOMES = "the CRM does not say how deals ended"

FEATURES = (
    Feature(
        name="open_deals",
        meaning="Deals created and not closed at as_of.",
        unit="count",
        concept="momentum",
        needs=("opportunities",),
        null_means="the CRM has no deals",
        sentence="{value} open deals; similar accounts {peer}",
        sentence_at_zero="no open deal; similar accounts {peer}",
    ),
    Feature(
        name="open_amount",
        meaning="Amount of the open deals, as it stood at as_of.",
        unit="money",
        concept="value",
        needs=("opportunities.amount", "opportunity_changes"),
        null_means="the amounts at the time are not known",
        sentence="{value} in open deals; similar accounts {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="pushes_180d",
        meaning="Times a close date moved later in the last 180 days, over all deals.",
        unit="count",
        concept="momentum",
        needs=("opportunity_changes", "opportunities.close_date"),
        null_means="the CRM keeps no history of close dates",
        sentence="close dates pushed {value} times in half a year; similar accounts {peer}",
        sentence_at_zero="no close date pushed in half a year; similar accounts {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="won_365d",
        meaning="Deals won in the last 365 days.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals won in a year; similar accounts {peer}",
        sentence_at_zero="no deal won in a year; similar accounts {peer}",
    ),
    Feature(
        name="lost_365d",
        meaning="Deals lost in the last 365 days.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals lost in a year; similar accounts {peer}",
        sentence_at_zero="no deal lost in a year; similar accounts {peer}",
    ),
    Feature(
        name="customer_win_rate",
        meaning="Share of the account's closed deals that were won, mixed with 20 deals of the "
        "book's rate.",
        unit="share",
        concept="history",
        needs=_OUTCOME,
        null_means="nothing in the book had closed yet",
        sentence="{value} of past deals here were won; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="owner_win_rate",
        meaning="Share of the closed deals of the account's owner that were won, mixed with 20 "
        "deals of the book's rate; the owner as of as_of.",
        unit="share",
        concept="rep_context",
        needs=("accounts.owner_rep_id", "account_changes", *_OUTCOME),
        null_means="the owner at the time is not known, or nothing had closed yet",
        sentence="deals of this book are won at {value}",
        number_format=".0%",
    ),
)


def pursuit(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    deals = view.known("opportunities")
    told = deals.group_by(*KEYS).agg(
        feature(_IS_OPEN.sum(), "open_deals"),
        feature((_IS_WON & in_window(_CLOSED, 0, 365)).sum(), "won_365d"),
        feature((_IS_LOST & in_window(_CLOSED, 0, 365)).sum(), "lost_365d"),
        _IS_WON.sum().alias("won"),
        (_IS_WON | _IS_LOST).sum().alias("closed"),
    )
    base = view.context.base.lazy().select(AS_OF, pl.col("win_rate").alias("base"))
    rate = shrunk(pl.col("won").fill_null(0), pl.col("closed").fill_null(0), pl.col("base"))
    owners = view.context.owners.lazy().select(
        AS_OF, OWNER_REP_ID, feature(pl.col("win_rate"), "owner_win_rate")
    )
    joined = (
        view.value(OWNER_REP_ID)
        .join(owners, on=[AS_OF, OWNER_REP_ID], how="left")
        .join(told, on=KEYS, how="left")
        .join(base, on=AS_OF, how="left")
        .join(_open_amounts(view, deals), on=KEYS, how="left")
        .join(_pushes(view), on=KEYS, how="left")
        .with_columns(feature(rate, "customer_win_rate"))
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    zeros = ("open_deals", "pushes_180d", "won_365d", "lost_365d")
    return view.beside(joined, zeros=zeros).with_columns(
        # Without an open deal the sum is truly zero; with one of unknown amount it is not.
        pl.when(pl.col("open_deals") == 0)
        .then(pl.lit(0.0, pl.Float32))
        .otherwise("open_amount")
        .alias("open_amount")
    )


def _open_amounts(view: View, deals: pl.LazyFrame) -> pl.LazyFrame:
    of_deals = deals.filter(_IS_OPEN).select(
        *KEYS, pl.col(ENTITY_ID).alias(ACCOUNT_ID), pl.col(OPPORTUNITY_ID).alias(ENTITY_ID), AS_OF
    )
    amount = pl.col("amount")
    known = pl.when(amount.count() > 0).then(exact_sum(amount))
    return (
        value_at(of_deals, view.book, "amount").group_by(*KEYS).agg(feature(known, "open_amount"))
    )


def _pushes(view: View) -> pl.LazyFrame:
    day_before, day_after = (
        pl.col(side).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        for side in ("old", "new")
    )
    return (
        view.known("opportunity_changes")
        .filter((pl.col("field") == "close_date") & in_window(pl.col("changed_at"), 0, 180))
        .group_by(*KEYS)
        .agg(feature((day_after > day_before).sum(), "pushes_180d"))
    )
