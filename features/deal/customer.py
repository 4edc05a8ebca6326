"""What else goes on, and went on, with the same customer: other deals, wins, amounts, cycles."""

import polars as pl

from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID
from features.snapshot import value_at
from features.view import KEYS, View, days_since, feature, ratio

_CLOSED = pl.col("closed_at")
_IS_WON = pl.col("outcome") == "won"
_OUTCOME = ("opportunities.outcome", "opportunities.closed_at")
_NO_OUTCOMES = "the CRM does not say how deals ended"
_NO_WIN = "the account has no won deal yet"
_DAY = 86_400e6

FEATURES = (
    Feature(
        name="parallel_deals",
        meaning="Other deals of the account that were created and not closed at as_of.",
        unit="count",
        concept="value",
        needs=("opportunities",),
        null_means="the CRM has no deals",
        sentence="{value} other open deals with this customer; similar deals {peer}",
        sentence_at_zero="the only open deal with this customer; similar deals {peer} others",
    ),
    Feature(
        name="customer_deals_won",
        meaning="Deals of the account won so far.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals won with this customer before; similar deals {peer}",
        sentence_at_zero="no deal won with this customer before; similar deals {peer}",
    ),
    Feature(
        name="customer_deals_lost",
        meaning="Deals of the account lost so far.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals lost with this customer before; similar deals {peer}",
        sentence_at_zero="no deal lost with this customer before; similar deals {peer}",
    ),
    Feature(
        name="days_since_customer_win",
        meaning="Days from the newest closed_at of the account's won deals to as_of.",
        unit="days",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_WIN,
        sentence="last won a deal here {value} days ago; similar deals {peer}",
    ),
    Feature(
        name="amount_to_last_won",
        meaning="The deal's amount over that of the account's newest won deal (by closed_at, then "
        "the greater id), both as of as_of; at most 20.",
        unit="ratio",
        concept="value",
        needs=(*_OUTCOME, "opportunities.amount", "opportunity_changes"),
        null_means=f"{_NO_WIN}, one of the amounts is not known, or that of the won deal is 0",
        sentence="{value} times the last deal won here; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="age_to_customer_cycle",
        meaning="Days since creation over the mean days from creation to closed_at of the "
        "account's won deals (below 0 for one entered after its close); at most 20.",
        unit="ratio",
        concept="history",
        needs=_OUTCOME,
        null_means=f"{_NO_WIN}, or their mean is not above 0",
        sentence="{value} times as old as deals won here were; similar deals {peer}",
        number_format=",.1f",
    ),
)

_COUNTS = ("parallel_deals", "customer_deals_won", "customer_deals_lost")
_MOST = 20.0


def customer(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    others = view.known("opportunities", by=ACCOUNT_ID).filter(
        pl.col(OPPORTUNITY_ID) != pl.col(ENTITY_ID)
    )
    took = (_CLOSED - pl.col("created_at")).dt.total_microseconds().filter(_IS_WON)
    counted = others.group_by(*KEYS).agg(
        feature(_CLOSED.is_null().sum(), "parallel_deals"),
        feature(_IS_WON.sum(), "customer_deals_won"),
        feature((pl.col("outcome") == "lost").sum(), "customer_deals_lost"),
        feature(days_since(_CLOSED).filter(_IS_WON).min(), "days_since_customer_win"),
        ratio(took.sum() / _DAY, took.count()).alias("cycle"),
    )
    told = (
        view.spine.select(*KEYS, "amount", "age_days")
        .join(counted, on=KEYS, how="left")
        .join(_last_won(view, others), on=KEYS, how="left")
        .with_columns(
            feature(
                ratio(pl.col("amount"), pl.col("last_won")).clip(0, _MOST), "amount_to_last_won"
            ),
            feature(
                ratio(pl.col("age_days"), pl.col("cycle")).clip(0, _MOST), "age_to_customer_cycle"
            ),
        )
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=_COUNTS)


def _last_won(view: View, others: pl.LazyFrame) -> pl.LazyFrame:
    """KEYS and the amount, as of as_of, of the account's newest won deal."""
    newest = (
        others.filter(_IS_WON)
        .sort("closed_at", OPPORTUNITY_ID)
        .group_by(*KEYS, AS_OF)
        .agg(pl.col(ACCOUNT_ID).last(), pl.col(OPPORTUNITY_ID).last().alias(ENTITY_ID))
    )
    return value_at(newest, view.book, "amount").select(*KEYS, pl.col("amount").alias("last_won"))
