"""How the account pays: days late, how often, and what is overdue now."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, exact_sum, feature, ratio

_NEEDS = ("invoices.due_on", "invoices.paid_at")

FEATURES = (
    Feature(
        name="days_late_365d",
        meaning="Mean days late of the invoices that fell due in the last 365 days; an unpaid one "
        "counts up to as_of.",
        unit="days",
        concept="payment",
        needs=_NEEDS,
        null_means="no invoice fell due in the last 365 days",
        sentence="pays {value} days late; similar accounts {peer}",
        sentence_at_zero="pays on time; similar accounts {peer} days late",
        number_format=",.1f",
        direction={"pain": 1},
    ),
    Feature(
        name="late_share_365d",
        meaning="Share of the invoices due in the last 365 days that were paid after their day, or "
        "not at all.",
        unit="share",
        concept="payment",
        needs=_NEEDS,
        null_means="no invoice fell due in the last 365 days",
        sentence="{value} of invoices are paid late; similar accounts {peer}",
        sentence_at_zero="no invoice was paid late; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="overdue_now",
        meaning="Amount of the invoices past due and not paid at as_of.",
        unit="money",
        concept="payment",
        needs=_NEEDS,
        null_means="the CRM does not say when invoices are due and paid",
        sentence="{value} is overdue; similar accounts {peer}",
        sentence_at_zero="nothing is overdue; similar accounts {peer}",
        direction={"pain": 1},
    ),
)


def days_late(days: int) -> pl.Expr:
    """Mean days late of the invoices that fell due in the last `days` days."""
    is_due = _fell_due(days)
    return ratio(pl.col("late").filter(is_due).sum(), is_due.sum())


def late_share(days: int) -> pl.Expr:
    """Share of the invoices that fell due in the last `days` days and were late at all."""
    is_due = _fell_due(days)
    return ratio((is_due & (pl.col("late") > 0)).sum(), is_due.sum())


def overdue_now() -> pl.Expr:
    """Amount past due and unpaid."""
    is_overdue = pl.col("paid_at").is_null() & (pl.col("overdue_days") > 0)
    return exact_sum(pl.col("amount").filter(is_overdue))


def payment(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    # Due days end in the organisation's zone; the day that ended before as_of is the last past one.
    today = view.calendar.local_day(pl.col(AS_OF))
    settled = view.calendar.local_day(pl.col("paid_at")).fill_null(today)
    told = (
        view.known("invoices")
        .filter((pl.col("amount") > 0) & pl.col("due_on").is_not_null())
        .with_columns(
            (settled - pl.col("due_on")).dt.total_days().clip(0).alias("late"),
            (today - pl.col("due_on")).dt.total_days().alias("overdue_days"),
        )
        .group_by(*KEYS)
        .agg(
            feature(days_late(365), "days_late_365d"),
            feature(late_share(365), "late_share_365d"),
            feature(overdue_now(), "overdue_now"),
        )
    )
    return view.beside(told, zeros=("overdue_now",))


def _fell_due(days: int) -> pl.Expr:
    return (pl.col("overdue_days") > 0) & (pl.col("overdue_days") <= days)
