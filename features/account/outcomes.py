"""How the account's deals ended: won and lost by window, how long they took, renewals apart."""

import polars as pl

from features.context import shrunk
from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, days_since, feature, in_window

_OUTCOME = ("opportunities.outcome", "opportunities.closed_at")
_CLOSED = pl.col("closed_at")
_IS_WON = pl.col("outcome") == "won"
_IS_LOST = pl.col("outcome") == "lost"
_NO_OUTCOMES = "the CRM does not say how deals ended"
_TYPES = ("renewal", "expansion")

FEATURES = (
    Feature(
        name="won_91_365d",
        meaning="Deals won that closed more than 90 and at most 365 days before as_of.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals won in the nine months before; similar accounts {peer}",
        sentence_at_zero="no deal won in the nine months before; similar accounts {peer}",
    ),
    Feature(
        name="won_366_730d",
        meaning="Deals won that closed more than 365 and at most 730 days before as_of.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals won in the year before; similar accounts {peer}",
        sentence_at_zero="no deal won in the year before; similar accounts {peer}",
    ),
    Feature(
        name="lost_180d",
        meaning="Deals lost that closed from 180 days before as_of on.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals lost in half a year; similar accounts {peer}",
        sentence_at_zero="no deal lost in half a year; similar accounts {peer}",
    ),
    Feature(
        name="days_since_won",
        meaning="Days since the newest close of a deal that was won.",
        unit="days",
        concept="history",
        needs=_OUTCOME,
        null_means="no deal won so far",
        sentence="last won {value} days ago; similar accounts {peer}",
    ),
    Feature(
        name="days_since_lost",
        meaning="Days since the newest close of a deal that was lost.",
        unit="days",
        concept="history",
        needs=_OUTCOME,
        null_means="no deal lost so far",
        sentence="last lost {value} days ago; similar accounts {peer}",
    ),
    Feature(
        name="losses_since_win",
        meaning="Deals lost after the newest close of a won deal; all of them if none was won.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals lost since the last win; similar accounts {peer}",
        sentence_at_zero="no deal lost since the last win; similar accounts {peer}",
    ),
    Feature(
        name="won_cycle_days",
        meaning="Median days from creation to close of the deals won so far, a deal entered after "
        "its close with 0 days.",
        unit="days",
        concept="history",
        needs=_OUTCOME,
        null_means="no deal won so far",
        sentence="its deals take {value} days to win; similar accounts {peer}",
    ),
    Feature(
        name="renewal_win_rate",
        meaning="Share of the account's closed deals of type renewal that were won, mixed with 20 "
        "deals at the rate of renewals: the share won of the book's closed renewals, itself mixed "
        "with 20 deals at the rate of the book's closed deals of any type.",
        unit="share",
        concept="history",
        needs=("opportunities.type", *_OUTCOME),
        null_means="no renewal in the book had closed yet",
        sentence="{value} of renewals here are won; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="expansion_win_rate",
        meaning="Share of the account's closed deals of type expansion that were won, mixed with "
        "20 deals at the rate of expansions: the share won of the book's closed expansions, itself "
        "mixed with 20 deals at the rate of the book's closed deals of any type.",
        unit="share",
        concept="history",
        needs=("opportunities.type", *_OUTCOME),
        null_means="no expansion in the book had closed yet",
        sentence="{value} of expansions here are won; similar accounts {peer}",
        number_format=".0%",
    ),
)


def ended(is_so: pl.Expr, newest: int, oldest: int) -> pl.Expr:
    """Deals that ended so between `oldest` and `newest` days before as_of."""
    return (is_so & in_window(_CLOSED, newest, oldest)).sum()


def losses_since_win() -> pl.Expr:
    """Lost deals that closed after the newest win."""
    newest_win = _CLOSED.filter(_IS_WON).max()
    return (_IS_LOST & (newest_win < _CLOSED).fill_null(value=True)).sum()


def won_cycle() -> pl.Expr:
    """Median days from creation to close of the won deals."""
    days = (_CLOSED - pl.col("created_at")).dt.total_microseconds() / 86_400e6
    return days.clip(0.0).filter(_IS_WON).median()


def outcomes(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    deals = view.known("opportunities")
    told = deals.group_by(*KEYS).agg(
        feature(ended(_IS_WON, 90, 365), "won_91_365d"),
        feature(ended(_IS_WON, 365, 730), "won_366_730d"),
        feature(ended(_IS_LOST, 0, 180), "lost_180d"),
        feature(days_since(_CLOSED).filter(_IS_WON).min(), "days_since_won"),
        feature(days_since(_CLOSED).filter(_IS_LOST).min(), "days_since_lost"),
        feature(losses_since_win(), "losses_since_win"),
        feature(won_cycle(), "won_cycle_days"),
    )
    for kind in _TYPES:
        told = (
            view.keys.select(*KEYS)
            .join(told, on=KEYS, how="left")
            .join(_win_rate(view, deals, kind), on=KEYS, how="left")
        )
    return view.beside(told, zeros=("won_91_365d", "won_366_730d", "lost_180d", "losses_since_win"))


def _win_rate(view: View, deals: pl.LazyFrame, kind: str) -> pl.LazyFrame:
    """KEYS and the shrunk rate of one type of deal, for every spine row."""
    counted = (
        deals.filter(pl.col("type") == kind)
        .group_by(*KEYS)
        .agg(_IS_WON.sum().alias("won"), (_IS_WON | _IS_LOST).sum().alias("closed"))
    )
    usual = (
        view.context.types.lazy()
        .filter(pl.col("type") == kind)
        .select(AS_OF, pl.col("win_rate").alias("usual"))
    )
    rate = shrunk(pl.col("won").fill_null(0), pl.col("closed").fill_null(0), pl.col("usual"))
    return (
        view.keys.join(counted, on=KEYS, how="left")
        .join(usual, on=AS_OF, how="left")
        .select(*KEYS, feature(rate, f"{kind}_win_rate"))
    )
