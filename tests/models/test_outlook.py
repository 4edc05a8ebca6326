from dataclasses import replace

import lightgbm as lgb
import numpy as np
import polars as pl
import pytest

import models.slip
from features.calendar import Calendar
from models.booster import Booster, BoosterParams, booster_from_text, fit_booster
from models.curve import Curves, curves_of
from models.grid import days_of, target_calendar
from models.head import Head
from models.logistic import LogisticHead
from models.logodds import sigmoid
from models.matrix import matrix_of
from models.outlook import outlook_of
from models.slip import SlipModel

CALENDAR = Calendar(fiscal_year_start_month=2)


@pytest.fixture(scope="module")
def logistic(slip) -> LogisticHead:
    width = len(slip.close.names)
    rng = np.random.default_rng(6)
    return LogisticHead(
        names=slip.close.names,
        medians=(0.5,) * width,
        lows=(-2.0,) * width,
        highs=(2.0,) * width,
        means=(0.1,) * width,
        scales=(1.5,) * width,
        coefficients=tuple(rng.normal(size=width).tolist()),
        flags=tuple(rng.normal(size=width).tolist()),
        rates=(0.1,) * width,
        intercept=-0.4,
    )


@pytest.fixture(scope="module")
def weekly(slip) -> SlipModel:
    """The model of the other tests with heads that look at the week, and at the deal in it."""
    rng = np.random.default_rng(7)
    X = rng.normal(scale=2, size=(1_500, len(slip.close.names))).astype(np.float32)
    place = {name: number for number, name in enumerate(slip.close.names)}
    X[:, place["target_week"]] = rng.integers(1, 39, 1_500)
    X[:, place["target_weeks_to_committed"]] = rng.normal(scale=20, size=1_500)
    X[rng.random(X.shape) < 0.1] = np.nan
    pull = X[:, place["silence"]] * (X[:, place["target_week"]] - 15) / 5
    y = rng.random(1_500) < sigmoid(np.nan_to_num(pull - X[:, place["target_weeks_to_committed"]]))
    frame = pl.DataFrame(X, schema=list(slip.close.names), orient="row")
    close, win = (
        tuple(
            fit_booster(frame, y, params=BoosterParams(rounds=30, learning_rate=0.1, seed=seed))
            for seed in seeds
        )
        for seeds in ((1, 2, 3), (4, 5))
    )
    return replace(
        slip, close=replace(slip.close, boosters=close), win=replace(slip.win, boosters=win)
    )


def linear(names: tuple[str, ...]) -> Booster:
    """One whose leaves hold regressions."""
    rng = np.random.default_rng(8)
    X = rng.normal(size=(400, len(names)))
    settings = {"linear_tree": True, "num_leaves": 4, "verbosity": -1, "objective": "regression"}
    rows = lgb.Dataset(X, X[:, 0] * X[:, 4], feature_name=list(names))
    return booster_from_text(lgb.train(settings, rows, num_boost_round=5).model_to_string())


def lot(parts, weekly) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, weeks of every third row, and where rows begin that look ahead to other weeks."""
    rows = matrix_of(parts.X, weekly.names)
    starts = np.arange(0, len(rows), 3)
    as_of = days_of(parts.state["as_of"].dt.date().to_list())[starts]
    committed = days_of(parts.state["committed_on"].to_list())[starts]
    return rows, target_calendar(as_of, committed, weekly.grid, CALENDAR), starts


def row_by_row(head: Head, rows: np.ndarray, weeks: np.ndarray) -> np.ndarray:
    """The head's own answers; weeks of each row."""
    deals, steps, _ = weeks.shape
    wide = np.concatenate([np.repeat(rows[:, None, :], steps, axis=1), weeks], axis=2)
    return head.log_odds(wide.reshape(deals * steps, -1)).reshape(deals, steps)


