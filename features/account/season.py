"""When in the year the account buys: its fiscal quarter, its period ends, the same days last year.

Quarters are the organisation's fiscal ones: the client's own fiscal year is a current value
without a history, so it is not read.
"""

import polars as pl

from features.calendar import Calendar
from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, exact_sum, feature, in_window, ratio

_AMOUNT = pl.col("amount")
_ISSUED = pl.col("issued_at")
_LAST_DAYS = 14
"""Days at the end of a fiscal quarter in which deals are dashed home."""

_WINS = ("opportunities.outcome", "opportunities.closed_at")
_QUARTER_END = "the last 14 days of a fiscal quarter"

FEATURES = (
    Feature(
        name="orders_season_share",
        meaning="Of the positive invoices of the last 1,095 days, the share issued in the fiscal "
        "quarter of the year (first to fourth) in which the day of as_of lies, in whatever year.",
        unit="share",
        concept="timing",
        needs=("invoices",),
        null_means="no positive invoice in the last 1,095 days",
        sentence="{value} of its orders come in this quarter of the year; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="invoiced_year_ago",
        meaning="Invoices less credit notes issued more than 275 and at most 365 days before: what "
        "the account bought last year in the 90 days that now lie ahead.",
        unit="money",
        concept="timing",
        needs=("invoices",),
        null_means="the CRM has no invoices",
        sentence="{value} invoiced in the coming quarter's days last year; similar accounts {peer}",
    ),
    Feature(
        name="orders_quarter_end_share",
        meaning="Of the positive invoices of the last 730 days, the share issued in "
        f"{_QUARTER_END}.",
        unit="share",
        concept="timing",
        needs=("invoices",),
        null_means="no positive invoice in the last 730 days",
        sentence="{value} of its orders come at a quarter's end; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="wins_season_share",
        meaning="Of the deals won so far, the share closed in the fiscal quarter of the year "
        "(first to fourth) in which the day of as_of lies, in whatever year.",
        unit="share",
        concept="timing",
        needs=_WINS,
        null_means="no deal won so far",
        sentence="{value} of its deals were won in this quarter of the year; similar accounts "
        "{peer}",
        number_format=".0%",
    ),
    Feature(
        name="wins_quarter_end_share",
        meaning=f"Of the deals won so far, the share closed in {_QUARTER_END}.",
        unit="share",
        concept="timing",
        needs=_WINS,
        null_means="no deal won so far",
        sentence="{value} of its deals were won at a quarter's end; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="discount_quarter_end_gap",
        meaning="Discount of the quotes of the last 730 days made in "
        f"{_QUARTER_END} less that of the others; each is 1 minus the sum of amounts over the sum "
        "of list amounts, of quotes that have both and a list amount above 0.",
        unit="share",
        concept="timing",
        needs=("quotes.list_amount", "quotes.amount"),
        null_means="no such quote at a quarter's end, or none at another time",
        sentence="{value} more off the list price at a quarter's end; similar accounts {peer}",
        sentence_below_zero="{value} less off the list price at a quarter's end; similar accounts "
        "{peer} more",
        number_format=".0%",
    ),
)


def is_at_quarter_end(calendar: Calendar, moment: pl.Expr) -> pl.Expr:
    """Whether the organisation's day of a moment is one of the last 14 of its fiscal quarter."""
    on = calendar.local_day(moment)
    return (calendar.quarter_end(on) - on).dt.total_days() < _LAST_DAYS


def is_in_season(calendar: Calendar, moment: pl.Expr) -> pl.Expr:
    """Whether a moment lies in the same quarter of a fiscal year as as_of."""
    then, now = (calendar.local_day(time) for time in (moment, pl.col(AS_OF)))
    return calendar.fiscal_quarter(then) == calendar.fiscal_quarter(now)


def share(is_so: pl.Expr, among: pl.Expr) -> pl.Expr:
    """The share of the rows `among` all that are so."""
    return ratio((is_so & among).sum(), among.sum())


def discount(among: pl.Expr) -> pl.Expr:
    """The part of the list price that the rows `among` all gave away, weighed by list price."""
    listed = exact_sum(pl.col("list_amount").filter(among))
    return 1.0 - ratio(exact_sum(_AMOUNT.filter(among)), listed)


def season(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    bought, won, quoted = _bought(view), _won(view), _quoted(view)
    told = view.keys
    for part in (bought, won, quoted):
        told = told.join(part, on=KEYS, how="left")
    return view.beside(told, zeros=("invoiced_year_ago",))


def _bought(view: View) -> pl.LazyFrame:
    is_order = _AMOUNT > 0
    return (
        view.known("invoices")
        .with_columns(
            is_in_season(view.calendar, _ISSUED).alias("is_in_season"),
            is_at_quarter_end(view.calendar, _ISSUED).alias("is_at_end"),
        )
        .group_by(*KEYS)
        .agg(
            feature(
                share(pl.col("is_in_season"), is_order & in_window(_ISSUED, 0, 1_095)),
                "orders_season_share",
            ),
            feature(exact_sum(_AMOUNT.filter(in_window(_ISSUED, 275, 365))), "invoiced_year_ago"),
            feature(
                share(pl.col("is_at_end"), is_order & in_window(_ISSUED, 0, 730)),
                "orders_quarter_end_share",
            ),
        )
    )


def _won(view: View) -> pl.LazyFrame:
    closed = pl.col("closed_at")
    return (
        view.known("opportunities")
        .filter((pl.col("outcome") == "won") & closed.is_not_null())
        .group_by(*KEYS)
        .agg(
            feature(is_in_season(view.calendar, closed).mean(), "wins_season_share"),
            feature(is_at_quarter_end(view.calendar, closed).mean(), "wins_quarter_end_share"),
        )
    )


def _quoted(view: View) -> pl.LazyFrame:
    quoted = pl.col("quoted_at")
    is_at_end = pl.col("is_at_end")
    return (
        view.known("quotes")
        .filter(in_window(quoted, 0, 730) & (pl.col("list_amount") > 0) & _AMOUNT.is_not_null())
        .with_columns(is_at_quarter_end(view.calendar, quoted).alias("is_at_end"))
        .group_by(*KEYS)
        .agg(feature(discount(is_at_end) - discount(~is_at_end), "discount_quarter_end_gap"))
    )
