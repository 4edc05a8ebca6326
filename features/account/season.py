"""When in the year the account buys: its fiscal quarter, its period ends, the same days last year.

Quarters are the organisation's fiscal ones: the client's own fiscal year is a current value
without a history, so it is not read.
"""

import polars as pl

from features.calendar import Calendar
from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, Measure, View, count, feature, ratio, total

_AMOUNT = pl.col("amount")
_ISSUED = pl.col("issued_at")
_QUARTERS = (1, 2, 3, 4)
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
        sentence="{value} of its orders of three years came in this quarter of the year; "
        "similar accounts {peer}",
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
        sentence="{value} invoiced 276 to 365 days ago, in the coming days of last year; "
        "similar accounts {peer}",
    ),
    Feature(
        name="orders_quarter_end_share",
        meaning="Of the positive invoices of the last 730 days, the share issued in "
        f"{_QUARTER_END}.",
        unit="share",
        concept="timing",
        needs=("invoices",),
        null_means="no positive invoice in the last 730 days",
        sentence="{value} of its orders in two years came in the last 14 days of a quarter; "
        "similar accounts {peer}",
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
        sentence="{value} of its deals were won in the last 14 days of a quarter; similar "
        "accounts {peer}",
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
        sentence="{value} more off the list price in the last 14 days of a quarter; similar "
        "accounts {peer}",
        sentence_below_zero="{value} less off the list price in the last 14 days of a quarter; "
        "similar accounts {peer} more",
        number_format=".0%",
    ),
)


def is_at_quarter_end(calendar: Calendar, moment: pl.Expr) -> pl.Expr:
    """Whether the organisation's day of a moment is one of the last 14 of its fiscal quarter.

    Every month is longer than that, so those days lie in the last month of the quarter.
    """
    on = calendar.local_day(moment)
    month = on.dt.month().cast(pl.Int32) - calendar.fiscal_year_start_month
    days_left = on.dt.days_in_month() - on.dt.day()
    return (month % 3 == 2) & (days_left < _LAST_DAYS)


def in_quarters(
    calendar: Calendar, moment: pl.Expr, rows: pl.Expr, *, days: int | None = None
) -> list[Measure]:
    """in_1 to in_4: rows by the quarter of a fiscal year in which a moment lies."""
    quarter = calendar.fiscal_quarter(calendar.local_day(moment))
    return [count(f"in_{n}", rows & (quarter == n), oldest=days) for n in _QUARTERS]


def in_season(calendar: Calendar) -> pl.Expr:
    """The one of in_1 to in_4 of the quarter in which the day of as_of lies."""
    now = calendar.fiscal_quarter(calendar.local_day(pl.col(AS_OF)))
    return pl.coalesce(pl.when(now == n).then(pl.col(f"in_{n}")) for n in _QUARTERS)


def discount(when: str) -> pl.Expr:
    """The part of the list price that quotes gave away, weighed by list price."""
    return 1.0 - ratio(pl.col(f"amount_{when}"), pl.col(f"listed_{when}"))


def season(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = _bought(view)
    for part in (_won(view), _quoted(view)):
        told = told.join(part, on=KEYS, how="left")
    return told


def _bought(view: View) -> pl.LazyFrame:
    is_order = _AMOUNT > 0
    is_last = is_order & is_at_quarter_end(view.calendar, _ISSUED)
    measures = [
        *in_quarters(view.calendar, _ISSUED, is_order, days=1_095),
        count("orders_1095d", is_order, oldest=1_095),
        count("orders_730d", is_order, oldest=730),
        count("last_days_730d", is_last, oldest=730),
        total("year_ago", _AMOUNT, newest=275, oldest=365),
    ]
    return view.measured("invoices", measures).select(
        *KEYS,
        feature(ratio(in_season(view.calendar), pl.col("orders_1095d")), "orders_season_share"),
        feature(pl.col("year_ago"), "invoiced_year_ago"),
        feature(ratio(pl.col("last_days_730d"), pl.col("orders_730d")), "orders_quarter_end_share"),
    )


def _won(view: View) -> pl.LazyFrame:
    closed = pl.col("closed_at")
    is_won = pl.col("outcome") == "won"
    is_last = is_won & is_at_quarter_end(view.calendar, closed)
    measures = [
        *in_quarters(view.calendar, closed, is_won),
        count("won", is_won),
        count("last_days", is_last),
    ]
    return view.measured("opportunities", measures, at=closed).select(
        *KEYS,
        feature(ratio(in_season(view.calendar), pl.col("won")), "wins_season_share"),
        feature(ratio(pl.col("last_days"), pl.col("won")), "wins_quarter_end_share"),
    )


def _quoted(view: View) -> pl.LazyFrame:
    listed = pl.col("list_amount")
    is_told = (listed > 0) & _AMOUNT.is_not_null()
    is_last = is_at_quarter_end(view.calendar, pl.col("quoted_at"))
    measures = [
        total(f"{name}_{when}", cell, is_told & which, oldest=730)
        for when, which in (("last", is_last), ("else", ~is_last))
        for name, cell in (("amount", _AMOUNT), ("listed", listed))
    ]
    gap = discount("last") - discount("else")
    return view.measured("quotes", measures).select(*KEYS, feature(gap, "discount_quarter_end_gap"))
