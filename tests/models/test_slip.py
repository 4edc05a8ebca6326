from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import models.slip
from features.calendar import Calendar
from models.curve import read_off
from models.document import from_json, to_json
from models.grid import days_of, target_calendar
from models.head import Bend, BentLogistic, Head
from models.logistic import LogisticHead
from models.logodds import logit, sigmoid
from models.matrix import matrix_of
from models.slip import slip_from_document

CALENDAR = Calendar(fiscal_year_start_month=2)


@pytest.fixture(scope="module")
def thousand(slip):
    rng = np.random.default_rng(11)
    X = pl.DataFrame(
        rng.normal(scale=3, size=(1_000, 3)).astype(np.float32),
        schema=list(slip.names),
        orient="row",
    )
    start = pl.datetime(2024, 1, 1, time_unit="us", time_zone="UTC")
    state = pl.DataFrame(
        {"day": rng.integers(0, 700, 1_000), "ahead": rng.integers(-60, 300, 1_000)}
    ).select(
        as_of=start + pl.duration(days="day"),
        committed_on=pl.when(pl.col("ahead") % 9 != 0).then(
            (start + pl.duration(days=pl.col("day") + pl.col("ahead"))).dt.date()
        ),
    )
    return X, state


def bent(names: tuple[str, ...]) -> BentLogistic:
    """A regression over every feature with a bend at the committed date."""
    width = len(names)
    line = LogisticHead(
        names=names,
        medians=(0.0,) * width,
        lows=(-9.0,) * width,
        highs=(9.0,) * width,
        means=(0.2,) * width,
        scales=(2.0,) * width,
        coefficients=tuple(0.3 - 0.05 * place for place in range(width)),
        flags=(0.1,) * width,
        rates=(0.05,) * width,
        intercept=0.4,
    )
    return BentLogistic(line, (Bend("target_weeks_to_committed", 0.0, 1.1, -0.4),))


@pytest.fixture(scope="module")
def kinds(slip):
    """The forests, regressions in their place, and both blended."""
    parts = (slip.close, slip.win)
    blend = [replace(head, logistic=bent(head.names)) for head in parts]
    lines = [replace(head, boosters=()) for head in blend]
    return {
        "lightgbm": slip,
        "blend": replace(slip, kind="blend", close=blend[0], win=blend[1]),
        "logistic": replace(slip, kind="logistic", close=lines[0], win=lines[1]),
    }


KINDS = pytest.mark.parametrize("kind", ["lightgbm", "blend", "logistic"])


@KINDS
def test_a_thousand_random_deals_share_out_one_at_every_step_and_never_lose_a_win(
    kinds, kind, thousand
):
    slip = kinds[kind]

    curves = slip.curve(*thousand, CALENDAR)

    assert curves.won.shape == (1_000, slip.grid.steps + 1)
    assert np.abs(curves.won + curves.lost + curves.open - 1).max() < 1e-9
    assert (np.diff(curves.won, axis=1) >= 0).all()
    assert min(curves.won.min(), curves.lost.min(), curves.open.min()) >= 0
    assert np.ptp(curves.won[:, -1]) > 0.1  # the deals differ, so this says something


def test_p_won_by_a_date_never_falls_from_one_day_to_the_next(slip, thousand):
    curves = slip.curve(*thousand, CALENDAR)

    days = [curves.won_by(np.full(1_000, float(day))) for day in range(int(curves.days[-1]) + 1)]

    assert (np.diff(np.array(days), axis=0) >= -1e-15).all()


def test_the_baseline_is_added_to_the_close_head(slip, thousand):
    X, state = thousand
    flat = replace(slip, close=Head("close", slip.close.names, constant=0.7))

    curves = flat.curve(X, state, CALENDAR)

    hazards = sigmoid(np.asarray(slip.baseline) + 0.7)
    assert curves.open[0] == pytest.approx([1, *np.cumprod(1 - hazards)])


def test_deals_taken_in_small_lots_get_the_same_curves(slip, thousand, monkeypatch):
    whole = slip.curve(*thousand, CALENDAR)
    monkeypatch.setattr(models.slip, "_ROWS_AT_ONCE", 97 * slip.grid.steps)

    lots = slip.curve(*thousand, CALENDAR)

    assert (lots.won == whole.won).all()
    assert (lots.as_of == whole.as_of).all()


