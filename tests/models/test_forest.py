import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.booster import Booster
from models.forest import Forest, forest_of
from models.tree import trees_of
from tests.models.awkward import DEAL, STEP, STEPS, awkward, grown


def asked(
    booster: Booster, rng: np.random.Generator, groups: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, steps of each group, and where the groups begin."""
    sizes = rng.integers(1, 40, groups)
    rows = awkward(booster, int(sizes.sum()), rng)[:, : len(DEAL)]
    steps = awkward(booster, groups * STEPS, rng)[:, len(DEAL) :]
    return rows, steps.reshape(groups, STEPS, len(STEP)), np.cumsum(sizes) - sizes


def by_lightgbm(booster: Booster, rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Every deal at every step, row by row; `steps` as many as rows."""
    wide = np.concatenate([np.repeat(rows[:, None, :], STEPS, axis=1), steps], axis=2)
    return booster.log_odds(wide.reshape(-1, wide.shape[2])).reshape(len(rows), STEPS)


def forest(*boosters: Booster) -> Forest:
    return forest_of([tree for b in boosters for tree in trees_of(b.text())], len(DEAL))


@given(st.integers(0, 10_000), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_the_sums_are_those_of_lightgbm_whatever_the_trees_and_the_values(seed, groups):
    rng = np.random.default_rng(seed)
    booster = grown(seed)
    rows, steps, starts = asked(booster, rng, groups)

    found = forest(booster).sums(rows, steps, starts)

    which = np.repeat(np.arange(groups), np.diff(starts, append=len(rows)))
    assert np.abs(found - by_lightgbm(booster, rows, steps[which])).max() < 1e-12


def test_several_boosters_are_summed_up_as_one_forest():
    rng = np.random.default_rng(3)
    boosters = [grown(seed) for seed in (1, 2, 3)]
    rows, steps, starts = asked(boosters[0], rng, 1)

    found = forest(*boosters).sums(rows, steps, starts)

    expected = sum(by_lightgbm(b, rows, np.repeat(steps, len(rows), axis=0)) for b in boosters)
    assert np.abs(found - expected).max() < 1e-12


def test_a_deal_alone_gets_the_same_sums_to_the_bit():
    rng = np.random.default_rng(4)
    boosters = [grown(seed) for seed in range(5)]
    rows, steps, starts = asked(boosters[0], rng, 4)
    whole = forest(*boosters)
    which = np.repeat(np.arange(4), np.diff(starts, append=len(rows)))

    together = whole.sums(rows, steps, starts)
    alone = [whole.sums(rows[[n]], steps[[g]], np.array([0])) for n, g in enumerate(which)]

    assert len(rows) > 40
    assert (np.concatenate(alone) == together).all()


def test_no_deals_have_no_sums():
    rows, steps = np.zeros((0, len(DEAL)), np.float32), np.zeros((0, STEPS, len(STEP)), np.float32)

    assert forest(grown(1)).sums(rows, steps, np.zeros(0, int)).shape == (0, STEPS)


@pytest.mark.parametrize("constant", [0.0, 0.25])
def test_trees_that_ask_nothing_say_the_same_of_everyone(constant):
    (tree,) = trees_of(f"num_tree_per_iteration=1\n\nTree=0\nleaf_value={constant}\nend of trees")
    rows, steps = np.ones((3, 4), np.float32), np.ones((1, STEPS, 3), np.float32)

    found = forest_of([tree, tree], len(DEAL)).sums(rows, steps, np.array([0]))

    assert (found == 2 * constant).all()
