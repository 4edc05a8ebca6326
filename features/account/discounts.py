"""What the account is offered: quotes made, and how far below the list price.

The discount comes from quotes: the one on a deal is a current value without a history.
"""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, exact_sum, feature, in_window, ratio

_QUOTED = pl.col("quoted_at")
_LISTED = pl.col("list_amount")
_AMOUNT = pl.col("amount")
_NEEDS = ("quotes.list_amount", "quotes.amount")
_POOLED = (
    "1 minus the sum of amounts over the sum of list amounts, of quotes that have both and a list "
    "amount above 0"
)

FEATURES = (
    Feature(
        name="quotes_180d",
        meaning="Quotes made in the last 180 days, over all deals.",
        unit="count",
        concept="value",
        needs=("quotes",),
        null_means="the CRM has no quotes",
        sentence="{value} quotes in half a year; similar accounts {peer}",
        sentence_at_zero="no quote in half a year; similar accounts {peer}",
    ),
    Feature(
        name="discount_365d",
        meaning=f"Discount of the quotes of the last 365 days: {_POOLED}.",
        unit="share",
        concept="value",
        needs=_NEEDS,
        null_means="no quote with a list price in the last 365 days",
        sentence="{value} off the list price in a year; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="discount_change_year",
        meaning="Discount of the quotes of the last 365 days less that of the quotes made more "
        f"than 365 and at most 730 days before; each is {_POOLED}.",
        unit="share",
        concept="value",
        needs=_NEEDS,
        null_means="no quote with a list price in one of the two years",
        sentence="{value} more off the list price in a year than in the year before; similar "
        "accounts {peer}",
        sentence_below_zero="{value} less off the list price in a year than in the year before; "
        "similar accounts up by {peer}",
        number_format=".0%",
    ),
)


def discount(newest: int, oldest: int) -> pl.Expr:
    """The part of the list price given away, weighed by list price."""
    among = in_window(_QUOTED, newest, oldest) & (_LISTED > 0) & _AMOUNT.is_not_null()
    return 1.0 - ratio(exact_sum(_AMOUNT.filter(among)), exact_sum(_LISTED.filter(among)))


def discounts(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        view.known("quotes")
        .group_by(*KEYS)
        .agg(
            feature(in_window(_QUOTED, 0, 180).sum(), "quotes_180d"),
            feature(discount(0, 365), "discount_365d"),
            feature(discount(0, 365) - discount(365, 730), "discount_change_year"),
        )
    )
    return view.beside(told, zeros=("quotes_180d",))
