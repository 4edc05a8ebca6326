import pytest

from benchmarks.grid.goals import GOALS, Goal, goal_lines, lighter_lines, lighter_verdict
from benchmarks.grid.standings import standings
from tests.benchmarks.grid.fakes import result


def lines_of(title: str, worlds: list[dict[str, object]]) -> list[str]:
    found = [*standings(worlds, "bucket"), *standings(worlds, "slip")]
    return [line for line in goal_lines(found) if f"| {title}" in line]


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.61, "not met"), (0.63, "must met"), (0.69, "aim met")]
)
def test_a_share_is_held_against_must_and_aim(share: float, verdict: str) -> None:
    worlds = [result("baseline", 1000, seed, shares=(share, 0.9)) for seed in range(1, 6)]

    assert lines_of("slip: share of oracle skill", worlds)[0].endswith(f"| {verdict} |")


@pytest.mark.parametrize(
    ("bias", "verdict"), [(0.009, "aim met"), (0.02, "must met"), (-0.04, "not met")]
)
def test_a_bias_is_held_under_its_ceiling(bias: float, verdict: str) -> None:
    worlds = [result("baseline", 1000, seed, bias=bias) for seed in range(1, 6)]

    assert lines_of("slip: absolute bias", worlds)[0].endswith(f"| {verdict} |")


def test_fewer_seeds_than_the_goal_asks_are_said() -> None:
    line = lines_of("slip: share of oracle skill", [result("baseline", 1200, 1)])[0]

    assert line.endswith("| not met (1 of 5 seeds) |")


def test_long_cycle_counts_for_slip_only() -> None:
    worlds = [result("long_cycle", 1000, seed) for seed in range(1, 6)]

    assert "| long_cycle 1,000 |" in lines_of("slip: excess ECE", worlds)[0]
    assert lines_of("buckets: excess ECE", worlds)[0].endswith("| – | – | not measured |")


def test_a_goal_without_a_world_of_its_size_is_not_measured() -> None:
    line = lines_of("slip: share of attainable skill", [result("baseline", 250, 1)])[0]

    assert line.endswith("| 0.920 | 0.970 | – | – | not measured |")


def test_lighter_goals_hold_elsewhere_and_in_the_middle_sizes() -> None:
    worlds = [
        result(regime, accounts)
        for regime, accounts in [
            ("baseline", 250), ("baseline", 500), ("boom", 120), ("long_cycle", 500),
        ]
    ]  # fmt: skip

    slip = "\n".join(lighter_lines(standings(worlds, "slip")))
    bucket = "\n".join(lighter_lines(standings(worlds, "bucket")))

    assert ("slip, baseline 250" in slip, "slip, boom 120" in slip) == (True, True)
    assert ("baseline 500" in slip, "long_cycle 500" in slip) == (False, False)
    assert "buckets, long_cycle 500" in bucket


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "met"),
        ({"low": -0.01}, "not met: base beaten"),
        ({"shares": (0.6, 0.74)}, "not met: share of attainable"),
        ({"shares": (0.6, None)}, "not measured: share of attainable"),
        ({"bias": 0.031}, "not met: absolute bias"),
        (
            {"bias": -0.031, "shares": (0.6, None)},
            "not met: absolute bias; not measured: share of attainable",
        ),
    ],
)
def test_the_lighter_verdict_names_what_is_missing(change: dict[str, object], verdict: str) -> None:
    standing = standings([result("boom", 120, **change)], "slip")[0]

    assert lighter_verdict(standing) == verdict


def test_an_aim_that_is_easier_than_the_must_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected an aim beyond the must of 0\.5, got 0\.4"):
        Goal("skill", "slip", "gain", must=0.5, aim=0.4)


def test_no_goal_names_a_figure_that_is_not_there() -> None:
    standing = standings([result()], "slip")[0]

    assert {goal.figure for goal in GOALS} <= set(standing.figures)
