"""Where the deal stands: its stage, how long it has stood there, and how it got there.

The order of the stages has no history: a place is one among the stages as they stand today.
"""

import polars as pl

from features.context import Context
from features.feature import Feature
from features.history import as_known
from features.schema import AS_OF, TABLES
from features.view import KEYS, View, days_since, feature, in_window, ratio

_NEEDS = ("opportunities.stage", "opportunity_changes")
_UNKNOWN = "the stage at the time is not known"
_NO_PLACE = "it is not among the open stages"

FEATURES = (
    Feature(
        name="stage_position",
        meaning="Place of the stage among the open ones, from 0 (first) to 1 (last), as the "
        "stages stand today; stages of one rank share a place. Where the CRM ranks none, the open "
        "ones are those that closed deals passed, by the median of their place.",
        unit="share",
        concept="momentum",
        needs=_NEEDS,
        null_means=f"{_UNKNOWN}, {_NO_PLACE}, or it has no rank",
        sentence="{value} of the way through the stages; similar deals {peer}",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_win_rate",
        meaning="Share won among the closed deals that passed the stage, mixed with 20 deals of "
        "the book's rate; that rate alone for a ranked open stage that none passed.",
        unit="share",
        concept="history",
        needs=(*_NEEDS, "opportunities.outcome"),
        null_means=f"{_UNKNOWN}, {_NO_PLACE}, or nothing had closed yet",
        sentence="{value} is the win rate of deals that reach this stage, with 20 deals of "
        "the book weighed in",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_days",
        meaning="Days since the changed_at of the change that set the stage, the last one by when "
        "it became known; since creation when there is none, or when it has no old value.",
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
        null_means=f"{_UNKNOWN}, {_NO_PLACE}, or won deals have not stood in it so far",
        sentence="{value} times as long in this stage as won deals; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_moves_90d",
        meaning="Changes of stage, with an old value, whose changed_at lies from 90 days before "
        "as_of on.",
        unit="count",
        concept="momentum",
        needs=_NEEDS,
        null_means="the CRM keeps no history of stages",
        sentence="{value} changes of stage in 90 days; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_progress_90d",
        meaning="Places gained by the changes of stage whose changed_at lies from 90 days before "
        "as_of on, as a share of the way from the first place to the last, as the stages stand "
        "today; negative when the deal moved back. A stage without a place gains none.",
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
    """Changes from one stage to another in the last `days` days."""
    return (pl.col("old").is_not_null() & in_window(pl.col("changed_at"), 0, days)).sum()


def progress(days: int) -> pl.Expr:
    """Places gained less places lost, last `days` days; a stage without a place gains none.

    Whole places are summed, and divided once: no order of the rows can change the last bit.
    """
    gained = pl.col("place_new") - pl.col("place_old")
    way = pl.col("way").max().fill_null(1)
    return gained.filter(in_window(pl.col("changed_at"), 0, days)).sum() / way


def entered_at() -> pl.Expr:
    """When the stage was entered, of rows sorted as they became known; null for a first stage."""
    return pl.when(pl.col("old").last().is_not_null()).then(pl.col("changed_at").last())


def stage(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    moves = (
        view.known("opportunity_changes")
        .filter(pl.col("field") == "stage")
        .join(_places(view.context, "old").drop("way"), on=[AS_OF, "old"], how="left")
        .join(_places(view.context, "new"), on=[AS_OF, "new"], how="left")
        .sort(*as_known(TABLES["opportunity_changes"]))
        .group_by(*KEYS)
        .agg(
            entered_at().alias("entered_at"),
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
        view.spine.select(*KEYS, AS_OF, "stage", "created_at")
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
    """as_of, the stage, its place as a whole number, and `way`: places from first to last."""
    place = pl.col("position").rank("dense").over(AS_OF).cast(pl.Int64)
    way = (place.max().over(AS_OF) - 1).clip(1)
    return context.stages.lazy().select(
        AS_OF, pl.col("stage").alias(side), place.alias(f"place_{side}"), way.alias("way")
    )
