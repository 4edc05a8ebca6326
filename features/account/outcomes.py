"""How the account's deals ended: won and lost by window, how long they took, renewals apart."""

import polars as pl

from features.context import Context, shrunk
from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, count, days_since, feature, newest

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
        sentence="{value} deals won 91 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="no deal won 91 to 365 days ago; similar accounts {peer}",
    ),
    Feature(
        name="won_366_730d",
        meaning="Deals won that closed more than 365 and at most 730 days before as_of.",
        unit="count",
        concept="history",
        needs=_OUTCOME,
        null_means=_NO_OUTCOMES,
        sentence="{value} deals won 366 to 730 days ago; similar accounts {peer}",
        sentence_at_zero="no deal won 366 to 730 days ago; similar accounts {peer}",
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
        sentence="the median deal won here took {value} days; similar accounts {peer}",
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
        sentence="{value} is the win rate of renewals here, with 20 renewals weighed in; "
        "similar accounts {peer}",
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
        sentence="{value} is the win rate of expansions here, with 20 expansions weighed in; "
        "similar accounts {peer}",
        number_format=".0%",
    ),
)


MEASURES = (
    count("won_91_365d", _IS_WON, newest=90, oldest=365),
    count("won_366_730d", _IS_WON, newest=365, oldest=730),
    count("lost_180d", _IS_LOST, oldest=180),
    newest("last_won", _IS_WON),
    newest("last_lost", _IS_LOST),
    count("losses_since_win", _IS_LOST, since=_IS_WON),
    *(count(f"won_{kind}", _IS_WON & (pl.col("type") == kind)) for kind in _TYPES),
    *(count(f"lost_{kind}", _IS_LOST & (pl.col("type") == kind)) for kind in _TYPES),
)
"""Asked at the close of a deal."""


def win_rate(kind: str) -> pl.Expr:
    """Share of the closed deals of a type that were won, mixed with the book's rate of them."""
    won, lost = pl.col(f"won_{kind}"), pl.col(f"lost_{kind}")
    return shrunk(won, won + lost, pl.col(f"usual_{kind}"))


def outcomes(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    ended = view.measured("opportunities", MEASURES, at=_CLOSED)
    told = view.kept("outcomes", ended.join(_won_cycles(view), on=KEYS, how="left"))
    for kind in _TYPES:
        told = told.join(_usual(view.context, kind), on=AS_OF, how="left")
    return told.select(
        *KEYS,
        feature(pl.col("won_91_365d"), "won_91_365d"),
        feature(pl.col("won_366_730d"), "won_366_730d"),
        feature(pl.col("lost_180d"), "lost_180d"),
        feature(days_since(pl.col("last_won")), "days_since_won"),
        feature(days_since(pl.col("last_lost")), "days_since_lost"),
        feature(pl.col("losses_since_win"), "losses_since_win"),
        feature(pl.col("won_cycle"), "won_cycle_days"),
        *(feature(win_rate(kind), f"{kind}_win_rate") for kind in _TYPES),
    )


def _won_cycles(view: View) -> pl.LazyFrame:
    """KEYS, won_cycle: median days from creation to close of the won deals."""
    days = (_CLOSED - pl.col("created_at")).dt.total_microseconds() / 86_400e6
    won = view.known("opportunities").filter(_IS_WON)
    return won.group_by(*KEYS).agg(days.clip(0.0).median().alias("won_cycle"))


def _usual(context: Context, kind: str) -> pl.LazyFrame:
    """The book's rate of one type of deal at each as_of."""
    usual = pl.col("win_rate").alias(f"usual_{kind}")
    return context.types.lazy().filter(pl.col("type") == kind).select(AS_OF, usual)
