import sys

import numpy as np
import polars as pl
import pytest

from models.booster import BoosterParams, Nature, booster_from_text, fit_booster
from models.logodds import sigmoid


def rows(count: int, *, seed: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 3)).astype(np.float32)
    values[rng.random(count) < 0.2, 2] = np.nan
    y = rng.random(count) < sigmoid(values[:, 0].astype(np.float64) * 1.5 - 0.5)
    return pl.DataFrame(values, schema=["a", "b", "c"], orient="row"), y


def test_the_same_seed_gives_the_same_text_and_another_seed_another():
    X, y = rows(600)

    first, again, other = (
        fit_booster(X, y, params=BoosterParams(rounds=10, seed=seed)).text() for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_the_number_of_threads_changes_no_score():
    X, y = rows(2_000)

    one, two = (
        fit_booster(X, y, params=BoosterParams(rounds=20, threads=threads)).log_odds(X)
        for threads in (1, 2)
    )

    assert (one == two).all()


def test_a_booster_read_from_its_text_answers_bit_by_bit_alike():
    X, y = rows(600)
    booster = fit_booster(X, y, params=BoosterParams(rounds=10))

    again = booster_from_text(booster.text())

    assert (again.log_odds(X) == booster.log_odds(X)).all()
    assert again.names == ("a", "b", "c")


def test_contributions_and_base_add_up_to_the_log_odds():
    X, y = rows(2_000)
    booster = fit_booster(X, y, params=BoosterParams(rounds=40))

    parts = booster.contributions(X)

    assert parts.shape == (2_000, 4)
    assert np.abs(parts.sum(axis=1) - booster.log_odds(X)).max() < 1e-6


def test_null_and_nan_mean_the_same_and_are_not_zero():
    X, y = rows(600)
    booster = fit_booster(X, y & (X["c"].is_not_nan().to_numpy()), params=BoosterParams(rounds=20))
    asked = pl.DataFrame({"a": [0.0] * 3, "b": [0.0] * 3, "c": [None, float("nan"), 0.0]})

    null, nan, zero = booster.log_odds(asked.cast(pl.Float32))

    assert null == nan
    assert null < zero


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_monotone_head_never_turns_against_its_direction(direction: int):
    X, y = rows(1_500)
    against = y if direction == -1 else ~y
    booster = fit_booster(
        X,
        against,
        params=BoosterParams(rounds=60, min_leaf=5),
        nature=Nature(monotone={"a": direction}),
    )
    sweep = pl.DataFrame(
        {"a": np.linspace(-3, 3, 300), "b": np.full(300, 0.4), "c": np.full(300, -0.2)}
    )

    steps = np.diff(booster.log_odds(sweep)) * direction

    assert (steps >= 0).all()


def coded_rows(count: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Codes of which the even ones say yes, and some that are not known."""
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 8, count).astype(np.float32)
    y = rng.random(count) < np.where(codes % 2 == 0, 0.8, 0.2)
    codes[rng.random(count) < 0.1] = np.nan
    return pl.DataFrame({"a": rng.normal(size=count).astype(np.float32), "kind": codes}), y


ONE_SPLIT = BoosterParams(leaves=2, rounds=1, column_share=1.0, row_share=1.0, learning_rate=1.0)


def test_one_split_parts_the_codes_of_a_category_in_any_order():
    X, y = coded_rows(6_000)
    asked = pl.DataFrame({"a": [0.0] * 8, "kind": [float(code) for code in range(8)]})

    of_codes, of_numbers = (
        fit_booster(X, y, params=ONE_SPLIT, nature=Nature(categories=categories)).log_odds(asked)
        for categories in (frozenset({"kind", "not a column"}), frozenset[str]())
    )

    assert of_codes[::2].min() > of_codes[1::2].max()
    assert (np.diff(of_numbers) <= 0).all() or (np.diff(of_numbers) >= 0).all()


def test_a_booster_with_categories_explains_itself_and_outlives_its_text():
    X, y = coded_rows(3_000)
    asked = pl.concat([X, pl.DataFrame({"a": [0.0, 0.0], "kind": [8.0, None]}, schema=X.schema)])
    booster = fit_booster(
        X, y, params=BoosterParams(rounds=40), nature=Nature(categories=frozenset({"kind"}))
    )

    again = booster_from_text(booster.text())
    parts = booster.contributions(asked)

    assert (again.log_odds(asked) == booster.log_odds(asked)).all()
    assert (again.contributions(asked) == parts).all()
    assert np.abs(parts.sum(axis=1) - booster.log_odds(asked)).max() < 1e-6
    assert np.abs(parts[:, 1]).max() > 0.5


def test_the_text_of_a_booster_with_categories_is_the_same_for_the_same_seed():
    X, y = coded_rows(2_000)
    nature = Nature(monotone={"a": 1}, categories=frozenset({"kind"}))

    first, again = (
        fit_booster(X, y, params=BoosterParams(rounds=10, seed=3), nature=nature).text()
        for _ in range(2)
    )

    assert first == again
    assert "num_cat=1" in first


def test_a_category_with_a_direction_is_refused():
    with pytest.raises(ValueError, match=r"no direction for categories, got one for \['kind'\]"):
        Nature(monotone={"kind": 1, "a": 1}, categories=frozenset({"kind"}))


def test_an_offset_is_learnt_around_and_not_included():
    X, y = rows(3_000)
    offset = np.full(3_000, 2.0)

    with_offset = fit_booster(X, y, params=BoosterParams(rounds=150), offset=offset).log_odds(X)

    calibrated = sigmoid(with_offset + offset).mean()
    assert abs(calibrated - y.mean()) < 0.02
    assert with_offset.mean() < -1.5


def test_a_missing_column_is_named():
    X, y = rows(300)
    booster = fit_booster(X, y, params=BoosterParams(rounds=5))

    with pytest.raises(ValueError, match=r"missing \['c'\]"):
        booster.log_odds(X.drop("c"))


def test_the_order_of_the_frames_columns_does_not_matter():
    X, y = rows(300)
    booster = fit_booster(X, y, params=BoosterParams(rounds=5))

    assert (booster.log_odds(X.select("c", "a", "b")) == booster.log_odds(X)).all()


@pytest.mark.parametrize("wrong", [{"leaves": 1}, {"rounds": 0}, {"row_share": 0.0}])
def test_nonsense_sizes_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="expected"):
        BoosterParams(**wrong)


def test_hiding_a_package_while_lightgbm_is_imported_hides_it_for_good_from_nobody():
    assert sys.modules.get("sklearn", "not imported") is not None
    assert sys.modules.get("pandas", "not imported") is not None
