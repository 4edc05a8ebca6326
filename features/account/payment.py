"""How the account pays: days late, how often, and what is overdue now."""

from collections.abc import Iterator

import polars as pl

from features.feature import Feature
from features.measure import PARTS_PER_UNIT
from features.schema import AS_OF
from features.view import KEYS, View, feature, ratio

_NEEDS = ("invoices.due_on", "invoices.paid_at")
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
        sentence="paid {value} days late on average in a year; similar accounts {peer}",
        sentence_at_zero="paid on time in a year; similar accounts {peer} days late",
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
        sentence="{value} of the invoices due in a year were late; similar accounts {peer}",
        sentence_at_zero="no invoice due in a year was late; similar accounts {peer}",
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
        sentence="paid {value} days late on average in 90 days; similar accounts {peer}",
        sentence_at_zero="paid on time in 90 days; similar accounts {peer} days late",
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
        sentence="paid {value} days later in 90 days than in the year before; similar "
        "accounts {peer}",
        sentence_below_zero="paid {value} days earlier in 90 days than in the year before; similar "
        "accounts {peer} later",
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
        sentence="its slowest payment in a year was {value} days late; similar accounts {peer}",
        sentence_at_zero="every payment in a year was on time; similar accounts up to {peer} days "
        "late",
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
        sentence="{value} of the invoices due in a year were paid early; similar accounts {peer}",
        sentence_at_zero="no invoice due in a year was paid early; similar accounts {peer} of them",
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


_WINDOWS = {"90d": (0, 90), "91_455d": (90, 455), "365d": (0, 365)}
"""More than so many and at most so many days due before the day of as_of."""

_MOST = ("worst", "oldest")
"""What is the most of one bill; all else is summed up."""

_LONGEST = max(oldest for _, oldest in _WINDOWS.values())


def days_late(window: str) -> pl.Expr:
    """Mean days late of the bills of a window."""
    return ratio(pl.col(f"late_{window}"), pl.col(f"due_{window}"))


def of_bills(name: str) -> pl.Expr:
    """One of the counts or sums of a year over the number of its bills."""
    return ratio(pl.col(name), pl.col("due_365d"))


def unpaid_share() -> pl.Expr:
    """Amount not paid over the amount of a year's bills."""
    return ratio(pl.col("unpaid") / PARTS_PER_UNIT, pl.col("billed") / PARTS_PER_UNIT)


def payment(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        _due(view)
        .select(*KEYS, *_counted())
        .group_by(*KEYS)
        .agg(pl.exclude(*_MOST).sum(), pl.col(_MOST).max())
        .select(
            *KEYS,
            feature(days_late("365d"), "days_late_365d"),
            feature(of_bills("is_late"), "late_share_365d"),
            feature(pl.col("overdue") / PARTS_PER_UNIT, "overdue_now"),
            feature(days_late("90d"), "days_late_90d"),
            feature(days_late("90d") - days_late("91_455d"), "days_late_change"),
            feature(pl.col("worst"), "worst_late_days_365d"),
            feature(unpaid_share(), "unpaid_share_365d"),
            feature(of_bills("is_early"), "paid_early_share_365d"),
            feature(pl.col("oldest"), "oldest_overdue_days"),
        )
    )
    return view.beside(told, zeros=("overdue_now",))


def _due(view: View) -> pl.LazyFrame:
    """Bills that fell due before the day of as_of, in whole days; of paid ones only the last 455.

    Returns:
        KEYS, `parts` (amount in thousandths), is_unpaid, `ago` (days since the due day) and `late`
        (negative when early).
    """
    # Due days end in the organisation's zone; the day that ended before as_of is the last past one.
    is_bill = (pl.col("amount") > 0) & pl.col("due_on").is_not_null()
    parts = (pl.col("amount") * PARTS_PER_UNIT).round().cast(pl.Int64)
    is_unpaid = pl.col("paid_at").is_null()
    today, paid_on = (
        _number(view.calendar.local_day(pl.col(stamp))) for stamp in (AS_OF, "paid_at")
    )
    told = {"due": _number(pl.col("due_on")), "parts": parts}
    return (
        view.known("invoices", where=is_bill, columns=told)
        .with_columns((today - pl.col("due")).alias("ago"))
        .filter(pl.col("ago") > 0, is_unpaid | (pl.col("ago") <= _LONGEST))
        .select(
            *KEYS,
            "parts",
            is_unpaid.alias("is_unpaid"),
            "ago",
            (paid_on - pl.col("due")).fill_null(pl.col("ago")).alias("late"),
        )
    )


def _number(day: pl.Expr) -> pl.Expr:
    """A day as its number: differences of numbers are days."""
    return day.cast(pl.Int32)


def _counted() -> Iterator[pl.Expr]:
    """What a bill adds to the sums by window and to those of the year, and its days late."""
    ago, late, parts = pl.col("ago"), pl.col("late"), pl.col("parts")
    is_unpaid = pl.col("is_unpaid")
    for name, (newest, oldest) in _WINDOWS.items():
        is_due = (ago > newest) & (ago <= oldest)
        yield is_due.alias(f"due_{name}")
        yield (late.clip(0) * is_due).cast(pl.Int64).alias(f"late_{name}")
    is_due = ago <= 365
    yield (is_due & (late > 0)).alias("is_late")
    yield (is_due & (late < 0)).alias("is_early")
    yield (parts * is_due).alias("billed")
    yield (parts * (is_due & is_unpaid)).alias("unpaid")
    yield (parts * is_unpaid).alias("overdue")
    yield pl.when(is_due).then(late.clip(0)).alias("worst")
    yield pl.when(is_unpaid).then(ago).alias("oldest")
