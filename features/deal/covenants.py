"""Next steps that both sides agreed on: made, kept, and broken (stage debt)."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, days_since, feature, ratio

_IS_MET = pl.col("met_at").is_not_null()
_DUE_AND_MET = ("covenants.due_on", "covenants.met_at")

FEATURES = (
    Feature(
        name="covenants_agreed",
        meaning="Next steps agreed so far.",
        unit="count",
        concept="covenants",
        needs=("covenants",),
        null_means="the CRM has no agreed next steps",
        sentence="{value} next steps agreed; similar deals {peer}",
        sentence_at_zero="no next step agreed; similar deals {peer}",
    ),
    Feature(
        name="covenants_unmet",
        meaning="Agreed next steps past their day and not met at as_of: stage debt.",
        unit="count",
        concept="covenants",
        needs=("covenants.due_on", "covenants.met_at"),
        null_means="the CRM does not say when next steps are due and met",
        sentence="{value} agreed next steps not kept; similar deals {peer}",
    ),
    Feature(
        name="covenants_met_share",
        meaning="Share met of the agreed next steps that were due or met by as_of.",
        unit="share",
        concept="covenants",
        needs=("covenants.due_on", "covenants.met_at"),
        null_means="no agreed next step was due yet",
        sentence="kept {value} of the agreed next steps; similar deals {peer}",
        number_format=".0%",
    ),
    Feature(
        name="covenants_unmet_share",
        meaning="Share of all next steps agreed so far that are not met at as_of and whose due "
        "day is before the organisation's day of as_of.",
        unit="share",
        concept="covenants",
        needs=_DUE_AND_MET,
        null_means="no next step was agreed so far",
        sentence="{value} of the agreed next steps are overdue; similar deals {peer}",
        sentence_at_zero="none of the agreed next steps is overdue; similar deals {peer}",
        number_format=".0%",
    ),
    Feature(
        name="oldest_unmet_days",
        meaning="Days from the earliest due day among the next steps not met at as_of to the "
        "organisation's day of as_of; 0 when none of them is past its day.",
        unit="days",
        concept="covenants",
        needs=_DUE_AND_MET,
        null_means="the CRM does not say when next steps are due and met",
        sentence="a next step is {value} days overdue; similar deals {peer}",
        sentence_at_zero="no agreed next step is overdue; similar deals {peer} days",
    ),
    Feature(
        name="covenants_open",
        meaning="Next steps agreed, not met at as_of, and due on the organisation's day of as_of "
        "or later.",
        unit="count",
        concept="covenants",
        needs=_DUE_AND_MET,
        null_means="the CRM does not say when next steps are due and met",
        sentence="{value} agreed next steps ahead; similar deals {peer}",
        sentence_at_zero="no agreed next step ahead; similar deals {peer}",
    ),
    Feature(
        name="covenants_on_time_share",
        meaning="Share of the next steps with a due day that were met on it or before, of those "
        "with a due day that are met at as_of or past it; days in the organisation's zone.",
        unit="share",
        concept="covenants",
        needs=_DUE_AND_MET,
        null_means="no agreed next step was due or met yet",
        sentence="{value} of the agreed next steps kept in time; similar deals {peer}",
        number_format=".0%",
    ),
    Feature(
        name="covenants_in_stage",
        meaning="Next steps agreed so far for the stage in which the deal stands as of as_of.",
        unit="count",
        concept="covenants",
        needs=("covenants.stage", "opportunities.stage", "opportunity_changes"),
        null_means="the stage at the time is not known",
        sentence="{value} next steps agreed in this stage; similar deals {peer}",
        sentence_at_zero="no next step agreed in this stage; similar deals {peer}",
    ),
    Feature(
        name="days_since_covenant",
        meaning="Days from the newest agreed_at of the deal's next steps to as_of.",
        unit="days",
        concept="covenants",
        needs=("covenants",),
        null_means="no next step was agreed so far",
        sentence="last agreed a next step {value} days ago; similar deals {peer}",
    ),
)

_COUNTS = ("covenants_agreed", "covenants_unmet", "oldest_unmet_days", "covenants_open")


def covenants(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    today = view.calendar.local_day(pl.col(AS_OF))
    is_past = (pl.col("due_on") < today).fill_null(value=False)
    in_stage = (pl.col("stage") == pl.col("stage_now")).fill_null(value=False)
    told = (
        view.known("covenants")
        .join(view.spine.select(*KEYS, pl.col("stage").alias("stage_now")), on=KEYS)
        .with_columns(
            is_past.alias("is_past"),
            (view.calendar.local_day(pl.col("met_at")) <= pl.col("due_on")).alias("in_time"),
            (today - pl.col("due_on")).dt.total_days().alias("days_over"),
            in_stage.alias("in_stage"),
        )
        .group_by(*KEYS)
        .agg(*_kept(), *_ahead())
    )
    has_stage = pl.col("stage").is_not_null()
    agreed = pl.col("in_stage").fill_null(0)
    return view.beside(
        view.spine.select(*KEYS, "stage")
        .join(told, on=KEYS, how="left")
        .with_columns(feature(pl.when(has_stage).then(agreed), "covenants_in_stage"))
        .select(*KEYS, *(entry.name for entry in FEATURES)),
        zeros=_COUNTS,
    )


def _kept() -> list[pl.Expr]:
    """What became of the steps that were due or met."""
    is_past, has_day = pl.col("is_past"), pl.col("due_on").is_not_null()
    settled = has_day & (is_past | _IS_MET)
    return [
        feature(pl.len(), "covenants_agreed"),
        feature((is_past & ~_IS_MET).sum(), "covenants_unmet"),
        feature(ratio(_IS_MET.sum(), (is_past | _IS_MET).sum()), "covenants_met_share"),
        feature(ratio((is_past & ~_IS_MET).sum(), pl.len()), "covenants_unmet_share"),
        feature(ratio(pl.col("in_time").sum(), settled.sum()), "covenants_on_time_share"),
    ]


def _ahead() -> list[pl.Expr]:
    """What is waited for, and when something was last agreed."""
    is_ahead = ~pl.col("is_past") & pl.col("due_on").is_not_null() & ~_IS_MET
    overdue = pl.col("days_over").filter(~_IS_MET).max().clip(0)
    return [
        feature(overdue, "oldest_unmet_days"),
        feature(is_ahead.sum(), "covenants_open"),
        feature(days_since(pl.col("agreed_at")).min(), "days_since_covenant"),
        pl.col("in_stage").sum().alias("in_stage"),
    ]