def test_no_deals_give_no_curves(slip, thousand):
    X, state = thousand

    curves = slip.curve(X[:0], state[:0], CALENDAR)

    assert curves.won.shape == (0, slip.grid.steps + 1)
    assert read_off(curves, state[:0], CALENDAR).height == 0
    assert slip.explain(X[:0], state[:0], CALENDAR).base.shape == (0,)


@KINDS
def test_the_explanation_adds_up_to_the_log_odds_of_winning_in_the_asked_week(
    kinds, kind, thousand
):
    slip, X, state = kinds[kind], thousand[0][:200], thousand[1][:200]

    told = slip.explain(X, state, CALENDAR)

    days = days_of(state["as_of"].dt.date().to_list())
    committed = days_of(state["committed_on"].to_list())
    ends = read_off(slip.curve(X, state, CALENDAR), state, CALENDAR)["period_end"].to_list()
    asked = np.where(committed >= days, committed, days_of(ends))
    elapsed = (asked - days).astype(int) + 1
    step = np.clip(np.searchsorted(slip.grid.end_days(), elapsed), 0, slip.grid.steps - 1)
    week = target_calendar(days, committed, slip.grid, CALENDAR)[np.arange(200), step]
    rows = np.hstack([matrix_of(X, slip.names), week])
    close = sigmoid(slip.close.log_odds(rows) + np.asarray(slip.baseline)[step])
    expected = logit(close * sigmoid(slip.win.log_odds(rows)))
    assert np.abs(told.base + told.averaged().sum(axis=1) - expected).max() < 1e-6
    assert set(told.raises) == {"lowers_slip"}
    assert len(set(step)) > 10


def test_a_constant_head_beside_a_grown_one_is_explained_too(slip, thousand):
    X, state = thousand[0][:20], thousand[1][:20]
    half = replace(slip, win=Head("win", slip.win.names, constant=-0.3))

    told = half.explain(X, state, CALENDAR)

    assert told.parts.shape[0] == 3
    assert np.isfinite(told.parts).all()


@KINDS
def test_the_curve_is_what_its_heads_say_of_every_step(kinds, kind, thousand):
    slip, X, state = kinds[kind], thousand[0][:60], thousand[1][:60]

    curves = slip.curve(X, state, CALENDAR)

    days, committed = (days_of(state[name].cast(pl.Date).to_list()) for name in state.columns)
    weeks = target_calendar(days, committed, slip.grid, CALENDAR)
    steps = slip.grid.steps
    rows = np.hstack(
        [np.repeat(matrix_of(X, slip.names), steps, axis=0), weeks.reshape(60 * steps, -1)]
    )
    close = slip.close.log_odds(rows).reshape(60, steps) + np.asarray(slip.baseline)
    hazards = sigmoid(close)
    assert curves.open[:, 1:] == pytest.approx(np.cumprod(1 - hazards, axis=1), abs=1e-9)
    win = sigmoid(slip.win.log_odds(rows)).reshape(60, steps)
    expected = np.cumsum(curves.open[:, :-1] * hazards * win, axis=1)
    assert curves.won[:, 1:] == pytest.approx(expected, abs=1e-9)


@KINDS
def test_a_model_read_back_from_its_files_gives_the_same_curves(kinds, kind, thousand):
    slip = kinds[kind]
    described, texts = slip.to_document()

    again = slip_from_document(
        from_json(type(described), to_json(described), name="slip.json"), texts
    )

    assert again.kind == kind
    assert (again.curve(*thousand, CALENDAR).won == slip.curve(*thousand, CALENDAR).won).all()


def test_a_frame_of_states_that_does_not_fit_the_features_is_refused(slip, thousand):
    X, state = thousand

    with pytest.raises(ValueError, match="got 999 for 1000"):
        slip.curve(X, state[:999], CALENDAR)


def test_a_baseline_that_does_not_fit_the_grid_is_refused(slip):
    with pytest.raises(ValueError, match="baseline hazards"):
        replace(slip, baseline=slip.baseline[:-1])


def test_the_committed_date_can_lie_at_the_very_end_of_the_grid(slip, thousand):
    X, state = thousand[0][:1], thousand[1][:1]
    last = state["as_of"][0].date() + timedelta(days=int(slip.grid.end_days()[-1]) - 1)

    (row,) = read_off(
        slip.curve(X, state.with_columns(committed_on=pl.lit(last)), CALENDAR),
        state.with_columns(committed_on=pl.lit(last)),
        CALENDAR,
    ).to_dicts()

    assert row["p_won_by_committed"] == pytest.approx(row["p_won_end"])
