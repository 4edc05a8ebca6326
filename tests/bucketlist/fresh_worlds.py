"""Fresh synthetic worlds: what the oracle foretells of them beside what came about."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from bucketlist.oracle import OracleMoments, Question, frozen, oracle_frame
from features.book import Book, make_book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, make_world
from features.schema import AS_OF, ENTITY_ID
from features.snapshot import account_spine, deal_spine, deal_state
from models.policy import BUCKETS, LabelPolicy
from training.labels import bucket_labels, slip_labels

END = datetime(2026, 11, 21, tzinfo=UTC)
HORIZON = timedelta(weeks=26)
POLICY = frozen(LabelPolicy(), 1_500.0)
BUCKET_COLUMNS = tuple(f"p_{bucket}" for bucket in BUCKETS)
DEAL_COLUMNS = ("p_won_by_committed", "p_won_by_period_end", "p_lost")
KEYS = (ENTITY_ID, AS_OF)


def silent(_: str) -> None:
    """Progress that nobody hears."""


def asked(draws: int, *, horizon: timedelta = HORIZON) -> Question:
    """The question that tests ask: outcomes judged as the labels below are."""
    return Question(horizon, POLICY, Calendar(), draws)


def book_of(params: WorldParams) -> Book:
    """The tables of a world as its CRM keeps them."""
    tables = {name: frame.lazy() for name, frame in make_world(params).items()}
    return make_book(tables, observed_until=END)


def labels_of(book: Book, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """Bucket labels of all accounts at some moments."""
    spine = account_spine(book, as_ofs)
    return bucket_labels(book, spine, horizon=HORIZON, policy=POLICY, calendar=Calendar())


def accounts_foretold(params: WorldParams, as_of: datetime, question: Question) -> pl.DataFrame:
    """One row per account with a label: raw shares of the draws, `label`, `before`, `draws`.

    `before` is the label of the window that ended at as_of, "none" without one.
    """
    book = book_of(params)
    found = oracle_frame(params, OracleMoments(accounts=(as_of,)), question, progress=silent)
    labels = labels_of(book, (as_of, as_of - HORIZON)).select(*KEYS, "label")
    before = labels.filter(pl.col(AS_OF) < as_of).select(ENTITY_ID, before="label")
    joined = found.join(labels.drop_nulls(), on=KEYS).join(before, on=ENTITY_ID, how="left")
    return joined.with_columns(
        pl.col("before").fill_null("none"),
        *(
            ((pl.col(f"p_{bucket}") * (pl.col("draws") + 2) - 0.5) / pl.col("draws")).alias(bucket)
            for bucket in BUCKETS
        ),
    )


def deals_foretold(
    params: WorldParams, as_ofs: tuple[datetime, ...], question: Question
) -> pl.DataFrame:
    """One row per open deal whose dates have passed: raw shares, what happened, and its stage."""
    book, calendar = book_of(params), Calendar()
    found = oracle_frame(params, OracleMoments(deals=as_ofs), question, progress=silent)
    spine = deal_spine(book, as_ofs)
    stages = deal_state(book, spine, calendar).select(*KEYS, "stage", "type").collect()
    happened = slip_labels(book, spine, calendar=calendar).select(
        *KEYS,
        pl.col("label_won_by_committed").alias("is_won_by_committed"),
        (pl.col("label_period") == "won").alias("is_won_by_period_end"),
        (pl.col("label_period") == "lost").alias("is_lost"),
    )
    joined = found.join(happened, on=KEYS).join(stages, on=KEYS).drop_nulls("is_won_by_period_end")
    raw = [
        ((pl.col(name) * (pl.col("draws") + 1) - 0.5) / pl.col("draws")).alias(name[2:])
        for name in DEAL_COLUMNS
    ]
    return joined.with_columns(raw)


def gap(told: pl.Series, happened: pl.Series, draws: int) -> float:
    """Standard errors between what was told and what came: by rows, and by draws."""
    spread = float((told * (1.0 - told)).sum())
    error = float(np.sqrt(spread * (1.0 + 1.0 / draws)))
    return abs(float(happened.cast(pl.Float64).sum()) - float(told.sum())) / error


def log_loss(chances: pl.Series) -> float:
    """Mean surprise at what came about."""
    return -float(np.log(chances.to_numpy()).mean())
