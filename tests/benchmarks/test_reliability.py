import numpy as np
import pytest

from benchmarks.reliability import reliability

WORLDS = 120


def inside_in_worlds(*, rows: int, bias: float, shape: tuple[float, float]) -> float:
    rng = np.random.default_rng(5)
    inside = 0
    for seed in range(WORLDS):
        p = rng.beta(*shape, rows)
        happened = rng.random(rows) < np.clip(p + bias, 0.0, 1.0)
        inside += reliability(p, happened, seed=seed, repeats=400).is_inside
    return inside / WORLDS


@pytest.mark.parametrize("shape", [(1.2, 2.5), (0.05, 5.0)], ids=["usual", "rare events"])
def test_right_predictions_stay_in_the_joint_band_19_times_in_20(
    shape: tuple[float, float],
) -> None:
    share = inside_in_worlds(rows=500, bias=0.0, shape=shape)

    assert 0.90 <= share <= 0.99


def test_a_bias_of_a_tenth_is_nearly_always_caught() -> None:
    share = inside_in_worlds(rows=800, bias=0.1, shape=(1.2, 2.5))

    assert share <= 0.05


def test_ten_groups_hold_equally_many_predictions_in_order() -> None:
    rng = np.random.default_rng(1)
    p = rng.permutation(np.linspace(0.01, 0.99, 200))

    found = reliability(p, rng.random(200) < p, seed=1, repeats=50)

    assert [group.rows for group in found.groups] == [20] * 10
    assert [group.number for group in found.groups] == list(range(1, 11))
    assert all(a.high < b.low for a, b in zip(found.groups, found.groups[1:], strict=False))


def test_the_mean_said_stands_beside_the_share_that_happened() -> None:
    p = np.repeat([0.2, 0.6], 50)
    happened = np.r_[np.arange(50) < 20, np.arange(50) < 30]

    found = reliability(p, happened, seed=1, repeats=200)

    low, high = found.groups
    assert (low.predicted, low.happened) == pytest.approx((0.2, 0.4))
    assert (high.predicted, high.happened) == pytest.approx((0.6, 0.6))
    assert low.deviation == pytest.approx(10 / np.sqrt(50 * 0.2 * 0.8))
    assert found.worst is low
    assert not found.is_inside
    assert low.happened > low.band_high


def test_equal_predictions_stay_together() -> None:
    p = np.r_[np.full(37, 0.1), np.full(26, 0.4), np.linspace(0.5, 0.9, 37)]
    rng = np.random.default_rng(1)

    found = reliability(p, rng.random(100) < p, seed=1, repeats=50)

    assert [group.rows for group in found.groups][:2] == [37, 26]
    assert sum(group.rows for group in found.groups) == found.rows == 100


def test_predictions_that_are_all_equal_make_one_group() -> None:
    happened = np.arange(100) < 30

    found = reliability(np.full(100, 0.3), happened, seed=1, repeats=200)

    assert [(group.rows, group.low, group.high) for group in found.groups] == [(100, 0.3, 0.3)]
    assert found.is_inside


def test_one_event_where_none_was_foretold_neither_fails_nor_widens_the_band() -> None:
    certain = np.r_[np.zeros(100), np.linspace(0.2, 0.8, 900)]
    rng = np.random.default_rng(3)
    happened = rng.random(1000) < certain
    happened[0] = True
    without = reliability(np.linspace(0.2, 0.8, 900), happened[100:], seed=1).critical

    found = reliability(certain, happened, seed=1)

    assert found.groups[0].deviation == 1.0
    assert found.is_inside
    assert found.critical == pytest.approx(without, abs=0.15)


def test_several_events_where_none_was_foretold_are_caught() -> None:
    p = np.r_[np.zeros(100), np.full(100, 0.5)]
    happened = np.r_[np.arange(100) < 5, np.arange(100) < 50]

    found = reliability(p, happened, seed=1)

    assert not found.is_inside
    assert found.worst.number == 1


def test_the_same_seed_gives_the_same_band() -> None:
    p = np.linspace(0.1, 0.9, 300)
    happened = np.arange(300) % 2 == 0

    first, again = (reliability(p, happened, seed=4, repeats=100) for _ in range(2))

    assert first == again
    assert first.critical != reliability(p, happened, seed=5, repeats=100).critical


@pytest.mark.parametrize(
    ("p", "happened", "level", "message"),
    [
        ([], [], 0.95, "at least 1 prediction"),
        ([0.5, 0.5], [True], 0.95, "expected one outcome for each"),
        ([1.5], [True], 0.95, "expected predictions from 0 to 1, got 1.5"),
        ([np.nan], [True], 0.95, "expected predictions from 0 to 1"),
        ([0.5], [True], 1.0, "expected a level between 0 and 1, got 1.0"),
    ],
)
def test_nonsense_is_refused(
    p: list[float], happened: list[bool], level: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        reliability(np.array(p), np.array(happened, dtype=bool), seed=1, level=level)
