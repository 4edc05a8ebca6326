"""Foretold: the oracle's probabilities beside what came about, row by row."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from benchmarks.portrait.regimes import World
from bucketlist.oracle import OracleMoments, Question, frozen
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.snapshot import account_spine, deal_spine
from models.policy import BUCKETS, LabelPolicy
from training.labels import bucket_labels, growth_floor, slip_labels

HORIZON = timedelta(weeks=26)
ACCOUNTS_AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
DEALS_AS_OF = datetime(2026, 2, 16, tzinfo=UTC)
"""A Monday in the middle of a quarter, 39 weeks before the worlds end.

Nearly every committed date has passed by then, and the markets that turn have turned.
"""

SLIP_TARGET = "won_by_committed"
TARGETS: Mapping[str, str] = {
    **{bucket: f"p_{bucket}" for bucket in BUCKETS},
    SLIP_TARGET: "p_won_by_committed",
    "won_by_period_end": "p_won_by_period_end",
    "lost_by_period_end": "p_lost",
}
"""What is foretold → the oracle's column."""

Foretell = Callable[[World, OracleMoments, Question, Callable[[str], None]], pl.DataFrame]
"""The oracle: the world, when it is asked, what it is asked, and where progress goes."""


def foretold_and_happened(
    world: World, draws: int, *, foretell: Foretell, say: Callable[[str], None]
) -> pl.DataFrame:
    """One row for each probability whose outcome is known.

    Returns:
        target, account (text, one for each account of each world), predicted, happened.
    """
    book, calendar = world.book, world.calendar
    deals = (DEALS_AS_OF,) if book.has("opportunities.outcome") else ()
    floor = growth_floor(book, ACCOUNTS_AS_OF, HORIZON, policy=LabelPolicy(), calendar=calendar)
    policy = frozen(LabelPolicy(), floor)
    question = Question(HORIZON, policy, calendar, draws)
    moments = OracleMoments(accounts=(ACCOUNTS_AS_OF,), deals=deals)
    foretold = foretell(world, moments, question, say)
    buckets = bucket_labels(
        book,
        account_spine(book, moments.accounts),
        horizon=HORIZON,
        policy=policy,
        calendar=calendar,
    )
    outcomes = [bucket_outcomes(buckets)]
    if deals:
        slips = slip_labels(book, deal_spine(book, deals), calendar=calendar)
        outcomes.append(slip_outcomes(slips))
    chances = foretold.unpivot(
        on=list(TARGETS.values()), index=[ENTITY_ID, AS_OF], variable_name="column",
        value_name="predicted",
    ).drop_nulls("predicted")  # fmt: skip
    columns = {column: target for target, column in TARGETS.items()}
    return (
        chances.with_columns(pl.col("column").replace_strict(columns).alias("target"))
        .join(pl.concat(outcomes), on=[ENTITY_ID, AS_OF, "target"])
        .sort("target", ENTITY_ID)
        .select(
            "target",
            pl.format("{}/{}", pl.lit(world.params.seed), ACCOUNT_ID).alias("account"),
            "predicted",
            "happened",
        )
    )


def bucket_outcomes(labels: pl.DataFrame) -> pl.DataFrame:
    """entity_id, account_id, as_of, target, happened: four rows for each label that is told."""
    flags = [(pl.col("label") == bucket).alias(bucket) for bucket in BUCKETS]
    return _long(labels.with_columns(pl.col(ENTITY_ID).alias(ACCOUNT_ID), *flags), BUCKETS)


def slip_outcomes(labels: pl.DataFrame) -> pl.DataFrame:
    """The same of deals; a target whose date has not passed has no row."""
    period = pl.col("label_period")
    flags = (
        pl.col("label_won_by_committed").alias(SLIP_TARGET),
        (period == "won").alias("won_by_period_end"),
        (period == "lost").alias("lost_by_period_end"),
    )
    return _long(labels.with_columns(flags), tuple(TARGETS)[len(BUCKETS) :])


def _long(frame: pl.DataFrame, targets: Sequence[str]) -> pl.DataFrame:
    return frame.unpivot(
        on=list(targets), index=[ENTITY_ID, ACCOUNT_ID, AS_OF], variable_name="target",
        value_name="happened",
    ).drop_nulls("happened")  # fmt: skip
