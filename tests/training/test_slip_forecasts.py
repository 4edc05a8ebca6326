from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.training.learnable import FEATURES
from tests.training.test_fit_slip import CALENDAR, world
from training.folds import Fold
from training.forecasts import FitPlan
from training.judgement import judge
from training.ladder import CURVES
from training.matrix import Examples
from training.scores import WON
from training.slip_forecasts import SlipPast, as_served, forecast_slip

ORIGIN = datetime(2024, 9, 2, tzinfo=UTC)
PLAN = FitPlan(seed=3, threads=1)


def described(deals: int, seed: int) -> tuple[Examples, SlipPast]:
    """The deals of a small world with what a contest knows of them."""
    X, frame = world(deals, seed)
    today = pl.col("as_of").dt.date()
    is_late = pl.col("entity_id").str.ends_with("7")  # every tenth deal's date has passed
    committed_on = pl.when(is_late).then(today.dt.offset_by("-5d")).otherwise("committed_on")
    frame = frame.with_columns(committed_on.alias("committed_on"))
    won = (pl.col("event") == "won") & (pl.col("event_on") <= pl.col("committed_on"))
    rows = frame.with_columns(
        account_id="entity_id",
        owner_rep_id=pl.lit("rep"),
        segment=pl.lit("small"),
        type=pl.lit("new"),
        stage=pl.lit("offer"),
        amount=pl.lit(1_000.0),
        age_days=((pl.col("as_of") - pl.col("as_of").min()).dt.total_days() % 90).cast(pl.Float64),
        label_won_by_committed=won.fill_null(value=False),
    )
    past = rows.with_columns(
        as_of_on=today,
        weeks_ahead=(pl.col("committed_on") - today).dt.total_days() / 7.0,
        is_ahead=pl.col("committed_on") >= today,
        known_at=pl.col("committed_on").dt.offset_by("1d").cast(pl.Datetime("us", "UTC")),
    ).with_columns(pl.col("label_won_by_committed").cast(pl.Float64).alias(WON))
    return Examples("deal", X, rows, FEATURES, {}), SlipPast(past, {}, {})


@pytest.fixture(scope="module")
def ground():
    return described(900, 4)


@pytest.fixture(scope="module")
def fold(ground):
    moments = ground[0].rows["as_of"].unique().sort().to_list()
    before = tuple(moment for moment in moments if moment < ORIGIN)
    until = ORIGIN + timedelta(weeks=8)
    tested = tuple(moment for moment in moments if ORIGIN <= moment < until)
    return Fold(ORIGIN, before, before, tested)


@pytest.fixture(scope="module")
def told(ground, fold):
    return forecast_slip(*ground, fold, calendar=CALENDAR, plan=PLAN)


def test_every_curve_and_the_binary_forest_say_something_of_every_row_with_a_date_ahead(told):
    assert {*CURVES, "binary", "stage_age", "constant"} <= set(told.by_model)
    for name in (*CURVES, "binary"):
        p = told.by_model[name][WON].to_numpy()
        assert told.rows.height == len(p) > 50
        assert ((p >= 0) & (p <= 1)).all()
        assert np.ptp(p) > 0.1


def test_a_committed_date_that_is_past_is_won_by_nobody(told):
    is_past = ~told.rows["is_ahead"]

    assert is_past.any()
    assert (told.rows["weight"] == told.rows["is_ahead"].cast(pl.Float64)).all()
    for name in (*CURVES, "binary"):
        said = told.by_model[name][WON].filter(is_past)
        assert said.sum() == 0


def test_the_rows_hold_what_the_curve_that_is_served_says(told):
    rows = told.rows

    blend = as_served(rows, "hazard_blend")

    first = rows.select("p_won_by_period_end", "p_lost", "p_slip", "close_p50")
    assert first.equals(as_served(rows, "hazard").select(first.columns))
    assert not first.equals(blend.select(first.columns))
    whole = blend.select(pl.sum_horizontal("p_won_by_period_end", "p_lost", "p_slip")).to_series()
    assert whole.drop_nulls().to_numpy() == pytest.approx(1.0)
    assert blend.columns == rows.columns


def test_only_the_curves_asked_for_compete_and_they_say_what_they_say_among_others(
    ground, fold, told
):
    alone = forecast_slip(*ground, fold, calendar=CALENDAR, plan=PLAN, curves=("hazard_logistic",))

    assert set(CURVES) & set(alone.by_model) == {"hazard_logistic"}
    assert alone.by_model["hazard_logistic"].equals(told.by_model["hazard_logistic"])


def test_the_binary_forest_is_judged_beside_the_curve_and_never_served(told):
    judged = told.where(told.rows["is_ahead"])
    outcome = judged.rows["label_won_by_committed"].cast(pl.Int64).to_numpy()

    found = judge(judged, outcome, servable=tuple(CURVES), seed=1)

    assert found.served in CURVES
    assert found.gains["binary"].figure.low is not None


def test_outcomes_that_were_not_certain_at_the_origin_change_no_forecast(ground, fold, told):
    examples, past = ground
    is_late = pl.col("event_on") >= ORIGIN.date()
    other = {
        "event": pl.when(is_late).then(pl.lit("lost")).otherwise("event"),
        "event_on": pl.when(is_late)
        .then(pl.col("event_on").dt.offset_by("9d"))
        .otherwise("event_on"),
    }
    rest = {WON: pl.when(pl.col("known_at") >= ORIGIN).then(1.0 - pl.col(WON)).otherwise(WON)}
    assert not past.rows.with_columns(**rest).equals(past.rows)

    again = forecast_slip(
        replace(examples, rows=examples.rows.with_columns(**other)),
        replace(past, rows=past.rows.with_columns(**other, **rest)),
        fold,
        calendar=CALENDAR,
        plan=PLAN,
    )

    for name, frame in told.by_model.items():
        assert again.by_model[name].equals(frame), name
