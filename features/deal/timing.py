"""The deal against the clock: its age, its committed date, the fiscal calendar, its kind."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, feature, ratio

_COMMITTED = pl.col("committed_on")

FEATURES = (
    Feature(
        name="age_days",
        meaning="Days since the deal was created.",
        unit="days",
        concept="timing",
        needs=("opportunities",),
        null_means="never null",
        sentence="{value} days old; similar deals {peer}",
    ),
    Feature(
        name="age_to_cycle",
        meaning="Age over the median days from creation to a win, deals of its type.",
        unit="ratio",
        concept="timing",
        needs=("opportunities.outcome",),
        null_means="no deal of its type was won yet",
        sentence="{value} times as old as the median deal of its type when won; similar deals"
        " {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="days_to_commitment",
        meaning="Days from as_of to the committed date; negative when it has passed.",
        unit="days",
        concept="timing",
        needs=("opportunities",),
        null_means="nothing was committed at the time, or it is not known",
        sentence="{value} days to the promised date; similar deals {peer}",
        sentence_below_zero="the promised date passed {value} days ago",
        is_rep_editable=True,
    ),
    Feature(
        name="weeks_to_quarter_end",
        meaning="Weeks from as_of to the end of its fiscal quarter.",
        unit="weeks",
        concept="timing",
        needs=("opportunities",),
        null_means="never null",
        sentence="{value} weeks to the end of the quarter",
        number_format=",.1f",
    ),
    Feature(
        name="commitment_before_quarter_end",
        meaning="Days from the committed date to the end of its fiscal quarter.",
        unit="days",
        concept="timing",
        needs=("opportunities",),
        null_means="nothing was committed at the time, or it is not known",
        sentence="promised {value} days before a quarter end; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="is_renewal",
        meaning="1 for a renewal.",
        unit="flag",
        concept="timing",
        needs=("opportunities.type",),
        null_means="the type of the deal is not known",
        sentence="a renewal",
        sentence_at_zero="not a renewal",
    ),
    Feature(
        name="is_expansion",
        meaning="1 for an expansion of what the customer has.",
        unit="flag",
        concept="timing",
        needs=("opportunities.type",),
        null_means="the type of the deal is not known",
        sentence="an expansion",
        sentence_at_zero="not an expansion",
    ),
)


def timing(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    today = view.calendar.local_day(pl.col(AS_OF))
    quarter_left = (view.calendar.quarter_end(today) - today).dt.total_days()
    cycles = view.context.types.lazy().select(AS_OF, "type", "won_cycle_days_median")
    slack = (pl.col("period_end") - _COMMITTED).dt.total_days()
    age = pl.col("age_days")
    return (
        view.spine.join(cycles, on=[AS_OF, "type"], how="left")
        .select(
            *KEYS,
            feature(age, "age_days"),
            feature(ratio(age, pl.col("won_cycle_days_median")), "age_to_cycle"),
            feature((_COMMITTED - today).dt.total_days(), "days_to_commitment"),
            feature(quarter_left / 7.0, "weeks_to_quarter_end"),
            feature(slack, "commitment_before_quarter_end"),
            feature(pl.col("type") == "renewal", "is_renewal"),
            feature(pl.col("type") == "expansion", "is_expansion"),
        )
        .pipe(view.beside)
    )
