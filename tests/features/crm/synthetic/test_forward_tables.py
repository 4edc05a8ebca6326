"""Forward tables: the past as it was exported, and futures that it does not foretell."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.book import make_book
from features.calendar import Calendar
from features.crm.synthetic.forward import Futures, History
from features.crm.synthetic.forward_tables import (
    LOOK_BACK_DAYS,
    Traces,
    forward_tables,
    past_traces,
    recent_traces,
)
from features.crm.synthetic.steps import DAY
from features.schema import AS_OF, ENTITY_ID, TABLES, TIME, conform
from models.policy import LabelPolicy
from tests.features.crm.small_world import PARAMS, World
from tests.features.crm.synthetic.forked import (
    FORK,
    MOMENT,
    WORLDS,
    contents,
    cut,
    with_another_future,
)
from training.labels import bucket_labels

Frames = Mapping[str, pl.DataFrame]
HORIZON = timedelta(weeks=26)
APPROACH_DAYS = LabelPolicy().renewal_approach_days
SINCE = pl.lit(FORK - LOOK_BACK_DAYS * DAY).cast(pl.Datetime("us", "UTC"))
MADE = {
    "activities": "occurred_at",
    "invoices": "issued_at",
    "tickets": "opened_at",
    "referrals": "given_at",
}
SECOND_STAMPS = {
    "activities": ("recorded", "recorded_at"),
    "invoices": ("paid", "paid_at"),
    "tickets": ("closed", "closed_at"),
}
UNTOLD = {
    "phase",
    "opportunity_id",
    "contact_id",
    "rep_id",
    "automated",
    "priority",
    "csat",
    "kind",
}
"""Columns that no outcome is judged by; `kind` only of referrals."""


def told(history: History, futures: Futures, past: Traces) -> Frames:
    rng, end = np.random.default_rng(9), history.world.steps.end
    return {
        name: frame.collect() for name, frame in forward_tables(rng, futures, past, end=end).items()
    }


def comparable(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without their own number, and accounts by number."""
    unsaid = UNTOLD - ({"kind"} if name == "activities" else set())
    own = {TABLES[name].key[0], "currency", *unsaid}
    number = pl.col("account_id").str.extract(r"(\d+)$").cast(pl.Int64)
    kept = rows.with_columns(number).drop(own & set(rows.columns))
    return kept.sort(kept.columns)


@pytest.fixture(scope="module")
def known(history: History, past: Traces) -> Traces:
    return cut(past, history.states[MOMENT].step)


@pytest.fixture(scope="module")
def frames(history: History, futures: Futures, known: Traces) -> Frames:
    return told(history, futures, known)


def labelled(frames: Frames) -> pl.DataFrame:
    """Labels of all worlds for the 26 weeks from the moment on."""
    book = make_book(
        {name: frame.lazy() for name, frame in frames.items()}, observed_until=MOMENT + HORIZON
    )
    spine = (
        frames["accounts"]
        .select(pl.col("account_id").alias(ENTITY_ID))
        .with_columns(pl.lit(MOMENT).cast(TIME).alias(AS_OF))
    )
    return bucket_labels(
        book,
        spine.lazy(),
        horizon=HORIZON,
        policy=replace(LabelPolicy(), growth_floor=1000.0),
        calendar=Calendar(),
    )


