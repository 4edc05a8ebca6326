import pytest

from benchmarks.grid.standings import mean_of, standings
from tests.benchmarks.grid.fakes import figure, result


def test_a_standing_is_the_mean_over_its_seeds() -> None:
    worlds = [result(seed=2, shares=(0.7, 0.9)), result(seed=1, shares=(0.5, 0.9))]

    found = standings(worlds, "slip")

    assert len(found) == 1
    assert found[0].seeds == (1, 2)
    assert found[0].figures["share_oracle"].value == pytest.approx(0.6)


def test_regimes_sizes_and_parts_are_kept_apart_in_the_grids_order() -> None:
    worlds = [
        result("boom", 120),
        result("baseline", 500),
        result("baseline", 60),
        result("transactional", 120, parts=("bucket",)),
    ]

    found = [(one.regime, one.accounts) for one in standings(worlds, "slip")]

    assert found == [("baseline", 60), ("baseline", 500), ("boom", 120)]


def test_a_world_is_certain_when_the_whole_interval_lies_above_zero() -> None:
    worlds = [result(seed=1, low=0.01), result(seed=2, low=0.0), result(seed=3, low=-0.1)]

    assert standings(worlds, "bucket")[0].certain == 1


def test_worlds_without_the_figure_are_not_counted() -> None:
    worlds = [result(seed=1, shares=(0.5, 0.9)), result(seed=2, shares=(None, 0.9))]

    found = standings(worlds, "slip")[0].figures["share_oracle"]

    assert (found.value, found.worlds) == (0.5, 1)


def test_signs_do_not_cancel_in_the_absolute_bias() -> None:
    worlds = [result(seed=1, bias=0.03), result(seed=2, bias=-0.03)]

    figures = standings(worlds, "slip")[0].figures

    assert figures["bias"].value == pytest.approx(0.0)
    assert figures["absolute_bias"].value == pytest.approx(0.03)


def test_the_interval_of_a_mean_shrinks_with_the_root_of_its_worlds() -> None:
    found = mean_of([figure(0.5, half=0.1)] * 4)

    assert found.low == pytest.approx(0.45)
    assert found.high == pytest.approx(0.55)


def test_a_figure_without_an_interval_leaves_the_mean_without_one() -> None:
    found = mean_of([figure(0.5), {"value": 0.7, "low": None, "high": None}])

    assert found.value == pytest.approx(0.6)
    assert found.low is None