def all_rows(weekly: SlipModel, X, state) -> Curves:
    """The curves as they were before deals and weeks were parted."""
    as_of = days_of(state["as_of"].dt.date().to_list())
    weeks = target_calendar(as_of, days_of(state["committed_on"].to_list()), weekly.grid, CALENDAR)
    rows = matrix_of(X, weekly.names)
    close = row_by_row(weekly.close, rows, weeks) + np.asarray(weekly.baseline)
    return curves_of(
        as_of, weekly.grid, sigmoid(close), sigmoid(row_by_row(weekly.win, rows, weeks))
    )


@pytest.mark.parametrize("kind", ["lightgbm", "blend", "logistic", "constant"])
def test_every_kind_of_head_says_what_it_says_row_by_row(kind, weekly, parts, logistic):
    names = weekly.close.names
    head = {
        "lightgbm": weekly.close,
        "blend": replace(weekly.close, logistic=logistic, logistic_share=0.3),
        "logistic": Head("close", names, logistic=logistic),
        "constant": Head("close", names, constant=-0.7),
    }[kind]
    rows, weeks, starts = lot(parts, weekly)

    found = outlook_of(head, len(weekly.names)).log_odds(rows, weeks, starts)

    assert np.abs(found - row_by_row(head, rows, weeks[np.arange(len(rows)) // 3])).max() < 1e-12


def test_trees_that_are_not_understood_are_left_to_lightgbm(weekly, parts):
    head = Head("close", weekly.close.names, boosters=(linear(weekly.close.names),))
    rows, weeks, starts = lot(parts, weekly)
    outlook = outlook_of(head, len(weekly.names))

    found = outlook.log_odds(rows, weeks, starts)

    assert outlook.forest is None
    assert (found == row_by_row(head, rows, weeks[np.arange(len(rows)) // 3])).all()


def test_curves_are_those_of_all_deals_at_all_steps_row_by_row(weekly, parts):
    state = parts.state[[n % 20 for n in range(60)]]  # three deals look ahead to the same weeks

    curves = weekly.curve(parts.X, state, CALENDAR)

    expected = all_rows(weekly, parts.X, state)

    assert np.abs(curves.won - expected.won).max() < 1e-12
    assert np.abs(curves.lost - expected.lost).max() < 1e-12
    assert (curves.as_of == expected.as_of).all()
    hazards = 1 - curves.open[:, 1:] / curves.open[:, :-1]
    assert np.median(np.ptp(hazards, axis=1)) > 0.1  # weeks differ, so this says something


def test_curves_do_not_ask_lightgbm_for_every_step(weekly, parts, monkeypatch):
    monkeypatch.setattr(Booster, "log_odds", None)

    assert weekly.curve(parts.X, parts.state, CALENDAR).won.shape[0] == parts.X.height


def test_weeks_to_which_several_deals_look_ahead_are_described_once(weekly, parts, monkeypatch):
    described = []

    def counted(as_of, *rest):
        described.append(len(as_of))
        return target_calendar(as_of, *rest)

    monkeypatch.setattr(models.slip, "target_calendar", counted)
    moments = parts.state[:20].unique().height

    weekly.curve(parts.X, parts.state[[n % 20 for n in range(60)]], CALENDAR)

    assert described == [moments]


@pytest.mark.parametrize("is_blend", [False, True])
def test_a_deal_alone_gets_the_same_curve_to_the_bit(is_blend, weekly, parts, logistic):
    close = replace(weekly.close, logistic=logistic) if is_blend else weekly.close
    model = replace(weekly, close=close)
    together = model.curve(parts.X, parts.state, CALENDAR)

    alone = [model.curve(parts.X[[n]], parts.state[[n]], CALENDAR).won for n in range(60)]

    assert (np.concatenate(alone) == together.won).all()


def test_deals_explained_in_small_lots_get_the_same_reasons(weekly, parts, monkeypatch):
    whole = weekly.explain(parts.X, parts.state, CALENDAR)
    monkeypatch.setattr(models.slip, "_EXPLAINED_AT_ONCE", 7)

    lots = weekly.explain(parts.X, parts.state, CALENDAR)

    assert (lots.parts == whole.parts).all()
    assert (lots.base == whole.base).all()
