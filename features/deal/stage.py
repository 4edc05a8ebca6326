"""Where the deal stands: its stage, how long it has stood there, and how it got there."""

import polars as pl

from features.context import Context
from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, days_since, exact_sum, feature, in_window, ratio

_NEEDS = ("opportunities.stage", "opportunity_changes")
_UNKNOWN = "the stage at the time is not known"

FEATURES = (
    Feature(
        name="stage_position",
        meaning="Place of the stage among the open ones, from 0 (first) to 1 (last).",
        unit="share",
        concept="momentum",
        needs=_NEEDS,
        null_means=_UNKNOWN,
        sentence="{value} of the way through the stages; similar deals {peer}",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_win_rate",
        meaning="Share won among the closed deals that passed the stage, mixed with 20 deals of "
        "the book's rate.",
        unit="share",
        concept="history",
        needs=(*_NEEDS, "opportunities.outcome"),
        null_means=f"{_UNKNOWN}, or nothing had closed yet",
        sentence="{value} of the deals that reach this stage are won",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_days",
        meaning="Days since the deal entered its stage; since it was created when it never moved.",
        unit="days",
        concept="momentum",
        needs=_NEEDS,
        null_means="the CRM keeps no history of stages",
        sentence="{value} days in this stage; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_days_ratio",
        meaning="Days in the stage over the median that won deals stood in it.",
        unit="ratio",
        concept="momentum",
        needs=_NEEDS,
        null_means="no won deal passed this stage yet",
        sentence="{value} times as long in this stage as won deals; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_moves_90d",
        meaning="Changes of stage in the last 90 days.",
        unit="count",
        concept="momentum",
        needs=_NEEDS,
        null_means="the CRM keeps no history of stages",
        sentence="{value} changes of stage in 90 days; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_progress_90d",
        meaning="Places gained over the last 90 days, as a share of the way; negative when the "
        "deal moved back.",
        unit="share",
        concept="momentum",
        needs=_NEEDS,
        null_means="the CRM keeps no history of stages",
        sentence="moved {value} of the way in 90 days; similar deals {peer}",
        sentence_at_zero="has not moved a stage in 90 days; similar deals {peer} of the way",
        number_format="+.0%",
        is_rep_editable=True,
    ),
)


def stage_moves(days: int) -> pl.Expr:
    """Changes of stage in the last `days` days."""
    return in_window(pl.col("changed_at"), 0, days).sum()


def progress(days: int) -> pl.Expr:
    """Places gained less places lost, last `days` days; a stage without a place gains none."""
    gained = (pl.col("place_new") - pl.col("place_old")).fill_null(0.0)
    return exact_sum(gained.filter(in_window(pl.col("changed_at"), 0, days)))


def stage(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    moves = (
        view.known("opportunity_changes")
        .filter((pl.col("field") == "stage") & pl.col("old").is_not_null())
        .join(_places(view.context, "old"), on=[AS_OF, "old"], how="left")
        .join(_places(view.context, "new"), on=[AS_OF, "new"], how="left")
        .group_by(*KEYS)
        .agg(
            pl.col("changed_at").max().alias("entered_at"),
            feature(stage_moves(90), "stage_moves_90d"),
            feature(progress(90), "stage_progress_90d"),
        )
    )
    stages = view.context.stages.lazy().select(
        AS_OF,
        "stage",
        feature(pl.col("position"), "stage_position"),
        feature(pl.col("win_rate"), "stage_win_rate"),
        "median_days",
    )
    days = days_since(pl.coalesce("entered_at", "created_at"))
    told = (
        view.spine.select(*KEYS, "stage", "created_at")
        .join(stages, on=[AS_OF, "stage"], how="left")
        .join(moves, on=KEYS, how="left")
        .select(
            *KEYS,
            "stage_position",
            "stage_win_rate",
            feature(days, "stage_days"),
            feature(ratio(days, pl.col("median_days")), "stage_days_ratio"),
            "stage_moves_90d",
            "stage_progress_90d",
        )
    )
    return view.beside(told, zeros=("stage_moves_90d", "stage_progress_90d"))


def _places(context: Context, side: str) -> pl.LazyFrame:
    return context.stages.lazy().select(
        AS_OF, pl.col("stage").alias(side), pl.col("position").alias(f"place_{side}")
    )
