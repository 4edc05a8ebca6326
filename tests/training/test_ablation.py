"""Curves that lack something: what they do not see must not move them."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.curve import read_off
from tests.training.learnable import FEATURES
from tests.training.test_fit_slip import CALENDAR
from tests.training.test_slip_forecasts import ORIGIN, PLAN, described
from training.ablation import (
    ABLATIONS,
    CLOSED_ONLY,
    WITHOUT_STAGE,
    WITHOUT_TYPING,
    forecast_ablations,
)
from training.as_of_grid import ExperimentError
from training.config import Experiment, experiment_of
from training.folds import Fold
from training.judgement import judge
from training.matrix import Examples
from training.scores import WON
from training.slip_forecasts import fit_curve, forecast_slip

TYPED, STAGE = "a", "stage_b"


@pytest.fixture(scope="module")
def ground():
    """Who closes hangs on `a`, which a rep types; who wins hangs on the stage."""
    examples, past = described(900, 4)
    a, b, c = FEATURES
    features = (replace(a, is_rep_editable=True), replace(b, name=STAGE), c)
    return replace(examples, X=examples.X.rename({"b": STAGE}), features=features), past


@pytest.fixture(scope="module")
def fold(ground):
    moments = ground[0].rows["as_of"].unique().sort().to_list()
    before = tuple(moment for moment in moments if moment < ORIGIN)
    return Fold(ORIGIN, before, before, tuple(at for at in moments if at >= ORIGIN)[:4])


def told(ground, fold, test: Examples) -> dict[str, np.ndarray]:
    train = ground[0].at(fold.landmarks)
    found = forecast_ablations(train, test, cut=ORIGIN.date(), calendar=CALENDAR, plan=PLAN)
    return {name: frame[WON].to_numpy() for name, frame in found.items()}


@pytest.fixture(scope="module")
def test_rows(ground, fold):
    rows = ground[0].at(fold.test_as_ofs)
    return rows.where(pl.col("committed_on") >= pl.col("as_of").dt.date())


@pytest.fixture(scope="module")
def plain(ground, fold, test_rows):
    return told(ground, fold, test_rows)


def turned(rows: Examples, name: str) -> Examples:
    return replace(rows, X=rows.X.with_columns(pl.col(name).reverse()))


def test_each_curve_says_something_of_every_row(plain, test_rows):
    assert tuple(plain) == ABLATIONS
    for p in plain.values():
        assert len(p) == test_rows.rows.height > 50
        assert np.ptp(p) > 0.05


@pytest.mark.parametrize(("unseen", "blind"), [(STAGE, WITHOUT_STAGE), (TYPED, WITHOUT_TYPING)])
def test_what_a_curve_does_not_see_moves_the_others_alone(
    ground, fold, plain, test_rows, unseen, blind
):
    moved = told(ground, fold, turned(test_rows, unseen))

    for name, p in moved.items():
        assert np.array_equal(p, plain[name]) == (name == blind)


def test_without_typing_no_date_is_learnt_from_and_one_is_asked_about(
    ground, fold, plain, test_rows
):
    train = ground[0].at(fold.landmarks)
    others = replace(train, rows=train.rows.with_columns(pl.col("committed_on").reverse()))
    later = test_rows.rows.with_columns(pl.col("committed_on").dt.offset_by("21d"))
    known = {"cut": ORIGIN.date(), "calendar": CALENDAR, "plan": PLAN}

    taught = forecast_ablations(others, test_rows, **known)
    asked = forecast_ablations(train, replace(test_rows, rows=later), **known)

    for name in ABLATIONS:
        is_same = np.array_equal(taught[name][WON].to_numpy(), plain[name])
        assert is_same == (name == WITHOUT_TYPING)
    assert (asked[WITHOUT_TYPING][WON].to_numpy() > plain[WITHOUT_TYPING]).all()


def test_closed_deals_alone_promise_too_much(ground, fold, test_rows):
    recent = ground[0].at(fold.landmarks[-14:])  # half a year: many are open at the origin
    fitted = fit_curve(recent, cut=fold, calendar=CALENDAR, plan=PLAN)
    of_all = read_off(
        fitted.curve(test_rows.X, test_rows.rows, CALENDAR), test_rows.rows, CALENDAR
    )["p_won_by_committed"]
    found = forecast_ablations(recent, test_rows, cut=ORIGIN.date(), calendar=CALENDAR, plan=PLAN)

    came = test_rows.rows["label_won_by_committed"].mean()

    assert abs(of_all.mean() - came) < 0.03
    assert found[CLOSED_ONLY][WON].mean() - came > 0.05


def test_they_compete_only_when_asked_and_never_win(ground, fold):
    known = {"calendar": CALENDAR, "plan": PLAN, "curves": ("hazard",)}
    usual = forecast_slip(*ground, fold, **known)
    asked = forecast_slip(*ground, fold, ablations=True, **known)
    assert set(asked.by_model) - set(usual.by_model) == set(ABLATIONS)

    judged = asked.where(asked.rows["is_ahead"])
    outcome = judged.rows["label_won_by_committed"].cast(pl.Int64).to_numpy()
    knows = pl.DataFrame({WON: np.where(outcome == 1, 0.99, 0.01)})
    best = replace(judged, by_model={**judged.by_model, WITHOUT_STAGE: knows})
    found = judge(best, outcome, servable=("hazard",), seed=1)

    assert found.served == "hazard"
    assert found.winner not in ABLATIONS
    assert found.gains[WITHOUT_STAGE].figure.value < 0


def test_an_experiment_says_whether_they_compete():
    assert experiment_of({"ablations": True}).ablations
    assert experiment_of({"ablations": True}).to_mapping()["ablations"] is True
    assert "ablations" not in Experiment().to_mapping()
    with pytest.raises(ExperimentError, match="expected true or false, got 'yes'"):
        experiment_of({"ablations": "yes"})
