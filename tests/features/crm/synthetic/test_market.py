"""The synthetic CRM behaves like a market."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from features.book import Book, make_book
from features.calendar import Calendar
from features.crm.synthetic import make_world, regime
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from models.policy import BUCKETS, LabelPolicy
from tests.features.crm.small_world import (
    END,
    PARAMS,
    World,
    by_account,
    closed,
    missed_dates,
    sales,
    share,
)
from training.labels import bucket_labels

MONTHS = [datetime(2024, month, 1, tzinfo=UTC) for month in (4, 10)] + [
    datetime(2025, month, 1, tzinfo=UTC) for month in (4, 10)
]
BANDS = {"a_list": (0.15, 0.30), "pain": (0.15, 0.35), "walk_away": (0.20, 0.40)}


@pytest.fixture(scope="module")
def company() -> World:
    return make_world(regime("baseline", seed=7))


@pytest.fixture(scope="module")
def book(company: World) -> Book:
    return make_book({name: rows.lazy() for name, rows in company.items()}, observed_until=END)


@pytest.mark.parametrize("first_month", [1, 2])
def test_wins_pile_up_in_the_last_two_weeks_of_a_fiscal_quarter(first_month: int) -> None:
    made = make_world(replace(PARAMS, fiscal_year_start_month=first_month))
    calendar = Calendar(fiscal_year_start_month=first_month)
    won = sales(made).filter(pl.col("outcome") == "won")
    day = pl.col("closed_at").dt.date()

    left = won.select((calendar.quarter_end(day) - day).dt.total_days().alias("left"))["left"]

    assert share(left < 14) > 1.5 * 14 / 91


def test_the_world_is_plausible(world: World) -> None:
    rate = {
        str(kind): float(won)
        for kind, won in closed(world)
        .group_by("type")
        .agg((pl.col("outcome") == "won").mean())
        .rows()
    }
    cycle = (closed(world)["closed_at"] - closed(world)["created_at"]).dt.total_days().median()

    assert 0.20 < rate["new"] < 0.45
    assert 0.75 < rate["renewal"] < 0.95
    assert rate["new"] < rate["expansion"] < rate["renewal"]
    assert 60 <= float(cycle or 0) <= 120  # type: ignore[arg-type]
    assert 1.0 < world["opportunities"].height / (PARAMS.accounts * PARAMS.years) < 2.0


def test_trouble_persists_but_not_perfectly(world: World) -> None:
    ids = world["accounts"].filter(pl.col("created_at") < datetime(2024, 1, 1, tzinfo=UTC))
    year = pl.col("opened_at").dt.year()

    counts = [
        np.nan_to_num(by_account(world["tickets"].filter(year == one), pl.len(), ids["account_id"]))
        for one in (2024, 2025)
    ]

    assert 0.3 < float(np.corrcoef(counts[0], counts[1])[0, 1]) < 0.97


@pytest.mark.parametrize("bucket", BANDS)
def test_the_shares_of_the_buckets_lie_in_their_bands(shares: pl.DataFrame, bucket: str) -> None:
    low, high = BANDS[bucket]

    assert low < float(shares[bucket].mean() or 0.0) < high  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shares(book: Book) -> pl.DataFrame:
    """The share of each bucket among the labels of each moment."""
    ids = book["accounts"].filter(pl.col("merged_into").is_null()).select(ACCOUNT_ID).collect()
    moments = pl.DataFrame({AS_OF: pl.Series(MONTHS, dtype=pl.Datetime("us", "UTC"))})
    labels = bucket_labels(
        book,
        ids.rename({ACCOUNT_ID: ENTITY_ID}).join(moments, how="cross").lazy(),
        horizon=timedelta(weeks=26),
        policy=LabelPolicy(),
        calendar=Calendar(),
    ).filter(pl.col("label").is_not_null())
    found = labels.group_by(AS_OF).agg(
        [(pl.col("label") == bucket).mean().alias(bucket) for bucket in BUCKETS]
    )
    assert found.height == len(MONTHS)
    return found


def test_most_open_deals_miss_their_committed_date(company: World) -> None:
    missed = missed_dates(company, MONTHS)

    assert missed.len() > 400
    assert 0.55 < share(missed) < 0.75


def test_a_push_is_no_bad_sign_but_three_are(company: World) -> None:
    moves = company["opportunity_changes"].filter(
        (pl.col("field") == "close_date") & (pl.col("new") > pl.col("old"))
    )
    counts = moves.group_by("opportunity_id").len("pushes")
    ends = sales(company).join(counts, on="opportunity_id", how="left")
    # A deal that closes late is stamped with the day of its close: no push of a rep's.
    is_stamp = moves.join(
        sales(company), left_on=["opportunity_id", "changed_at"],
        right_on=["opportunity_id", "closed_at"], how="semi",
    ).group_by("opportunity_id").len("stamps")  # fmt: skip
    ends = ends.join(is_stamp, on="opportunity_id", how="left").with_columns(
        pushes=pl.col("pushes").fill_null(0) - pl.col("stamps").fill_null(0)
    )

    groups = [(1, 1), (3, 99)]
    won = [
        share(ends.filter(pl.col("pushes").is_between(*group))["outcome"] == "won")
        for group in groups
    ]

    assert all(later < earlier for earlier, later in pairwise(won))
    assert won[0] - won[1] > 0.05
