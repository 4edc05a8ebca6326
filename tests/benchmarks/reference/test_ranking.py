import numpy as np
import polars as pl
import pytest

from benchmarks.reference.ranking import ranking
from training.slip_slices import areas


def test_the_area_counts_pairs_in_the_right_order_and_ties_by_half() -> None:
    happened = np.array([False, False, True, True])
    p = np.array([0.1, 0.5, 0.5, 0.4])
    weights = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 0]], dtype=np.float32)

    found = areas(happened, p, weights)

    np.testing.assert_allclose(found[:2], [2.5 / 4, 1.0])
    assert np.isnan(found[2])


def test_the_difference_of_two_areas_is_paired() -> None:
    rng = np.random.default_rng(5)
    happened = rng.random(200) < 0.4
    good = happened + rng.normal(size=200)
    accounts = pl.Series([f"account-{number // 2}" for number in range(200)])

    same = ranking(happened, good, good * 2.0, accounts=accounts, seed=1)
    apart = ranking(happened, good, -good, accounts=accounts, seed=1)

    assert (same.difference.low, same.difference.value, same.difference.high) == (0.0, 0.0, 0.0)
    assert same.ours.low is not None
    assert same.ours.high is not None
    assert same.ours.low < same.ours.high
    assert apart.difference.value == pytest.approx(2 * (apart.ours.value or 0) - 1)
