"""How the committed date was pushed: by how much, how recently, across which period ends."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, days_since, feature, in_window, ratio

_AT = pl.col("changed_at")
_LATER = pl.col("later")
_IS_PUSH = (_LATER > 0).fill_null(value=False)
_DATES = ("opportunity_changes", "opportunities.close_date")
_NO_DATES = "the CRM keeps no history of close dates"
_NEVER = "never pushed so far"
_PUSH = "A push is a change of the close date to a later one"

FEATURES = (
    Feature(
        name="push_days_mean",
        meaning=f"Mean days by which a push moved the close date. {_PUSH}.",
        unit="days",
        concept="momentum",
        needs=_DATES,
        null_means=_NEVER,
        sentence="each push was {value} days on average; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="last_push_days",
        meaning="Days by which the newest push (by changed_at) moved the close date; the longest "
        f"of pushes at the same moment. {_PUSH}.",
        unit="days",
        concept="momentum",
        needs=_DATES,
        null_means=_NEVER,
        sentence="last pushed by {value} days; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="days_since_push",
        meaning=f"Days from the newest push (by changed_at) to as_of. {_PUSH}.",
        unit="days",
        concept="momentum",
        needs=_DATES,
        null_means=_NEVER,
        sentence="last pushed {value} days ago; similar deals {peer}",
        sentence_at_zero="pushed today; similar deals {peer} days ago",
        is_rep_editable=True,
    ),
    Feature(
        name="pushes_90d",
        meaning=f"Pushes whose changed_at lies from 90 days before as_of on. {_PUSH}.",
        unit="count",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pushed {value} times in 90 days; similar deals {peer}",
        sentence_at_zero="not pushed in 90 days; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="pushes_across_month",
        meaning="Changes that moved the close date into a later calendar month.",
        unit="count",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pushed across a month end {value} times; similar deals {peer}",
        sentence_at_zero="never pushed across a month end; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="pushes_across_year",
        meaning="Changes that moved the close date into a later fiscal year of the organisation.",
        unit="count",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pushed across a year end {value} times; similar deals {peer}",
        sentence_at_zero="never pushed across a year end; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="pushed_to_age",
        meaning="Days by which the close date moved later, summed over all pushes, over the "
        f"deal's age in days (at least 1); at most 5. {_PUSH}.",
        unit="ratio",
        concept="momentum",
        needs=_DATES,
        null_means=_NO_DATES,
        sentence="pushed by {value} of its own age; similar deals {peer}",
        sentence_at_zero="never pushed to a later date; similar deals {peer} of their age",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="commitment_shift_days",
        meaning="Days from the first close date to the one as of as_of; negative when it is now "
        "earlier. The first one is the old value of the first change (by when it became known, "
        "then changed_at, old, new) that has one; without any, nothing shifted.",
        unit="days",
        concept="momentum",
        needs=_DATES,
        null_means="nothing was committed at the time, or it is not known",
        sentence="promised {value} days later than at first; similar deals {peer}",
        sentence_at_zero="still promised for the first date; similar deals {peer} days later",
        sentence_below_zero="promised {value} days earlier than at first",
        is_rep_editable=True,
    ),
    Feature(
        name="days_overdue",
        meaning="Days from the committed date to the organisation's day of as_of; 0 when it has "
        "not passed.",
        unit="days",
        concept="momentum",
        needs=("opportunities",),
        null_means="nothing was committed at the time, or it is not known",
        sentence="{value} days past the promised date; similar deals {peer}",
        sentence_at_zero="the promised date has not passed",
        is_rep_editable=True,
    ),
)

_COUNTS = ("pushes_90d", "pushes_across_month", "pushes_across_year", "pushed_to_age")
_MOST = 5.0


def pushing(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    committed = pl.col("committed_on")
    today = view.calendar.local_day(pl.col(AS_OF))
    moved = pl.col("days_pushed").fill_null(0)
    first = pl.coalesce("first_date", committed)
    told = (
        view.spine.select(*KEYS, AS_OF, "committed_on", "age_days")
        .join(_pushes(view), on=KEYS, how="left")
        .with_columns(
            feature((moved / pl.col("age_days").clip(1.0)).clip(0, _MOST), "pushed_to_age"),
            feature((committed - first).dt.total_days(), "commitment_shift_days"),
            feature((today - committed).dt.total_days().clip(0), "days_overdue"),
        )
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=_COUNTS)


def _pushes(view: View) -> pl.LazyFrame:
    before, after = (
        pl.col(side).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        for side in ("old", "new")
    )
    year_end = view.calendar.year_end
    newest = _AT.filter(_IS_PUSH).max()
    return (
        view.known("opportunity_changes")
        .filter(pl.col("field") == "close_date")
        .with_columns(
            (after - before).dt.total_days().alias("later"),
            (after.dt.month_end() > before.dt.month_end()).alias("crosses_month"),
            (year_end(after) > year_end(before)).alias("crosses_year"),
            before.alias("before"),
        )
        .sort(pl.max_horizontal("recorded_at", "changed_at"), "changed_at", "old", "new")
        .group_by(*KEYS)
        .agg(
            feature(ratio(_LATER.filter(_IS_PUSH).sum(), _IS_PUSH.sum()), "push_days_mean"),
            feature(_LATER.filter(_IS_PUSH & (newest == _AT)).max(), "last_push_days"),
            feature(days_since(_AT).filter(_IS_PUSH).min(), "days_since_push"),
            feature((_IS_PUSH & in_window(_AT, 0, 90)).sum(), "pushes_90d"),
            feature(pl.col("crosses_month").sum(), "pushes_across_month"),
            feature(pl.col("crosses_year").sum(), "pushes_across_year"),
            _LATER.clip(0).sum().alias("days_pushed"),
            pl.col("before").drop_nulls().first().alias("first_date"),
        )
    )
