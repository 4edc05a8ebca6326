"""A calibration is kept where it helps out of time, and learns from the past alone."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from training.calibration import fitted, tried
from training.intervals import Codes, Floats

START = datetime(2025, 1, 1, tzinfo=UTC)
HORIZON = timedelta(weeks=4)
ORIGINS = 4
ROWS = 400


def world(seed: int, *, boldness: float) -> tuple[pl.DataFrame, Floats, Codes]:
    """Forecasts whose log-odds are `boldness` times the truth's, at four origins."""
    draws = np.random.default_rng(seed)
    truth = draws.dirichlet((1.0, 1.0, 1.0, 1.0), ORIGINS * ROWS)
    said = truth**boldness
    outcome = np.array([draws.choice(4, p=row) for row in truth])
    origins = [START + timedelta(weeks=13 * n) for n in range(ORIGINS) for _ in range(ROWS)]
    rows = pl.DataFrame(
        {
            "account_id": [f"a{place % 200}" for place in range(ORIGINS * ROWS)],
            "as_of": origins,
            "origin": origins,
        }
    )
    return rows, said / said.sum(axis=1, keepdims=True), outcome


def test_forecasts_that_are_too_bold_are_made_more_careful() -> None:
    rows, p, outcome = world(1, boldness=2.0)

    found = tried(rows, p, outcome, horizon=HORIZON, seed=1)

    assert found.is_kept
    assert found.final is not None
    assert found.final.temperature == pytest.approx(2.0, rel=0.15)
    assert (found.p[:ROWS] == p[:ROWS]).all()  # nothing was known before the first origin


def test_sound_forecasts_stay_as_they_are() -> None:
    kept = 0
    for seed in range(10):
        rows, p, outcome = world(seed, boldness=1.0)
        found = tried(rows, p, outcome, horizon=HORIZON, seed=1)
        kept += found.is_kept
        if not found.is_kept:
            assert found.final is None
            assert found.p is p

    assert kept <= 2


def test_an_outcome_that_is_not_certain_at_an_origin_does_not_move_its_map() -> None:
    rows, p, outcome = world(3, boldness=2.0)
    third = START + timedelta(weeks=26)
    late = (rows["as_of"] + HORIZON > third).to_numpy()
    other = np.where(late, (outcome + 1) % 4, outcome)

    before, after = (tried(rows, p, told, horizon=HORIZON, seed=1).p for told in (outcome, other))

    until = (rows["origin"] <= third).to_numpy()
    assert (before[until] == after[until]).all() or (after == p).all()


def test_few_forecasts_are_not_calibrated() -> None:
    rows, p, outcome = world(1, boldness=2.0)

    found = tried(rows[:150], p[:150], outcome[:150], horizon=HORIZON, seed=1)

    assert not found.is_kept
    assert found.gain.rows == 0


def test_what_few_rows_say_is_hardly_believed() -> None:
    p = np.tile([0.25, 0.25, 0.25, 0.25], (5, 1))

    found = fitted(p, np.zeros(5, dtype=np.int64))

    assert found.apply(p)[0, 0] < 0.75
