"""Scores: one row per out-of-time prediction, in the columns that other programs read."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from features.schema import DAY, FLAG, NUMBER, TEXT, TIME
from models.policy import BUCKETS

BASELINES = (
    "constant",
    "persistence",
    "owner_rate",
    "customer_rate",
    "stage_age",
    "recency_frequency",
    "logistic",
    "crm_probability",
    "naive_bayes",
)
BUCKET_COLUMNS = tuple(f"p_{bucket}" for bucket in BUCKETS)
"""Columns of the four probabilities, in the order of `BUCKETS`."""

WON = "p_won_by_committed"

SCORE_SCHEMA: dict[str, pl.DataType] = {
    "entity": TEXT,
    "entity_id": TEXT,
    "account_id": TEXT,
    "as_of": TIME,
    "origin": TIME,
    "label_mature": FLAG,
    "weight": NUMBER,
    **dict.fromkeys(BUCKET_COLUMNS, NUMBER),
    "bucket": TEXT,
    "confidence": TEXT,
    "label": TEXT,
    "committed_on": DAY,
    "period_end": DAY,
    WON: NUMBER,
    "p_won_by_period_end": NUMBER,
    "p_lost": NUMBER,
    "p_slip": NUMBER,
    "label_won_by_committed": FLAG,
    "label_period": TEXT,
    "age_days": NUMBER,
    **{f"baseline_{name}_{column}": NUMBER for name in BASELINES for column in BUCKET_COLUMNS},
    **{f"baseline_{name}_{WON}": NUMBER for name in BASELINES},
}
"""Every column of scores.parquet with its dtype; what does not apply to a row is null."""


def score_frame(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Stack accounts and deals under all columns, sorted by entity, entity_id and as_of.

    Raises:
        ValueError: for a column that the file does not have.
    """
    filled = []
    for part in parts:
        stray = sorted(set(part.columns) - set(SCORE_SCHEMA))
        if stray:
            raise ValueError(f"expected columns of scores.parquet, got {stray}")
        filled.append(
            part.select(
                (pl.col(name) if name in part.columns else pl.lit(None)).cast(dtype).alias(name)
                for name, dtype in SCORE_SCHEMA.items()
            )
        )
    if not filled:
        return pl.DataFrame(schema=SCORE_SCHEMA)
    return pl.concat(filled).sort("entity", "entity_id", "as_of")


def write_scores(scores: pl.DataFrame, path: Path) -> None:
    """Write the file in one piece: it is there whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    scores.write_parquet(unfinished)
    unfinished.replace(path)


def judged_buckets(scores: pl.DataFrame) -> pl.DataFrame:
    """The account rows that metrics are about: a mature label and a prediction."""
    return scores.filter(
        (pl.col("entity") == "account")
        & pl.col("label_mature")
        & pl.col("label").is_not_null()
        & pl.col("p_a_list").is_not_null()
    )


def judged_deals(scores: pl.DataFrame) -> pl.DataFrame:
    """The deal rows that metrics are about: a committed date ahead, matured, on the grid.

    A date already past at as_of has weight 0: its slip is certain, and judging it would flatter
    every model alike.
    """
    return scores.filter(
        (pl.col("entity") == "deal")
        & (pl.col("weight") > 0)
        & pl.col("label_mature")
        & pl.col("label_won_by_committed").is_not_null()
        & pl.col(WON).is_not_null()
    )
