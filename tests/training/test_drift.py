from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from models.curve import read_off
from tests.training.learnable import FEATURES
from tests.training.test_fit_slip import CALENDAR, world
from training.drift import BEFORE, LIVE, ONCE, SHIFT, WON, drift_of, told_after
from training.folds import Fold
from training.forecasts import FitPlan
from training.matrix import Examples
from training.slip_forecasts import fit_curve

ORIGIN = datetime(2024, 8, 26, tzinfo=UTC)
EVERY = timedelta(weeks=2)
PLAN = FitPlan(seed=3, threads=1)


@pytest.fixture(scope="module")
def examples() -> Examples:
    X, frame = world(900, 4)
    is_late = pl.col("entity_id").str.ends_with("7")  # every tenth deal's date has passed
    passed = pl.col("as_of").dt.date().dt.offset_by("-5d")
    frame = frame.with_columns(committed_on=pl.when(is_late).then(passed).otherwise("committed_on"))
    in_time = (pl.col("event") == "won") & (pl.col("event_on") <= pl.col("committed_on"))
    rows = frame.with_columns(
        account_id="entity_id", label_won_by_committed=in_time.fill_null(value=False)
    )
    return Examples("deal", X, rows, FEATURES, {})


@pytest.fixture(scope="module")
def fold(examples: Examples) -> Fold:
    moments = examples.rows["as_of"].unique().sort().to_list()
    before = tuple(moment for moment in moments if moment < ORIGIN)
    until = ORIGIN + timedelta(weeks=13)
    return Fold(ORIGIN, before, before, tuple(m for m in moments if ORIGIN <= m < until))


def told_of(examples: Examples, fold: Fold) -> pl.DataFrame:
    return told_after(examples, fold, calendar=CALENDAR, plan=PLAN, kind="logistic", every=EVERY)


@pytest.fixture(scope="module")
def told(examples: Examples, fold: Fold) -> pl.DataFrame:
    return told_of(examples, fold)


def without_wins_from(examples: Examples, day: date) -> Examples:
    """The examples as if every deal won from that day on had gone on instead."""
    is_late = (pl.col("event") == "won") & (pl.col("event_on") >= day)
    rows = examples.rows.with_columns(
        event=pl.when(is_late).then(pl.lit("open")).otherwise("event"),
        event_on=pl.when(is_late).then(None).otherwise("event_on"),
        label_won_by_committed=pl.col("label_won_by_committed") & ~is_late.fill_null(value=False),
    )
    return Examples("deal", examples.X, rows, FEATURES, {})


def test_the_uncorrected_curve_is_the_one_fitted_at_the_origin(examples, fold, told):
    model = fit_curve(
        examples.at(fold.landmarks), cut=fold, calendar=CALENDAR, plan=PLAN, kind="logistic"
    )
    asked = examples.at(fold.test_as_ofs)

    said = read_off(model.curve(asked.X, asked.rows, CALENDAR), asked.rows, CALENDAR)

    rows = asked.rows.with_columns(said["p_won_by_committed"]).filter(
        pl.col("committed_on") >= pl.col("as_of").dt.date()
    )
    assert asked.rows.height > told.height == rows.height > 150
    assert np.allclose(told[BEFORE], rows["p_won_by_committed"], atol=1e-12)
    assert (told[WON] == rows["label_won_by_committed"].cast(pl.Float64)).all()


def test_a_shift_is_that_of_the_wins_of_the_quarter_before_the_day(examples, fold, told):
    model = fit_curve(
        examples.at(fold.landmarks), cut=fold, calendar=CALENDAR, plan=PLAN, kind="logistic"
    )
    day = fold.test_as_ofs[4]
    asked = examples.where(pl.col("as_of").is_between(day - timedelta(weeks=12), day - EVERY))
    curves = model.curve(asked.X, asked.rows, CALENDAR)
    expected = curves.won_by(np.full(asked.rows.height, 14.0)).sum()
    soon = pl.col("event_on") < pl.col("as_of").dt.date() + EVERY
    observed = asked.rows.filter((pl.col("event") == "won") & soon).height

    shifts = told.filter(pl.col("as_of") == day)[SHIFT].unique()

    assert asked.rows["as_of"].n_unique() == 6
    assert observed > 20
    assert shifts.to_list() == pytest.approx([np.log((observed + 10.0) / (expected + 10.0))])


def test_what_comes_on_a_day_or_after_it_does_not_move_the_curves_of_that_day(examples, fold, told):
    day = fold.test_as_ofs[3]

    changed = told_of(without_wins_from(examples, day.date()), fold)

    until = pl.col("as_of") <= day
    assert changed.filter(until)[LIVE].equals(told.filter(until)[LIVE])
    assert not changed.filter(~until)[LIVE].equals(told.filter(~until)[LIVE])
    assert changed[ONCE].equals(told[ONCE])


def test_where_wins_stop_coming_the_live_curve_follows_and_the_one_corrected_once_does_not(
    examples, fold
):
    dry = told_of(without_wins_from(examples, ORIGIN.date()), fold)
    last = dry.filter(pl.col("as_of") == fold.test_as_ofs[-1])

    found, once = drift_of(dry, seed=1), drift_of(dry, after=ONCE, seed=1)

    assert last[SHIFT].max() < -0.7
    assert found.bias_before.value > found.bias_after.value > 0.0
    assert found.gain.figure.low > 0.0
    assert once.bias_after.value > found.bias_before.value - 0.01


def test_on_the_day_of_the_origin_both_corrections_are_one(fold, told):
    is_first = pl.col("as_of") == fold.origin

    assert told.filter(is_first).height > 10
    assert told.filter(is_first)[LIVE].equals(told.filter(is_first)[ONCE].rename(LIVE))
    assert not told.filter(~is_first)[LIVE].equals(told.filter(~is_first)[ONCE].rename(LIVE))


def test_bias_and_loss_before_and_after_can_be_counted_by_hand():
    told = pl.DataFrame(
        {
            "account_id": ["a", "a", "b", "c"],
            WON: [1.0, 0.0, 1.0, 0.0],
            BEFORE: [0.5, 0.5, 0.5, 0.1],
            LIVE: [0.8, 0.4, 0.8, 0.1],
        }
    )

    found = drift_of(told, seed=1)

    assert found.rows == 4
    assert found.bias_before.value == pytest.approx(-0.1)
    assert found.bias_after.value == pytest.approx(0.025)
    assert found.loss_before == pytest.approx(-(3 * np.log(0.5) + np.log(0.9)) / 4)
    assert found.loss_after == pytest.approx(-(2 * np.log(0.8) + np.log(0.6) + np.log(0.9)) / 4)
    assert found.gain.figure.value == pytest.approx(found.loss_before - found.loss_after)
    assert found.to_mapping()["gain"]["accounts"] == 3


def test_figures_of_no_rows_are_refused(told):
    with pytest.raises(ValueError, match="expected rows whose committed date has passed"):
        drift_of(told.clear(), seed=1)
