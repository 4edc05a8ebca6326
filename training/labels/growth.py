"""Growth: the change of an account's business over a reference, by the first way that exists."""

from datetime import datetime, timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.pursuit import ENDS_AT, STARTS_AT, WINDOW, within
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, TIME
from models.policy import LabelPolicy
from training.labels.coverage import Coverage, coverage_of
from training.labels.recurring import recurring_revenue
from training.labels.sales import invoiced, net_of, won_deals
from training.labels.window import label_windows, shifted

YEAR = timedelta(weeks=52)
"""The same weeks a year before: whole weeks, so that the weekdays match."""

DEFAULT_CALENDAR = Calendar()
DEFAULT_POLICY = LabelPolicy()


def growth(
    book: Book,
    windows: pl.LazyFrame,
    *,
    coverage: Coverage,
    calendar: Calendar,
    floor: float,
) -> pl.LazyFrame:
    """`growth` and `growth_source` of each window.

    Null where no way exists for that as_of, or where neither the account nor the book has a
    reference to grow from.
    """
    base = pl.max_horizontal(pl.col("_reference"), pl.lit(floor))
    change = pl.col("_after") - pl.col("_reference")
    references = _references(book, windows, coverage=coverage, calendar=calendar)
    return references.select(
        WINDOW,
        pl.when(base > 0).then(change / base).alias("growth"),
        pl.col("_source").alias("growth_source"),
    )


def growth_floor(
    book: Book,
    at: datetime,
    horizon: timedelta,
    *,
    policy: LabelPolicy = DEFAULT_POLICY,
    calendar: Calendar = DEFAULT_CALENDAR,
) -> float:
    """The floor under the reference of growth, in money; 0.0 in a book without any reference.

    A share of the median positive reference of the book's accounts at `at`, the first origin. It
    is a number to freeze: put it into the policy, so that labels of other days use the same.
    """
    spine = book["accounts"].select(
        pl.col(ACCOUNT_ID).alias(ENTITY_ID), pl.lit(at).cast(TIME).alias(AS_OF)
    )
    windows = label_windows(spine, horizon).with_row_index(WINDOW)
    references = _references(book, windows, coverage=coverage_of(book), calendar=calendar)
    positive = pl.col("_reference").filter(pl.col("_reference") > 0)
    median = references.select(positive.median()).collect().item()
    return 0.0 if median is None else policy.growth_floor_share * float(median)


def _references(
    book: Book, windows: pl.LazyFrame, *, coverage: Coverage, calendar: Calendar
) -> pl.LazyFrame:
    """What to grow from and what came of it, by the first rung of the ladder that exists.

    A rung over sums exists at an as_of when the book's records reach back over its reference.
    """
    if book.has("contracts.annual_value"):
        # this rung exists at every as_of, so that no other is ever asked
        return recurring_revenue(book, windows, calendar)
    rungs: list[pl.LazyFrame] = []
    if coverage.first_invoice is not None:
        events = invoiced(book, calendar)
        rungs.extend(_sum_rungs(events, windows, "issued_at", coverage.first_invoice, "invoices"))
    if coverage.first_won is not None and book.has("opportunities.amount"):
        events = won_deals(book, calendar)
        rungs.extend(_sum_rungs(events, windows, "closed_at", coverage.first_won, "won"))
    found = windows.select(WINDOW)
    for number, rung in enumerate(rungs):
        names = ("_reference", "_after", "_source")
        renamed = rung.rename({name: f"{name}_{number}" for name in names})
        found = found.join(renamed, on=WINDOW, how="left")
    return found.select(WINDOW, *_first_rung(len(rungs)))


def _first_rung(count: int) -> list[pl.Expr]:
    """Reference, outcome and name of the first rung; from one rung only, never mixed."""
    kinds = {"_reference": pl.Float64, "_after": pl.Float64, "_source": pl.String}
    return [
        pl.coalesce(
            *(
                pl.when(pl.col(f"_source_{number}").is_not_null()).then(f"{name}_{number}")
                for number in range(count)
            ),
            pl.lit(None),
        )
        .cast(kind)
        .alias(name)
        for name, kind in kinds.items()
    ]


def _sum_rungs(
    events: pl.LazyFrame, windows: pl.LazyFrame, moment: str, first: datetime, source: str
) -> list[pl.LazyFrame]:
    """The two ways over sums: the same weeks a year before, and the weeks just before."""
    length = pl.col(ENDS_AT) - pl.col(STARTS_AT)
    earlier = [pl.col(name) - length for name in (STARTS_AT, ENDS_AT)]
    year_ago, just_before = shifted(windows, -YEAR), windows.with_columns(earlier)
    after = net_of(events, windows, moment).rename({"net": "_after"})
    ways = (
        ("year_before", year_ago, windows.select(WINDOW, pl.lit(1.0).alias("_ratio"))),
        ("before", just_before, _book_ratio(events, windows, just_before, moment)),
    )
    return [
        reference.join(after, on=WINDOW)
        .join(net_of(events, reference, moment), on=WINDOW)
        .join(ratio, on=WINDOW)
        .filter(pl.col(STARTS_AT) >= first, pl.col("_ratio").is_not_null())
        .select(
            WINDOW,
            # an account with more returns than orders has nothing to grow from
            (pl.col("net").clip(lower_bound=0.0) * pl.col("_ratio")).alias("_reference"),
            "_after",
            pl.lit(f"{source}_{name}").alias("_source"),
        )
        for name, reference, ratio in ways
    ]


def _book_ratio(
    events: pl.LazyFrame, windows: pl.LazyFrame, before: pl.LazyFrame, moment: str
) -> pl.LazyFrame:
    """The whole book's sum over the window against the weeks before, for each window's as_of."""
    book = events.with_columns(pl.lit("book").alias(ACCOUNT_ID))
    sums = []
    for frame, name in ((windows, "_after"), (before, "_before")):
        moments = frame.unique(AS_OF).with_columns(pl.lit("book").alias(ENTITY_ID))
        sums.append(
            within(moments, book, moment)
            .group_by(AS_OF)
            .agg(pl.col("amount").sort().sum().alias(name))
        )
    ratio = pl.when(pl.col("_before") > 0).then(pl.col("_after") / pl.col("_before"))
    both = sums[0].join(sums[1], on=AS_OF).select(AS_OF, ratio.alias("_ratio"))
    return windows.select(WINDOW, AS_OF).join(both, on=AS_OF).select(WINDOW, "_ratio")
