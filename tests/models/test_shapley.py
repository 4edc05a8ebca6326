from dataclasses import replace
from itertools import combinations, pairwise
from math import comb, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models.booster
from models.booster import Booster, BoosterParams
from models.shapley import Shapley, shapley_of
from models.tree import TreeError, trees_of
from tests.models.awkward import DEAL, STEP, awkward, grown

WIDTH = len(DEAL) + len(STEP)


def shapley(booster: Booster) -> Shapley:
    return shapley_of(trees_of(booster.text()), WIDTH)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_contributions_are_those_of_lightgbm_whatever_the_trees_and_the_values(seed):
    booster = grown(seed)
    rows = awkward(booster, 200, np.random.default_rng(seed))

    found = shapley(booster).contributions(rows)

    assert found.shape == (200, WIDTH + 1)
    assert np.abs(found - booster.contributions(rows)).max() < 1e-12
    assert np.abs(found.sum(axis=1) - booster.log_odds(rows)).max() < 1e-12


def chained(counts: list[int]) -> str:
    """A tree whose first leaf, of value 8, is left of every split, each on a feature of its own."""
    splits = len(counts) - 1
    right = [-place for place in range(2, splits + 2)]
    lost = [before - after for before, after in pairwise(counts)]
    told = {
        "num_leaves": [splits + 1],
        "split_feature": range(splits),
        "threshold": [0] * splits,
        "decision_type": [2] * splits,
        "left_child": [*range(1, splits), -1],
        "right_child": right,
        "leaf_value": [8, *[0] * splits],
        "internal_count": counts[:-1],
        "leaf_count": [counts[-1], *lost],
    }
    lines = [f"{name}={' '.join(map(str, numbers))}" for name, numbers in told.items()]
    return "\n".join(["num_tree_per_iteration=1\n\nTree=0", *lines, "end of trees"])


@pytest.mark.parametrize("agrees", [(1, 1), (0, 1), (1, 1, 0, 1, 1, 1, 0, 1), (1,) * 8])
def test_contributions_are_the_mean_over_all_coalitions_of_the_others(agrees):
    many = len(agrees)
    counts = [4_000, 2_000, 1_500, 500, 400, 100, 60, 20, 10][: many + 1]
    shares = [after / before for before, after in pairwise(counts)]
    row = np.where(np.array([agrees]) == 1, -1.0, 1.0).astype(np.float32)

    def worth(coalition: set[int]) -> float:
        return 8 * prod(agrees[n] if n in coalition else shares[n] for n in range(many))

    found = shapley_of(trees_of(chained(counts)), many).contributions(row)

    for feature in range(many):
        rest = [other for other in range(many) if other != feature]
        mean = sum(
            (worth({*some, feature}) - worth(set(some))) / (comb(many - 1, size) * many)
            for size in range(many)
            for some in combinations(rest, size)
        )
        assert found[0, feature] == pytest.approx(mean, abs=1e-13)
    assert found[0, -1] == pytest.approx(worth(set()))


def test_many_rows_are_looked_up_and_few_are_left_to_lightgbm(monkeypatch):
    booster = grown(1)
    rows = awkward(booster, 1_000, np.random.default_rng(1))
    few, many = booster.contributions(rows[:999]), booster.contributions(rows)
    monkeypatch.setattr(models.booster, "shapley_of", None)

    assert (booster.contributions(rows[:999]) == few).all()
    with pytest.raises(TypeError):
        booster.contributions(rows)
    assert np.abs(many[:999] - few).max() < 1e-12


def test_a_lot_of_rows_gets_the_same_contributions_as_all_of_them():
    found = shapley(grown(2))
    rows = awkward(grown(2), 9_000, np.random.default_rng(2))

    whole = found.contributions(rows)

    assert (found.contributions(rows[4_000:5_000]) == whole[4_000:5_000]).all()


def test_larger_trees_are_left_to_lightgbm():
    larger = grown(3, params=BoosterParams(leaves=12, rounds=5, min_leaf=4))
    rows = awkward(larger, 1_000, np.random.default_rng(3))

    with pytest.raises(TreeError, match="8 splits or fewer"):
        shapley(larger)

    assert np.abs(larger.contributions(rows).sum(axis=1) - larger.log_odds(rows)).max() < 1e-9


def test_trees_of_nine_leaves_are_not_too_large():
    largest = grown(4, params=BoosterParams(leaves=9, rounds=30, min_leaf=4))
    rows = awkward(largest, 500, np.random.default_rng(4))

    found = shapley(largest).contributions(rows)

    assert max(len(tree) for tree in trees_of(largest.text())) == 9
    assert np.abs(found - largest.contributions(rows)).max() < 1e-12


def test_a_side_that_no_row_was_on_is_refused():
    trees = trees_of(grown(5).text())
    leaf = next(leaf for leaf in trees[0] if leaf.way)
    bare = replace(leaf, way=(replace(leaf.way[0], share=0.0), *leaf.way[1:]))

    with pytest.raises(TreeError, match="both sides"):
        shapley_of([(bare,)], WIDTH)
