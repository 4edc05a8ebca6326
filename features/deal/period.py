"""The promised date against the ends of periods, and the deal's clock against won deals."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, feature, ratio

_COMMITTED = pl.col("committed_on")
_DEALS = ("opportunities",)
_UNKNOWN = "nothing was committed at the time, or it is not known"
_OUTCOME = ("opportunities.outcome",)
_NO_WIN = "no deal of its type was won yet, or their days are not above 0"

FEATURES = (
    Feature(
        name="is_committed_month_end",
        meaning="1 when the committed date is the last day of a calendar month, else 0.",
        unit="flag",
        concept="timing",
        needs=_DEALS,
        null_means=_UNKNOWN,
        sentence="promised for the last day of a month",
        sentence_at_zero="not promised for the last day of a month",
        is_rep_editable=True,
    ),
    Feature(
        name="is_committed_quarter_end",
        meaning="1 when the committed date is the last day of a fiscal quarter, else 0.",
        unit="flag",
        concept="timing",
        needs=_DEALS,
        null_means=_UNKNOWN,
        sentence="promised for the last day of a quarter",
        sentence_at_zero="not promised for the last day of a quarter",
        is_rep_editable=True,
    ),
    Feature(
        name="is_committed_this_year",
        meaning="1 when the committed date is at most the last day of the organisation's fiscal "
        "year in which as_of falls, else 0.",
        unit="flag",
        concept="timing",
        needs=_DEALS,
        null_means=_UNKNOWN,
        sentence="promised for this fiscal year",
        sentence_at_zero="promised for a later fiscal year",
        is_rep_editable=True,
    ),
    Feature(
        name="is_committed_weekend",
        meaning="1 when the committed date is a Saturday or a Sunday, else 0.",
        unit="flag",
        concept="timing",
        needs=_DEALS,
        null_means=_UNKNOWN,
        sentence="promised for a weekend",
        sentence_at_zero="promised for a weekday",
        is_rep_editable=True,
    ),
    Feature(
        name="weeks_to_year_end",
        meaning="Weeks (days over 7) from the organisation's day of as_of to the last day of its "
        "fiscal year.",
        unit="weeks",
        concept="timing",
        needs=_DEALS,
        null_means="never null",
        sentence="{value} weeks to the end of the year",
        number_format=",.1f",
    ),
    Feature(
        name="created_before_quarter_end",
        meaning="Days from the organisation's day of the deal's creation to the last day of the "
        "fiscal quarter of that day.",
        unit="days",
        concept="timing",
        needs=_DEALS,
        null_means="never null",
        sentence="created {value} days before a quarter end; similar deals {peer}",
    ),
    Feature(
        name="commitment_to_cycle",
        meaning="Days from the organisation's day of creation to the committed date over the "
        "median days from creation to a win, deals of its type; from 0 to 20.",
        unit="ratio",
        concept="timing",
        needs=_OUTCOME,
        null_means=f"{_UNKNOWN}, or {_NO_WIN}",
        sentence="promised after {value} times the median days to a win; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="age_to_slow_cycle",
        meaning="Days since creation over the ninth decile (linear between neighbours) of the "
        "days from creation to a win, deals of its type; at most 20. Above 1: slower than nine "
        "of ten won deals.",
        unit="ratio",
        concept="timing",
        needs=_OUTCOME,
        null_means=_NO_WIN,
        sentence="{value} times as old as nine of ten deals of its type when won; similar "
        "deals {peer}",
        number_format=",.1f",
    ),
)

_MOST = 20.0


def period(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    calendar = view.calendar
    today, born_on = (calendar.local_day(pl.col(at)) for at in (AS_OF, "created_at"))
    year_end = calendar.year_end(today)
    promised_days = (_COMMITTED - born_on).dt.total_days()
    commitment = ratio(promised_days, pl.col("won_cycle_days_median")).clip(0, _MOST)
    slowness = ratio(pl.col("age_days"), pl.col("won_cycle_days_p90")).clip(0, _MOST)
    cycles = view.context.types.lazy().select(
        AS_OF, "type", "won_cycle_days_median", "won_cycle_days_p90"
    )
    return (
        view.spine.join(cycles, on=[AS_OF, "type"], how="left")
        .select(
            *KEYS,
            feature(_COMMITTED.dt.month_end() == _COMMITTED, "is_committed_month_end"),
            feature(calendar.quarter_end(_COMMITTED) == _COMMITTED, "is_committed_quarter_end"),
            feature(year_end >= _COMMITTED, "is_committed_this_year"),
            feature(_COMMITTED.dt.weekday() > 5, "is_committed_weekend"),
            feature((year_end - today).dt.total_days() / 7.0, "weeks_to_year_end"),
            feature(
                (calendar.quarter_end(born_on) - born_on).dt.total_days(),
                "created_before_quarter_end",
            ),
            feature(commitment, "commitment_to_cycle"),
            feature(slowness, "age_to_slow_cycle"),
        )
        .pipe(view.beside)
    )
