import numpy as np
import polars as pl
import pytest

from models.logodds import logit, sigmoid
from models.matrix import matrix_of
from training.bent import fit_bent
from training.heads import Sample
from training.settings import Settings

ROWS = 6_000


def week(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-8, 10, ROWS).astype(np.float32)


def peak(weeks: np.ndarray) -> np.ndarray:
    """A chance that rises to the committed date and falls after it."""
    return np.asarray(0.05 + 0.5 * np.exp(-np.abs(weeks - 0.5)))


def sample(X: pl.DataFrame, chance: np.ndarray, offset: np.ndarray | None = None) -> Sample:
    y = np.random.default_rng(9).random(len(chance)) < chance
    return Sample(X, y, np.ones(len(y)), rarer=int(y.sum()), offset=offset)


def frame(**columns: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(columns, schema_overrides=dict.fromkeys(columns, pl.Float32))


def test_the_regression_follows_a_chance_that_rises_and_falls_around_the_committed_date():
    X = frame(target_weeks_to_committed=week(1))

    fitted = fit_bent(sample(X, peak(week(1))))

    said = sigmoid(fitted.log_odds(matrix_of(X, X.columns)))
    assert np.abs(said - peak(week(1))).mean() < 0.03
    near, far = np.abs(week(1)) < 1, np.abs(week(1)) > 4
    assert abs(said[near].mean() - peak(week(1))[near].mean()) < 0.03
    assert abs(said[far].mean() - peak(week(1))[far].mean()) < 0.02


def test_what_the_offset_says_already_is_not_said_again():
    X = frame(age_days=week(2))
    chance = peak(week(1))

    fitted = fit_bent(sample(X, chance, offset=logit(chance)))

    odds = fitted.log_odds(matrix_of(X, X.columns))
    assert abs(odds.mean()) < 0.1
    assert np.abs(odds).max() < 0.5


def test_what_the_offset_lacks_is_added_to_it():
    X = frame(age_days=week(2))
    offset = logit(peak(week(1)))

    fitted = fit_bent(sample(X, sigmoid(offset + 1.0), offset=offset))

    assert fitted.log_odds(matrix_of(X, X.columns)).mean() == pytest.approx(1.0, abs=0.1)


def test_it_says_on_average_what_its_rows_say():
    X = frame(age_days=week(3), log_amount=week(4))
    told = sample(X, peak(week(3)))

    said = sigmoid(fit_bent(told).log_odds(matrix_of(X, X.columns)))

    assert said.mean() == pytest.approx(told.y.mean(), abs=1e-6)


def test_a_row_counts_by_its_weight():
    X = frame(age_days=np.zeros(400, dtype=np.float32))
    y = np.arange(400) < 100
    weighted = Sample(X, y, np.where(y, 3.0, 1.0), rarer=100)

    assert sigmoid(np.array(fit_bent(weighted).intercept)) == pytest.approx(0.5, abs=1e-6)


def test_only_its_inputs_and_the_weeks_ahead_are_read_and_no_code_of_a_category():
    X = frame(age_days=week(1), oldest_unmet_days=week(2), target_week=week(3), lead_source=week(4))

    line = fit_bent(sample(X, peak(week(2))), categories={"lead_source"}).line

    assert line.names == tuple(X.columns)
    read = dict(zip(line.names, line.coefficients, strict=True))
    assert read["oldest_unmet_days"] == read["lead_source"] == 0
    assert read["age_days"] != 0
    assert read["target_week"] != 0


def test_a_deal_without_any_of_the_inputs_is_read_by_what_it_has():
    X = frame(mood=week(1), colour=week(2))

    line = fit_bent(sample(X, sigmoid(week(1))), categories={"colour"}).line

    assert line.coefficients[0] > 1
    assert line.coefficients[1] == 0


def test_columns_never_known_or_always_alike_do_not_trouble_it():
    nothing = np.full(ROWS, np.nan, dtype=np.float32)
    X = frame(age_days=nothing, log_amount=np.ones(ROWS), pushes=week(1))

    fitted = fit_bent(sample(X, peak(week(1))))

    assert np.isfinite(fitted.log_odds(matrix_of(X, X.columns))).all()
    assert fitted.line.coefficients[:2] == (0.0, 0.0)


def test_a_few_values_get_no_bends():
    counts = np.floor(np.abs(week(1)) / 3.0)

    assert set(counts) == {0, 1, 2, 3}
    assert fit_bent(sample(frame(pushes=counts), peak(week(1)))).bends == ()


def test_a_stronger_ridge_draws_the_slopes_in():
    X = frame(age_days=week(1))
    told = sample(X, peak(week(1)))

    plain, held = fit_bent(told), fit_bent(told, settings=Settings(ridge=100.0))

    assert abs(held.line.coefficients[0]) < abs(plain.line.coefficients[0])
