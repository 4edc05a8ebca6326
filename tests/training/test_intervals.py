import numpy as np
import polars as pl

from training.intervals import clusters_of, mean_figure, paired_gain, ratio


def accounts(count: int, rows: int) -> pl.Series:
    return pl.Series([f"a{number % count}" for number in range(rows)])


def test_sums_by_account_are_those_of_a_loop() -> None:
    names = pl.Series(["b", "a", "b", "c"])
    values = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])

    found = clusters_of(names, seed=1, repeats=3).sums(values)

    assert found.tolist() == [[2.0, 20.0], [4.0, 40.0], [4.0, 40.0]]


def test_every_repeat_draws_as_many_accounts_as_there_are() -> None:
    clusters = clusters_of(accounts(7, 30), seed=1, repeats=50)

    assert set(clusters.draws.sum(axis=1).tolist()) == {7.0}
    assert np.array_equal(clusters.draws, clusters_of(accounts(7, 30), seed=1, repeats=50).draws)


def test_rows_of_one_account_do_not_make_an_interval_narrower() -> None:
    generator = np.random.default_rng(3)
    by_account = generator.normal(size=60)
    once = mean_figure(by_account, clusters_of(accounts(60, 60), seed=1))

    copied = mean_figure(np.tile(by_account, 20), clusters_of(accounts(60, 1200), seed=1))

    assert once.low is not None
    assert copied.low is not None
    assert abs(once.low - copied.low) < 1e-9


def test_the_interval_of_a_mean_covers_the_truth_about_nine_times_in_ten() -> None:
    hits = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(size=80)
        found = mean_figure(values, clusters_of(accounts(80, 80), seed=seed, repeats=300))
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 0.0 <= found.high

    assert 0.82 <= hits / 200 <= 0.96


def test_a_ratio_without_a_denominator_is_not_a_number() -> None:
    found = ratio(np.array([1.0, 2.0]), np.array([0.0, 4.0]))

    assert np.isnan(found[0])
    assert found[1] == 0.5


def test_equal_models_are_seldom_told_apart() -> None:
    sure = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        losses = generator.exponential(size=(2, 150))
        gain = paired_gain(losses[0], losses[1], accounts(50, 150), seed=seed)
        sure += gain.is_sure

    assert sure <= 8


def test_a_gain_says_by_how_much_on_which_rows() -> None:
    other = np.full(40, 0.5)

    gain = paired_gain(other - 0.1, other, accounts(10, 40), seed=1)

    assert gain.is_sure
    assert gain.share is not None
    assert abs(gain.share - 0.2) < 1e-9
    assert (gain.rows, gain.accounts) == (40, 10)


def test_no_rows_give_no_figure() -> None:
    gain = paired_gain(np.array([]), np.array([]), pl.Series([], dtype=pl.String), seed=1)

    assert gain.figure.value is None
    assert not gain.is_sure
