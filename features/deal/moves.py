"""The way a deal took through the stages: back, over, and how long against won deals."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, feature, ratio

_AT = pl.col("changed_at")
_MEDIAN = pl.col("median_days")
_DAY = 86_400_000_000
_HALVES = 2 * _DAY
_NEEDS = ("opportunities.stage", "opportunity_changes")
_NO_HISTORY = "the CRM keeps no history of stages"
_MOVE = "A move is a change of the stage that has an old value, even one equal to the new"
_PLACE = "the place of a stage is its number in the order of the open ones (equal ones share it)"
_GAIN = pl.col("place_new") - pl.col("place_old")

FEATURES = (
    Feature(
        name="stage_moves",
        meaning=f"Moves so far. {_MOVE}.",
        unit="count",
        concept="momentum",
        needs=_NEEDS,
        null_means=_NO_HISTORY,
        sentence="{value} changes of stage so far; similar deals {peer}",
        sentence_at_zero="still in its first stage; similar deals {peer} changes",
        is_rep_editable=True,
    ),
    Feature(
        name="stage_moves_back",
        meaning=f"Moves so far to a stage with an earlier place. {_MOVE}; {_PLACE}, and a move "
        "from or to a stage without one does not count.",
        unit="count",
        concept="momentum",
        needs=_NEEDS,
        null_means=_NO_HISTORY,
        sentence="moved back {value} times; similar deals {peer}",
        sentence_at_zero="never moved back; similar deals {peer} times",
        is_rep_editable=True,
    ),
    Feature(
        name="is_last_move_back",
        meaning="1 when the newest move (by changed_at; any of those at the same moment) went to "
        f"a stage with an earlier place, else 0; 0 without a move. {_MOVE}; {_PLACE}, and a move "
        "from or to a stage without one is not back.",
        unit="flag",
        concept="momentum",
        needs=_NEEDS,
        null_means=_NO_HISTORY,
        sentence="its last move was back",
        sentence_at_zero="its last move was not back",
        is_rep_editable=True,
    ),
    Feature(
        name="stages_skipped",
        meaning="Open stages passed over by moves forward, summed: places gained less one, at "
        f"least 0, per move. {_MOVE}; {_PLACE}, and a move from or to a stage without one passes "
        "over none.",
        unit="count",
        concept="momentum",
        needs=_NEEDS,
        null_means=_NO_HISTORY,
        sentence="{value} stages passed over; similar deals {peer}",
        sentence_at_zero="no stage passed over; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="first_stage_days",
        meaning="Days from the deal's creation to its first move by changed_at, to as_of when it "
        f"never moved; at least 0. {_MOVE}.",
        unit="days",
        concept="momentum",
        needs=_NEEDS,
        null_means=_NO_HISTORY,
        sentence="{value} days in its first stage; similar deals {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="path_days_ratio",
        meaning="Days in all stages so far over the sum of the medians that won deals stood in "
        "them, once per stay. A stay in a move's old stage runs from the previous move (from "
        "creation for the first, and at least 0 days) to the move, by changed_at, then "
        "recorded_at, then the lesser old; the last stay is in the stage as of as_of, from the "
        "newest move. A stay in a stage that is not an open one, or in which no won deal stood, "
        f"counts on neither side. At most 20. {_MOVE}.",
        unit="ratio",
        concept="momentum",
        needs=(*_NEEDS, "opportunities.outcome"),
        null_means="no won deal stood in any of its open stages yet, or for no time at all",
        sentence="{value} times as long on its way as won deals; similar deals {peer}",
        number_format=",.1f",
        is_rep_editable=True,
    ),
)

_COUNTS = ("stage_moves", "stage_moves_back", "is_last_move_back", "stages_skipped")
_MOST = 20.0


def moves(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    made = _moves(view)
    born, last = pl.col("created_at"), pl.col("moved_at")
    first_stay = (pl.coalesce("first_at", AS_OF) - born).dt.total_microseconds().clip(0)
    now = (pl.col(AS_OF) - pl.coalesce(last, born)).dt.total_microseconds()
    has_median = _MEDIAN.is_not_null()
    stood = pl.col("stood").fill_null(0) + pl.when(has_median).then(now).otherwise(0)
    usual = pl.col("usual").fill_null(0.0) + _MEDIAN.fill_null(0.0)
    path = ratio(stood / _DAY, usual).clip(0, _MOST)
    medians = view.context.stages.lazy().select(AS_OF, "stage", "median_days")
    told = (
        view.spine.select(*KEYS, AS_OF, "stage", "created_at")
        .join(medians, on=[AS_OF, "stage"], how="left")
        .join(_steps(view, made), on=KEYS, how="left")
        .join(_stays(view, made), on=KEYS, how="left")
        .with_columns(
            feature(first_stay / _DAY, "first_stage_days"), feature(path, "path_days_ratio")
        )
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=_COUNTS)


def _moves(view: View) -> pl.LazyFrame:
    is_move = (pl.col("field") == "stage") & pl.col("old").is_not_null()
    known = view.known("opportunity_changes").filter(is_move)
    return known.select(*KEYS, AS_OF, "changed_at", "recorded_at", "old", "new")


def _steps(view: View, made: pl.LazyFrame) -> pl.LazyFrame:
    """What the moves were, and when the first and the newest of them happened."""
    # Dense ranks make whole numbers of the shares that the context keeps.
    places = view.context.stages.lazy().select(
        AS_OF, "stage", pl.col("position").rank("dense").over(AS_OF).cast(pl.Int64).alias("place")
    )
    for side in ("old", "new"):
        renamed = places.rename({"stage": side, "place": f"place_{side}"})
        made = made.join(renamed, on=[AS_OF, side], how="left")
    is_back = (_GAIN < 0).fill_null(value=False)
    return made.group_by(*KEYS).agg(
        feature(pl.len(), "stage_moves"),
        feature(is_back.sum(), "stage_moves_back"),
        feature(is_back.filter(_AT.max() == _AT).any(), "is_last_move_back"),
        feature((_GAIN - 1).clip(0).sum(), "stages_skipped"),
        _AT.min().alias("first_at"),
        _AT.max().alias("moved_at"),
    )


def _stays(view: View, made: pl.LazyFrame) -> pl.LazyFrame:
    """Days stood (in microseconds) and usual days of the stages left so far."""
    medians = view.context.stages.lazy().select(AS_OF, pl.col("stage").alias("old"), "median_days")
    began = pl.coalesce(_AT.shift(1).over(*KEYS), "created_at")
    return (
        made.join(view.spine.select(*KEYS, "created_at"), on=KEYS)
        .join(medians, on=[AS_OF, "old"], how="left")
        .sort(*KEYS, "changed_at", "recorded_at", "old", "new")
        .with_columns((_AT - began).dt.total_microseconds().clip(0).alias("stay"))
        .filter(_MEDIAN.is_not_null())
        .group_by(*KEYS)
        .agg(pl.col("stay").sum().alias("stood"), _usual().alias("usual"))
    )


def _usual() -> pl.Expr:
    """The sum of the medians in days, exact in every order of the stays.

    A median lies on a microsecond or halfway between two: their halves are whole numbers.
    """
    return (_MEDIAN * _HALVES).round().cast(pl.Int64).sum() / _HALVES
