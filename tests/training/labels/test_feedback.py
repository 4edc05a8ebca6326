"""What was stopped on advice does not become its own label; money does not make friction."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_series_equal

from features.book import make_book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, make_world
from features.snapshot import account_spine
from models.policy import MEASURES, LabelPolicy
from training.labels import bucket_labels

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
STOPPED = datetime(2024, 11, 1, tzinfo=UTC)
HORIZON = timedelta(weeks=13)
MONTHS = [STOPPED + timedelta(days=30 * month) for month in range(1, 21)]
"""As-ofs of nearly two years; the last window ends before the data do."""

Tables = Mapping[str, pl.DataFrame]


@pytest.fixture(scope="module")
def world() -> dict[str, pl.DataFrame]:
    return make_world(WorldParams(accounts=60, years=4, seed=3))


def labelled(tables: Tables) -> pl.DataFrame:
    book = make_book({name: table.lazy() for name, table in tables.items()}, observed_until=UNTIL)
    return bucket_labels(
        book,
        account_spine(book, MONTHS),
        horizon=HORIZON,
        policy=LabelPolicy(growth_floor=1000.0),
        calendar=Calendar(),
    )


def without_pursuit(tables: Tables, stopped: list[str]) -> dict[str, pl.DataFrame]:
    """The reps leave these accounts alone from the day on: no touch, no deal, none left open.

    What the accounts do of their own accord (write, order, renew, open tickets) goes on.
    """
    of_theirs = pl.col("account_id").is_in(stopped)
    after = pl.col("occurred_at") >= STOPPED
    touches = tables["activities"].filter(~(of_theirs & after & (pl.col("direction") != "inbound")))
    deals = tables["opportunities"].filter(~(of_theirs & (pl.col("created_at") >= STOPPED)))
    is_open = pl.col("closed_at").is_null() | (pl.col("closed_at") >= STOPPED)
    deals = deals.with_columns(
        pl.when(of_theirs & is_open)
        .then(pl.lit(STOPPED))
        .otherwise("closed_at")
        .alias("closed_at"),
        pl.when(of_theirs & is_open)
        .then(pl.lit("lost"))
        .otherwise("outcome")
        .cast(tables["opportunities"].schema["outcome"])
        .alias("outcome"),
    )
    contracts = tables["contracts"].filter(~of_theirs)
    return {**tables, "activities": touches, "opportunities": deals, "contracts": contracts}


def test_accounts_that_were_left_alone_for_two_years_are_never_labelled_walk_away(
    world: dict[str, pl.DataFrame],
) -> None:
    before = labelled(world)
    walked = before.filter(pl.col("label") == "walk_away")["entity_id"]
    stopped = walked.unique().sort().to_list()[::2]

    after = labelled(without_pursuit(world, stopped)).filter(pl.col("entity_id").is_in(stopped))

    assert len(stopped) >= 10
    assert before.filter(pl.col("entity_id").is_in(stopped))["is_exposed"].mean() > 0.5
    assert not after["is_exposed"].any()
    assert after.filter(pl.col("label") == "walk_away").is_empty()
    silent = after.filter(~pl.col("is_active"))
    assert silent.height > 0
    assert silent["label"].null_count() == silent.height
    assert (silent["weight_walk"] == 0.0).all()


def test_accounts_that_were_not_stopped_keep_their_labels(world: dict[str, pl.DataFrame]) -> None:
    before = labelled(world)
    stopped = before["entity_id"].unique().sort().to_list()[::2]

    after = labelled(without_pursuit(world, stopped))

    others = ~pl.col("entity_id").is_in(stopped)
    assert_series_equal(before.filter(others)["label"], after.filter(others)["label"])


def test_ten_times_the_money_is_the_same_friction(world: dict[str, pl.DataFrame]) -> None:
    money = {
        "opportunities": ("amount",),
        "invoices": ("amount",),
        "quotes": ("amount", "list_amount"),
        "contracts": ("annual_value",),
    }
    richer = dict(world)
    for table, columns in money.items():
        if table in world:
            there = [name for name in columns if name in world[table].columns]
            richer[table] = world[table].with_columns(pl.col(there) * 10.0)

    before, after = labelled(world), labelled(richer)

    names = ["friction", "friction_items", *MEASURES.values()]
    assert before["friction"].drop_nulls().len() > 100
    assert before["bookings"].sum() * 10 == pytest.approx(after["bookings"].sum())
    for name in names:
        assert_series_equal(before[name], after[name], rel_tol=1e-12)
    assert_series_equal(before["label"] == "pain", after["label"] == "pain")
