"""Bucket labels: one row per (account, as_of), every component beside the label."""

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.pursuit import ENDS_AT, WINDOW, pursuit
from features.schema import AS_OF, ENTITY_ID
from models.policy import MEASURES, LabelPolicy, assign_label, is_walk_away
from training.labels.coverage import Coverage, coverage_of
from training.labels.effort import hours, strings_along
from training.labels.friction import friction
from training.labels.growth import growth, growth_floor
from training.labels.renewal import advocate, self_renewal
from training.labels.sales import sales
from training.labels.window import label_windows

COLUMNS = (
    ENTITY_ID,
    AS_OF,
    "horizon_days",
    "label",
    "label_mature",
    "is_exposed",
    "is_active",
    "is_won",
    "is_lost",
    "bookings",
    "growth",
    "growth_source",
    "hours",
    "friction",
    "friction_items",
    *MEASURES.values(),
    "is_advocate",
    "strings_along",
    "is_self_renewer",
    "weight_walk",
    "weight_pain",
    "weight_a_list",
)
"""The columns of the account label frame, in order."""


def bucket_labels(
    book: Book,
    spine: pl.LazyFrame,
    *,
    horizon: timedelta,
    policy: LabelPolicy,
    calendar: Calendar,
) -> pl.DataFrame:
    """Label each account by what happened in `[as_of, as_of + horizon)`.

    A label depends on that window and on the declared reference state only: running contracts,
    the invoices that growth is measured against, deals open at as_of, unanswered touches open at
    as_of, the open renewal cycle, the twelve-month order rule.

    Args:
        book: the CRM.
        spine: `entity_id` (the account) and `as_of`; other columns are dropped.
        horizon: length of the label window.
        policy: every constant. Without a frozen `growth_floor` it is measured at the spine's
            first as_of; freeze it where labels of several spines are compared.
        calendar: days of dates.

    Returns:
        `COLUMNS`, sorted by entity_id and as_of. `label` is null when the window is not mature,
        the row is masked (neither exposed nor active) or the bucket cannot be told; components of
        a window that is not mature hold what was seen so far. `weight_walk` is 1 where the walk
        head may learn, `weight_pain` where pain can be told among the rest, `weight_a_list` where
        A-list or steady is settled; else 0.
    """
    rows = spine.select(ENTITY_ID, AS_OF).sort(ENTITY_ID, AS_OF).collect()
    policy = _frozen(book, rows, horizon=horizon, policy=policy, calendar=calendar)
    coverage = coverage_of(book)
    windows = (
        pursuit(book, label_windows(rows.lazy(), horizon), rule=policy.pursuit)
        .with_row_index(WINDOW)
        .collect()
        .lazy()
    )
    found = _components(book, windows, coverage=coverage, policy=policy, calendar=calendar)
    return _labelled(found, policy, horizon=horizon, observed_until=book.observed_until)


def _components(
    book: Book,
    windows: pl.LazyFrame,
    *,
    coverage: Coverage,
    policy: LabelPolicy,
    calendar: Calendar,
) -> pl.DataFrame:
    """Every component of every window, one column each."""
    floor = policy.growth_floor if policy.growth_floor is not None else 0.0
    parts = pl.collect_all(
        [
            sales(book, windows, calendar),
            growth(book, windows, coverage=coverage, calendar=calendar, floor=floor),
            hours(book, windows, policy.hours),
            friction(book, windows, coverage=coverage, policy=policy.friction, calendar=calendar),
            advocate(book, windows, policy=policy, calendar=calendar),
            self_renewal(book, windows, policy=policy, calendar=calendar),
            strings_along(book, windows, policy),
        ]
    )
    found = windows.collect()
    for part in parts:
        found = found.join(part, on=WINDOW, how="left", maintain_order="left")
    return found


def _labelled(
    found: pl.DataFrame, policy: LabelPolicy, *, horizon: timedelta, observed_until: datetime
) -> pl.DataFrame:
    grows = pl.col("growth") >= policy.a_list_growth_at_least
    is_mature = pl.col(ENDS_AT) <= observed_until
    settled = pl.col("label").is_in(["a_list", "steady"]).fill_null(value=False)
    in_play = pl.col("is_exposed") | pl.col("is_active")
    return (
        found.with_columns(
            pl.lit(horizon.days, pl.Int32).alias("horizon_days"),
            is_mature.alias("label_mature"),
            pl.when(is_mature).then(assign_label(policy)).alias("label"),
            # alone, but growing, is not self-renewing; alone with growth unknown is not known
            (pl.col("_renews_alone") & ~grows).alias("is_self_renewer"),
        )
        .with_columns(
            _weight(pl.col("label_mature") & in_play).alias("weight_walk"),
            _weight(
                pl.col("label_mature")
                & in_play
                & ~is_walk_away()
                & pl.col("friction").is_not_null()
            ).alias("weight_pain"),
            _weight(settled).alias("weight_a_list"),
        )
        .select(COLUMNS)
        .sort(ENTITY_ID, AS_OF)
    )


def _frozen(
    book: Book,
    rows: pl.DataFrame,
    *,
    horizon: timedelta,
    policy: LabelPolicy,
    calendar: Calendar,
) -> LabelPolicy:
    """The policy with its growth floor as a number; without any reference there is none."""
    first = rows[AS_OF].min()
    if policy.growth_floor is not None or not isinstance(first, datetime):
        return policy
    floor = growth_floor(book, first, horizon, policy=policy, calendar=calendar)
    return replace(policy, growth_floor=floor) if floor > 0.0 else policy


def _weight(condition: pl.Expr) -> pl.Expr:
    return condition.cast(pl.Float64)
