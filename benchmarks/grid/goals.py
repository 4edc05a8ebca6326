"""Goals: what the method asks of the grid's worlds, beside what was found there."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.grid.cells import MAIN_SEEDS
from benchmarks.grid.standings import Mean, Standing
from training.config import Part

LARGE_SIZES = (1000, 1200)
"""Accounts at which the goals hold as a mean over the seeds."""

QUICK_SIZES = (250, 300)
"""Accounts of the main regimes at which the lighter goals hold."""

ATTAINABLE_ELSEWHERE = 0.75
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the method's table of goals.

    Attributes:
        title: in words.
        part: whose figure it is.
        figure: name among the standings' figures.
        must: what has to be reached.
        aim: what is hoped for.
        is_ceiling: whether lower is better.
        is_share: whether it is written as a percentage.
    """

    title: str
    part: Part
    figure: str
    must: float
    aim: float
    is_ceiling: bool = False
    is_share: bool = False

    def __post_init__(self) -> None:
        if (self.aim < self.must) is not self.is_ceiling:
            raise ValueError(
                f"goal {self.title}: expected an aim beyond the must of {self.must}, got {self.aim}"
            )

    def reaches(self, value: float, bound: float) -> bool:
        """Whether the value is on the good side of the bound."""
        return value <= bound if self.is_ceiling else value >= bound

    def written(self, value: float) -> str:
        """A value in the goal's own unit."""
        return f"{value:.1%}" if self.is_share else f"{value:.3f}"


GOALS: tuple[Goal, ...] = (
    Goal("slip: share of attainable skill", "slip", "share_attainable", 0.92, 0.97),
    Goal("slip: share of oracle skill", "slip", "share_oracle", 0.62, 0.68),
    Goal("slip: log loss below the stage table's", "slip", "gain", 0.10, 0.15, is_share=True),
    Goal("slip: excess ECE", "slip", "excess_ece", 0.015, 0.008, is_ceiling=True),
    Goal("slip: absolute bias", "slip", "absolute_bias", 0.03, 0.01, is_ceiling=True),
    Goal("buckets: share of attainable skill", "bucket", "share_attainable", 0.85, 0.95),
    Goal("buckets: log loss below persistence's", "bucket", "gain", 0.10, 0.15, is_share=True),
    Goal("buckets: excess ECE, A-list", "bucket", "excess_ece", 0.015, 0.008, is_ceiling=True),
    Goal("buckets: absolute bias, A-list", "bucket", "absolute_bias", 0.03, 0.01, is_ceiling=True),
    Goal("lift of the A-list, top 20 % of each book", "bucket", "lift", 2.0, 2.4),
    Goal(
        "bookings in the top 20 % of each book by expected bookings, share of the oracle's",
        "bucket",
        "value_share",
        0.93,
        0.97,
        is_share=True,
    ),
    Goal(
        "bookings that firm walk-aways had brought",
        "bucket",
        "forgone",
        0.04,
        0.025,
        is_ceiling=True,
        is_share=True,
    ),
    Goal("hours that they had taken", "bucket", "released", 0.0, 0.12, is_share=True),
)

ELSEWHERE = tuple(goal for goal in GOALS if goal.figure in ("excess_ece", "absolute_bias"))
"""Goals whose must holds in every regime and size that has a goal at all."""


def is_large(standing: Standing) -> bool:
    """Whether the method's table holds there: baseline, and long_cycle for slip, at full size."""
    return _is_main(standing) and standing.accounts in LARGE_SIZES


def is_elsewhere(standing: Standing) -> bool:
    """Whether the lighter goals hold there: the other regimes, and the main ones when small."""
    return not _is_main(standing) or standing.accounts in QUICK_SIZES


def goal_lines(standings: Sequence[Standing]) -> list[str]:
    """The method's table, one line per goal and world size, with a verdict each."""
    lines = ["| goal | must | aim | where | found | verdict |", "|---|---|---|---|---|---|"]
    for goal in GOALS:
        there = [one for one in standings if one.part == goal.part and is_large(one)]
        lines += [_line(goal, one) for one in there]
        if not there:
            lines.append(_cells(goal, "–", "–", NOT_MEASURED))
    return lines


def lighter_lines(standings: Sequence[Standing]) -> list[str]:
    """The lighter goals, one line per part, regime and size."""
    lines = [
        "| where | base beaten | share of attainable | excess ECE | absolute bias | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for one in standings:
        if is_elsewhere(one):
            shown = [_mean(one.figures[name]) for name in _LIGHT]
            certain = f"{one.certain} of {len(one.seeds)}"
            cells = [f"{_TITLES[one.part]}, {_where(one)}", certain, *shown, lighter_verdict(one)]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def verdict(goal: Goal, found: Mean, *, wanted: int) -> str:
    """What the mean says of the goal; fewer seeds than wanted are said.

    >>> verdict(GOALS[1], Mean(0.65, 0.6, 0.7, 5), wanted=5)
    'must met'
    >>> verdict(GOALS[3], Mean(0.02, None, None, 2), wanted=5)
    'not met (2 of 5 seeds)'
    """
    if found.value is None:
        return NOT_MEASURED
    said = "not met"
    if goal.reaches(found.value, goal.must):
        said = "aim met" if goal.reaches(found.value, goal.aim) else "must met"
    return said if found.worlds >= wanted else f"{said} ({found.worlds} of {wanted} seeds)"


def lighter_verdict(standing: Standing) -> str:
    """Met only when every lighter goal is measured and met; else what is not."""
    missed, unknown = [], []
    if standing.certain < len(standing.seeds):
        missed.append("base beaten")
    share = standing.figures["share_attainable"].value
    if share is None:
        unknown.append("share of attainable")
    elif share < ATTAINABLE_ELSEWHERE:
        missed.append("share of attainable")
    for goal in (one for one in ELSEWHERE if one.part == standing.part):
        value = standing.figures[goal.figure].value
        name = goal.figure.replace("_", " ").replace("ece", "ECE")
        if value is None:
            unknown.append(name)
        elif not goal.reaches(value, goal.must):
            missed.append(name)
    said = [f"not met: {', '.join(missed)}"] if missed else []
    said += [f"{NOT_MEASURED}: {', '.join(unknown)}"] if unknown else []
    return "; ".join(said) or "met"


_LIGHT = ("share_attainable", "excess_ece", "absolute_bias")
_TITLES: dict[Part, str] = {"bucket": "buckets", "slip": "slip"}


def _is_main(standing: Standing) -> bool:
    return standing.regime == "baseline" or (
        standing.regime == "long_cycle" and standing.part == "slip"
    )


def _where(standing: Standing) -> str:
    return f"{standing.regime} {standing.accounts:,}"


def _line(goal: Goal, standing: Standing) -> str:
    found = standing.figures[goal.figure]
    shown = "–" if found.value is None else goal.written(found.value)
    said = verdict(goal, found, wanted=len(MAIN_SEEDS))
    return _cells(goal, _where(standing), shown, said)


def _cells(goal: Goal, *rest: str) -> str:
    cells = (goal.title, goal.written(goal.must), goal.written(goal.aim), *rest)
    return f"| {' | '.join(cells)} |"


def _mean(found: Mean) -> str:
    return "–" if found.value is None else f"{found.value:.3f}"
