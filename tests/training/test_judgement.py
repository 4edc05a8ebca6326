from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from training.forecasts import Forecasts, stacked
from training.judgement import judge

ROWS = 400
CLASSES = ("p_won_by_committed",)


def rows(count: int = ROWS) -> pl.DataFrame:
    moments = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)]
    return pl.DataFrame(
        {
            "entity_id": [f"d{number}" for number in range(count)],
            "account_id": [f"a{number % 80}" for number in range(count)],
            "as_of": [moments[number % 2] for number in range(count)],
            "origin": [moments[number % 2] for number in range(count)],
            "owner_rep_id": [f"r{number % 4}" for number in range(count)],
            "segment": [None if number % 3 else "small" for number in range(count)],
            "age_days": [float(number) for number in range(count)],
            "is_known": [number % 5 > 0 for number in range(count)],
        }
    )


def world(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.beta(2, 2, size=ROWS)
    return truth, (generator.random(ROWS) < truth).astype(np.int64)


def forecasts(**said: np.ndarray) -> Forecasts:
    frames = {
        name: pl.DataFrame({CLASSES[0]: values}).fill_nan(None) for name, values in said.items()
    }
    return Forecasts(rows(), frames, CLASSES, {"persistence": "a deal has no window before"})


def test_the_winner_may_be_a_baseline_while_the_served_one_is_a_model() -> None:
    truth, outcome = world()
    noisy = np.clip(truth + np.random.default_rng(9).normal(scale=0.5, size=ROWS), 0.01, 0.99)
    told = forecasts(hazard=noisy, stage_age=truth, constant=np.full(ROWS, 0.5))

    found = judge(told, outcome, servable=("hazard",), seed=1)

    assert (found.winner, found.served) == ("stage_age", "hazard")
    assert found.gains["stage_age"].figure.high is not None
    assert found.gains["stage_age"].figure.high < 0


def test_among_those_that_can_be_served_the_lowest_log_loss_is() -> None:
    truth, outcome = world()
    told = forecasts(blend=truth, lightgbm=np.full(ROWS, 0.4), constant=np.full(ROWS, 0.5))

    found = judge(told, outcome, servable=("lightgbm", "blend"), seed=1)

    assert found.served == "blend"
    assert set(found.gains) == {"lightgbm", "constant"}
    assert found.gains["constant"].is_sure


def test_a_silent_baseline_says_what_the_constant_says() -> None:
    truth, outcome = world()
    silent = np.where(np.arange(ROWS) % 2 == 0, np.nan, truth)
    told = forecasts(hazard=truth, crm_probability=silent, constant=np.full(ROWS, 0.5))

    found = judge(told, outcome, servable=("hazard",), seed=1)

    expected = np.where(np.isnan(silent), 0.5, silent)
    loss = -np.mean(outcome * np.log(expected) + (1 - outcome) * np.log(1 - expected))
    overall = found.standings["crm_probability"].overall
    assert (overall.n, overall.log_loss.value) == (ROWS, pytest.approx(loss))


def test_every_slice_divides_all_rows() -> None:
    truth, outcome = world()
    told = forecasts(hazard=truth, constant=np.full(ROWS, 0.5))

    standing = judge(told, outcome, servable=("hazard",), seed=1).standings["hazard"]

    assert set(standing.slices) == {"by_origin", "by_segment", "by_age", "by_acquaintance"}
    for parts in standing.slices.values():
        assert sum(part.n for part in parts.values()) == ROWS
    assert set(standing.slices["by_segment"]) == {"small", "not known"}
    assert set(standing.slices["by_origin"]) == {"2026-01-01", "2026-04-01"}


def test_the_same_seed_gives_the_same_intervals() -> None:
    truth, outcome = world()
    told = forecasts(hazard=truth, constant=np.full(ROWS, 0.5))

    first = judge(told, outcome, servable=("hazard",), seed=4).to_mapping()
    second = judge(told, outcome, servable=("hazard",), seed=4).to_mapping()

    assert first == second


def test_a_model_that_one_fold_lacks_is_left_out_of_the_whole() -> None:
    both = forecasts(hazard=np.full(ROWS, 0.5), logistic=np.full(ROWS, 0.4))
    one = forecasts(hazard=np.full(ROWS, 0.5))

    found = stacked([both, one])

    assert set(found.by_model) == {"hazard"}
    assert found.rows.height == 2 * ROWS
