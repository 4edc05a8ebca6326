"""How the account pays: days late, how often, and what is overdue now."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, exact_sum, feature, ratio

_NEEDS = ("invoices.due_on", "invoices.paid_at")
_IS_UNPAID = pl.col("paid_at").is_null()
_BILLS = "positive invoices that fell due"
_LATE = (
    "days late are the calendar days from the due day to the day of payment, or of as_of where "
    "unpaid, and 0 when early"
)

FEATURES = (
    Feature(
        name="days_late_365d",
        meaning=f"Mean days late of the {_BILLS} 1 to 365 days before the day of as_of; {_LATE}.",
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
        meaning=f"Share of the {_BILLS} 1 to 365 days before the day of as_of that were paid on a "
        "day after their due day, or not at all.",
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
        meaning="Amount of the positive invoices that were due before the day of as_of, however "
        "long ago, and are not paid at as_of.",
        unit="money",
        concept="payment",
        needs=_NEEDS,
        null_means="the CRM does not say when invoices are due and paid",
        sentence="{value} is overdue; similar accounts {peer}",
        sentence_at_zero="nothing is overdue; similar accounts {peer}",
        direction={"pain": 1},
    ),
    Feature(
        name="days_late_90d",
        meaning=f"Mean days late of the {_BILLS} 1 to 90 days before the day of as_of; {_LATE}.",
        unit="days",
        concept="payment",
        needs=_NEEDS,
        null_means="no invoice fell due in the last 90 days",
        sentence="paid {value} days late in the last quarter; similar accounts {peer}",
        sentence_at_zero="paid on time in the last quarter; similar accounts {peer} days late",
        number_format=",.1f",
    ),
    Feature(
        name="days_late_change",
        meaning=f"Mean days late of the {_BILLS} 1 to 90 days before the day of as_of, less that "
        f"of those due 91 to 455 days before; {_LATE}.",
        unit="days",
        concept="payment",
        needs=_NEEDS,
        null_means="no invoice fell due in one of the two windows",
        sentence="pays {value} days later than before; similar accounts {peer}",
        sentence_below_zero="pays {value} days earlier than before; similar accounts {peer} later",
        number_format=",.1f",
    ),
    Feature(
        name="worst_late_days_365d",
        meaning=f"Most days late of one of the {_BILLS} 1 to 365 days before the day of as_of; "
        f"{_LATE}.",
        unit="days",
        concept="payment",
        needs=_NEEDS,
        null_means="no invoice fell due in the last 365 days",
        sentence="its latest payment of the year took {value} days too long; similar accounts "
        "{peer}",
        sentence_at_zero="every payment of the year was on time; similar accounts up to {peer} "
        "days late",
        direction={"pain": 1},
    ),
    Feature(
        name="unpaid_share_365d",
        meaning=f"Of the amount of the {_BILLS} 1 to 365 days before the day of as_of, the share "
        "not paid.",
        unit="share",
        concept="payment",
        needs=_NEEDS,
        null_means="no invoice fell due in the last 365 days",
        sentence="{value} of what fell due in a year is unpaid; similar accounts {peer}",
        sentence_at_zero="all that fell due in a year is paid; similar accounts leave {peer}",
        number_format=".0%",
    ),
    Feature(
        name="paid_early_share_365d",
        meaning=f"Share of the {_BILLS} 1 to 365 days before the day of as_of that were paid on a "
        "day before their due day.",
        unit="share",
        concept="payment",
        needs=_NEEDS,
        null_means="no invoice fell due in the last 365 days",
        sentence="pays {value} of its invoices early; similar accounts {peer}",
        sentence_at_zero="pays no invoice early; similar accounts {peer} of them",
        number_format=".0%",
    ),
    Feature(
        name="oldest_overdue_days",
        meaning="Days from the earliest due day of the unpaid positive invoices that were due "
        "before the day of as_of, to that day.",
        unit="days",
        concept="payment",
        needs=_NEEDS,
        null_means="nothing is overdue",
        sentence="its oldest open invoice is {value} days overdue; similar accounts {peer}",
    ),
)


def days_late(newest: int, oldest: int) -> pl.Expr:
    """Mean days late of the invoices due more than `newest`, at most `oldest` days before."""
    is_due = _fell_due(newest, oldest)
    return ratio(pl.col("late").filter(is_due).sum(), is_due.sum())


def late_share(days: int) -> pl.Expr:
    """Share of the invoices that fell due in the last `days` days and were late at all."""
    is_due = _fell_due(0, days)
    return ratio((is_due & (pl.col("late") > 0)).sum(), is_due.sum())


def paid_early_share(days: int) -> pl.Expr:
    """Share of the invoices that fell due in the last `days` days and were paid before."""
    is_due = _fell_due(0, days)
    return ratio((is_due & pl.col("is_early")).sum(), is_due.sum())


def unpaid_share(days: int) -> pl.Expr:
    """Share of the amount that fell due in the last `days` days and is not paid."""
    is_due = _fell_due(0, days)
    unpaid = exact_sum(pl.col("amount").filter(is_due & _IS_UNPAID))
    return ratio(unpaid, exact_sum(pl.col("amount").filter(is_due)))


def overdue_now() -> pl.Expr:
    """Amount past due and unpaid."""
    return exact_sum(pl.col("amount").filter(_IS_UNPAID & (pl.col("overdue_days") > 0)))


def oldest_overdue() -> pl.Expr:
    """Days past due of the unpaid invoice that waits longest."""
    overdue = pl.col("overdue_days")
    return overdue.filter(_IS_UNPAID & (overdue > 0)).max()


def payment(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    # Due days end in the organisation's zone; the day that ended before as_of is the last past one.
    today = view.calendar.local_day(pl.col(AS_OF))
    paid_on = view.calendar.local_day(pl.col("paid_at"))
    settled = paid_on.fill_null(today)
    told = (
        view.known("invoices")
        .filter((pl.col("amount") > 0) & pl.col("due_on").is_not_null())
        .with_columns(
            (settled - pl.col("due_on")).dt.total_days().clip(0).alias("late"),
            (today - pl.col("due_on")).dt.total_days().alias("overdue_days"),
            (paid_on < pl.col("due_on")).fill_null(value=False).alias("is_early"),
        )
        .group_by(*KEYS)
        .agg(
            feature(days_late(0, 365), "days_late_365d"),
            feature(late_share(365), "late_share_365d"),
            feature(overdue_now(), "overdue_now"),
            feature(days_late(0, 90), "days_late_90d"),
            feature(days_late(0, 90) - days_late(90, 455), "days_late_change"),
            feature(pl.col("late").filter(_fell_due(0, 365)).max(), "worst_late_days_365d"),
            feature(unpaid_share(365), "unpaid_share_365d"),
            feature(paid_early_share(365), "paid_early_share_365d"),
            feature(oldest_overdue(), "oldest_overdue_days"),
        )
    )
    return view.beside(told, zeros=("overdue_now",))


def _fell_due(newest: int, oldest: int) -> pl.Expr:
    return (pl.col("overdue_days") > newest) & (pl.col("overdue_days") <= oldest)
