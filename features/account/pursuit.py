"""What is being pursued there: open deals, their pushes, and how deals ended before."""

import polars as pl

from features.context import shrunk
from features.feature import Feature
from features.history import is_push, value_at
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, OWNER_REP_ID
from features.view import KEYS, View, count, exact_sum, feature

_OUTCOME = ("opportunities.outcome", "opportunities.closed_at")
_CLOSED = pl.col("closed_at")
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
        sentence="{value} is the win rate here, with 20 deals of the book weighed in; similar"
        " accounts {peer}",
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


DEALS = (count("deals"),)
ENDS = (
    count("ended"),
    count("won", _IS_WON),
    count("lost", _IS_LOST),
    count("won_365d", _IS_WON, oldest=365),
    count("lost_365d", _IS_LOST, oldest=365),
)
"""Asked at the close of a deal."""


def pursuit(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = view.kept("pursuit", _read(view))
    base = view.context.base.lazy().select(AS_OF, pl.col("win_rate").alias("base"))
    owners = view.context.owners.lazy().select(
        AS_OF, OWNER_REP_ID, feature(pl.col("win_rate"), "owner_win_rate")
    )
    open_deals = pl.col("deals") - pl.col("ended")
    # Without an open deal the sum is truly zero; with one of unknown amount it is not.
    amount = pl.when(open_deals == 0).then(0.0).otherwise("open_amount")
    rate = shrunk(pl.col("won"), pl.col("won") + pl.col("lost"), pl.col("base"))
    return (
        told.join(owners, on=[AS_OF, OWNER_REP_ID], how="left")
        .join(base, on=AS_OF, how="left")
        .select(
            *KEYS,
            feature(open_deals, "open_deals"),
            feature(amount, "open_amount"),
            feature(pl.col("pushes").fill_null(0), "pushes_180d"),
            feature(pl.col("won_365d"), "won_365d"),
            feature(pl.col("lost_365d"), "lost_365d"),
            feature(rate, "customer_win_rate"),
            "owner_win_rate",
        )
    )


def _read(view: View) -> pl.LazyFrame:
    """KEYS, as_of, the owner, the open amount, the pushes, and what `DEALS` and `ENDS` count."""
    told = view.value(OWNER_REP_ID).select(*KEYS, AS_OF, OWNER_REP_ID)
    counted = (
        view.measured("opportunities", DEALS),
        view.measured("opportunities", ENDS, at=_CLOSED),
    )
    for part in (*(frame.drop(AS_OF) for frame in counted), _pushes(view), _open_amounts(view)):
        told = told.join(part, on=KEYS, how="left")
    return told


def _pushes(view: View) -> pl.LazyFrame:
    """KEYS, pushes: close dates that moved later in the last 180 days."""
    moved = view.known("opportunity_changes", within=180, where=is_push())
    return moved.group_by(*KEYS).agg(pl.len().cast(pl.Int64).alias("pushes"))


def _open_amounts(view: View) -> pl.LazyFrame:
    """KEYS, open_amount: null where no amount of an open deal is known."""
    of_deals = (
        view.known("opportunities")
        .filter(_CLOSED.is_null())
        .select(
            *KEYS,
            pl.col(ENTITY_ID).alias(ACCOUNT_ID),
            pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
            AS_OF,
        )
    )
    amount = pl.col("amount")
    known = pl.when(amount.count() > 0).then(exact_sum(amount))
    return value_at(of_deals, view.book, "amount").group_by(*KEYS).agg(known.alias("open_amount"))