def in_world(rows: pl.DataFrame, world: int) -> pl.DataFrame:
    """One world's rows, accounts called as they are exported."""
    number = pl.col("account_id").cast(pl.Int64)
    accounts = PARAMS.accounts
    own = rows.filter(number // accounts == world)
    return own.with_columns((number % accounts + 1).cast(pl.String).alias("account_id"))


def test_the_tables_conform(frames: Frames) -> None:
    for name, frame in frames.items():
        conform(name, frame.lazy())
        key = list(TABLES[name].key)
        assert frame.select(key).is_duplicated().sum() == 0, name
    assert frames["accounts"].height == WORLDS * PARAMS.accounts


@pytest.mark.parametrize("name", MADE)
def test_the_past_of_every_world_is_the_exported_one(
    frames: Frames, world: World, name: str
) -> None:
    moment = pl.col(MADE[name])
    before = (moment >= SINCE) & (moment < MOMENT)
    rows = world[name].filter(before)
    if name == "activities":
        rows = rows.filter(~pl.col("automated"))

    exported = comparable(name, rows)

    assert exported.height > 20
    for number in range(WORLDS):
        own = in_world(frames[name], number).filter(before)
        # Stamps that had not come by the end of the history are empty in the export.
        own = own.with_columns(
            [
                pl.when(pl.col(column) < world["activities"]["recorded_at"].max()).then(column)
                for column in ("paid_at", "closed_at", "escalated_at")
                if column in own.columns
            ]
        )
        assert comparable(name, own).equals(exported), (name, number)


def test_what_is_on_its_way_at_the_moment_arrives_in_every_world(
    history: History, frames: Frames, past: Traces
) -> None:
    log, step = past.activities, history.states[MOMENT].step
    under_way = (log["step"] < step) & (log["moment"] >= FORK) & (log["automated"] == 0)
    expected = sorted(zip(log["account"][under_way], log["moment"][under_way], strict=True))

    assert len(expected) >= 5
    for number in range(WORLDS):
        own = in_world(frames["activities"], number)
        found = own.select(
            pl.col("account_id").cast(pl.Int64) - 1, pl.col("occurred_at").cast(pl.Int64)
        )
        assert set(expected) <= set(found.rows())


def test_the_recent_past_does_not_change_with_what_really_came(
    history: History, past: Traces, known: Traces
) -> None:
    step = history.states[MOMENT].step
    blank = with_another_future(history, step)

    now = recent_traces(history, past, MOMENT, approach_days=APPROACH_DAYS)
    then = recent_traces(blank, known, MOMENT, approach_days=APPROACH_DAYS)

    assert contents(now) == contents(then)
    assert len(now.activities["step"]) < len(known.activities["step"])
    assert max(int(getattr(now, field.name)["step"].max()) for field in fields(now)) < step


def test_the_recent_past_is_all_that_labels_ask_for(
    history: History, futures: Futures, past: Traces, known: Traces
) -> None:
    recent = recent_traces(history, past, MOMENT, approach_days=APPROACH_DAYS)

    pruned, whole = (labelled(told(history, futures, traces)) for traces in (recent, known))

    assert pruned["label"].drop_nulls().n_unique() == 4
    assert pruned["label"].equals(whole["label"])
    # The sums of floats depend on the order of rows; strings_along decides no label.
    assert_frame_equal(pruned.drop("strings_along"), whole.drop("strings_along"))


@pytest.mark.parametrize(("name", "second"), SECOND_STAMPS.items())
def test_rows_that_came_later_are_not_in_the_futures(
    history: History, past: Traces, frames: Frames, name: str, second: tuple[str, str]
) -> None:
    log, step = getattr(past, name), history.states[MOMENT].step
    came = log["step"] >= step
    columns = (log["account"], log[log.columns[1]], log[second[0]])
    really = set(zip(*(column[came] for column in columns), strict=True))
    rows = frames[name].select(
        pl.col("account_id").cast(pl.Int64) % PARAMS.accounts,
        pl.col(MADE[name]).cast(pl.Int64),
        pl.col(second[1]).cast(pl.Int64),
    )

    alike = really & set(rows.rows())

    # Two stamps coincide now and then; a CRM notes most touches in their own minute.
    assert len(really) > 1000
    assert len(alike) < 0.01 * len(really)


def test_worlds_differ_in_what_they_leave_behind(frames: Frames) -> None:
    for name, moment in MADE.items():
        later = frames[name].filter(pl.col(moment) >= MOMENT)
        stamps = [set(in_world(later, world)[moment]) for world in range(WORLDS)]
        assert len({frozenset(one) for one in stamps}) == WORLDS, name


def test_a_table_that_the_crm_does_not_keep_is_not_told(
    history: History, futures: Futures, known: Traces
) -> None:
    world = futures.pipeline.world
    params = replace(world.params, hidden=frozenset({"tickets", "quotes"}))
    shy = replace(futures, pipeline=replace(futures.pipeline, world=replace(world, params=params)))

    assert not {"tickets", "quotes"} & set(told(history, shy, known))


def test_the_traces_of_the_past_are_the_exported_ones(past: Traces, world: World) -> None:
    assert sorted(past.tickets["opened"]) == sorted(world["tickets"]["opened_at"].cast(pl.Int64))
    assert set(world["invoices"]["issued_at"].cast(pl.Int64)) <= set(past.invoices["moment"])


def test_traces_are_the_same_each_time(history: History, past: Traces) -> None:
    again = past_traces(history)

    for field in fields(past):
        one, other = getattr(past, field.name), getattr(again, field.name)
        assert all(np.array_equal(one[name], other[name]) for name in ("account", "step"))
