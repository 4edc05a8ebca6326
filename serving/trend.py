"""Trend: the probability of the displayed bucket over twelve weeks, and one word for it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from features.calendar import Calendar
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from models.policy import BUCKETS

WEEKS = 12
SIDE_WEEKS = 4
LEVEL_WITHIN = 0.05
POINTS_NEEDED = 8


def weekly(as_of: datetime, calendar: Calendar) -> tuple[datetime, ...]:
    """The twelve moments, a week apart on the organisation's clock, oldest first, as_of last."""
    zone = ZoneInfo(calendar.time_zone)
    local = as_of.astimezone(zone)
    # wall-clock arithmetic: midnight stays midnight when the clocks change
    moments = (local - timedelta(weeks=week) for week in range(WEEKS))
    return tuple(sorted(moment.astimezone(as_of.tzinfo) for moment in moments))


def history(scored: pl.DataFrame, displayed: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """How probable today's bucket was in each of the past weeks.

    Args:
        scored: entity_id, as_of, p_a_list, p_pain, p_walk_away, p_steady for every moment.
        displayed: account_id, bucket as shown today; null buckets have no history.
        calendar: for the day of each moment.

    Returns:
        account_id, on (Date), p; sorted.
    """
    shown = displayed.filter(pl.col("bucket").is_not_null()).select(ACCOUNT_ID, "bucket")
    probability = pl.coalesce(
        pl.when(pl.col("bucket") == bucket).then(pl.col(f"p_{bucket}")) for bucket in BUCKETS
    )
    return (
        scored.join(shown, left_on=ENTITY_ID, right_on=ACCOUNT_ID)
        .select(
            pl.col(ENTITY_ID).alias(ACCOUNT_ID),
            calendar.local_day(pl.col(AS_OF)).alias("on"),
            probability.alias("p"),
        )
        .sort(ACCOUNT_ID, "on")
    )


def trend(points: pl.DataFrame) -> pl.DataFrame:
    """One word per account: the mean of the last four weeks against that of the first four.

    Args:
        points: as `history` returns them.

    Returns:
        account_id, trend: rising, falling, or level within five points of probability; null
        with fewer than eight weeks.
    """
    change = pl.col("p").tail(SIDE_WEEKS).mean() - pl.col("p").head(SIDE_WEEKS).mean()
    return (
        points.sort(ACCOUNT_ID, "on")
        .group_by(ACCOUNT_ID, maintain_order=True)
        .agg(pl.len().alias("weeks"), change.alias("change"))
        .select(
            ACCOUNT_ID,
            pl.when(pl.col("weeks") < POINTS_NEEDED)
            .then(pl.lit(None, pl.String))
            .when(pl.col("change") > LEVEL_WITHIN)
            .then(pl.lit("rising"))
            .when(pl.col("change") < -LEVEL_WITHIN)
            .then(pl.lit("falling"))
            .otherwise(pl.lit("level"))
            .alias("trend"),
        )
    )
