"""The document of the grid: docs/worlds-evaluation.md, made out of the result files alone."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.grid.cells import (
    ATTAINABLE_AT_MOST,
    MAIN_SEEDS,
    REGIMES,
    TIMES,
    Cell,
    full_grid,
)
from benchmarks.grid.goals import (
    ATTAINABLE_ELSEWHERE,
    LARGE_SIZES,
    QUICK_SIZES,
    goal_lines,
    lighter_lines,
)
from benchmarks.grid.results import editions_of
from benchmarks.grid.skill import BASES, COLUMNS
from benchmarks.grid.standings import Mean, Standing, standings
from training.config import PARTS, Part

Json = Mapping[str, Any]

TITLES: Mapping[Part, str] = {
    "bucket": "Buckets, against persistence",
    "slip": "Slip at the committed date, against the stage table",
}

INTRO = f"""\
# Evaluation on synthetic worlds

Each world is a company that does not exist, made by a program. Because the program can be run on \
from any moment, many times over, it can be asked what the true probability of every outcome was: \
that is the **oracle**. Nobody can predict better than it, and no model can reach it, since it \
sees what no CRM records.

The **share of oracle skill** says how far a model gets on the way from a plain base to the \
oracle: 0 is no better than the base, 1 is as good as knowing how the world works. The **share of \
attainable skill** puts the same family of models, taught on {TIMES} times the accounts, in the \
oracle's place: what is lost for want of data, and not for want of sight. Both compare gains in \
log loss, on the rows that all of them predicted: the first test moment of each origin.

**This checks the machinery. It says nothing about anybody's customers, and is never quoted as \
accuracy.** The worlds' constants are chosen from what is plausible and are not tuned to a model, \
yet whoever built the models built the worlds. Real data are in [evaluation.md](evaluation.md).

Figures are means over seeds. Brackets hold 90 % intervals: of one world by a bootstrap over \
accounts, of a mean from those of its worlds, which are independent. "Certain" counts the worlds \
in which the served model's log loss lies below the base's with the whole of its interval, on all \
out-of-time rows; excess ECE and bias are on all out-of-time rows too, for buckets those of the \
A-list. Attainable skill is run up to {ATTAINABLE_AT_MOST} accounts.

Made by `make evaluate` (one world) and `make evaluate-full` (the grid)."""


HEAD = (
    "| regime | accounts | seeds | certain | model | base | oracle | {times} × | share of oracle "
    "| share of attainable | AUC | AUC, oracle | excess ECE | bias |"
)


def document(results: Sequence[Json]) -> str:
    """The whole page.

    Args:
        results: contents of the result files, in any order.
    """
    found = {part: standings(results, part) for part in PARTS}
    everything = [one for part in PARTS for one in found[part]]
    parts = [INTRO, _count(results), _noise(results), _editions(results)]
    for part in PARTS:
        parts += [f"## {TITLES[part]}", *_part(part, found[part])]
    parts += _money(found["bucket"])
    parts += ["## Goals", *_goals(everything)]
    parts += _not_evaluated(results)
    parts += _missing(results)
    return "\n\n".join(part for part in parts if part) + "\n"


def compressed(cells: Iterable[Cell]) -> list[str]:
    """Cells by regime and size, with runs of seeds drawn together.

    >>> compressed([Cell("boom", 120, 1), Cell("boom", 120, 2), Cell("boom", 120, 3)])
    ['boom 120: seeds 1-3']
    """
    ordered = sorted(cells, key=lambda cell: (REGIMES.index(cell.regime), cell.accounts, cell.seed))
    lines = []
    for (regime, accounts), group in groupby(ordered, key=lambda c: (c.regime, c.accounts)):
        seeds = [cell.seed for cell in group]
        word = "seed" if len(seeds) == 1 else "seeds"
        lines.append(f"{regime} {accounts}: {word} {_runs(seeds)}")
    return lines


def _runs(seeds: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _part(part: Part, found: Sequence[Standing]) -> list[str]:
    if not found:
        return ["No world with this part has been evaluated yet."]
    worlds = sum(len(one.seeds) for one in found)
    certain = sum(one.certain for one in found)
    head = HEAD.format(times=TIMES)
    table = [head, "|" + "---|" * (head.count("|") - 1), *(_row(one) for one in found)]
    said = (
        f"The served model beats {BASES[part]} for certain in {certain} of {worlds} worlds. "
        "The four columns after that are log losses on the shared rows."
    )
    return [said, "\n".join(table)]


def _row(one: Standing) -> str:
    figures, seeds = one.figures, len(one.seeds)
    losses = [figures[f"loss_{name}"] for name in ("model", "base", "oracle", "attainable")]
    cells = [
        one.regime,
        f"{one.accounts:,}",
        str(seeds),
        f"{one.certain} of {seeds}",
        *(_plain(loss) for loss in losses),
        _full(figures["share_oracle"], seeds),
        _full(figures["share_attainable"], seeds),
        *(_plain(figures[name]) for name in ("auc_model", "auc_oracle", "excess_ece")),
        _plain(figures["bias"], sign="+"),
    ]
    return f"| {' | '.join(cells)} |"


def _money(found: Sequence[Standing]) -> list[str]:
    """What following the buckets would have captured, freed and forgone."""
    told = [one for one in found if one.figures["forgone"].value is not None]
    if not told:
        return []
    said = (
        "Bookings captured are those of the top 20 % of each rep's book by expected bookings, as a "
        "share of all, on the rows of the oracle, which ranks by the mean of its futures. Firm "
        "walk-aways are judged on all out-of-time rows: what share of all bookings they had "
        "brought, and what share of all hours they had taken."
    )
    heads = (
        "regime", "accounts", "seeds", "bookings captured", "by the oracle", "share of the oracle",
        "lift of the A-list", "forgone by firm walk-aways", "hours released",
    )  # fmt: skip
    names = ("value", "value_oracle", "value_share", "lift", "forgone", "released")
    rows = [
        [one.regime, f"{one.accounts:,}", str(len(one.seeds))]
        + [_full(one.figures[name], len(one.seeds), digits=3) for name in names]
        for one in told
    ]
    lines = [heads, ("---",) * len(heads), *rows]
    return ["## Money and hours", said, "\n".join(f"| {' | '.join(row)} |" for row in lines)]


def _goals(found: Sequence[Standing]) -> list[str]:
    large, quick = (
        " and ".join(f"{size:,}" for size in sizes) for sizes in (LARGE_SIZES, QUICK_SIZES)
    )
    table = (
        "What must hold, and what is aimed at, in regime `baseline` (for slip in `long_cycle` too) "
        f"at {large} accounts, as a mean over {len(MAIN_SEEDS)} seeds. The goals about "
        "bands, leaks, promotion, monitoring and reasons are not measured by this grid."
    )
    lighter = (
        f"In the other regimes, and at {quick} accounts, less is asked: the base is beaten for "
        "certain in every world, the share of attainable skill is at least "
        f"{ATTAINABLE_ELSEWHERE}, and calibration is within what must hold."
    )
    return [table, "\n".join(goal_lines(found)), lighter, "\n".join(lighter_lines(found))]


def _plain(found: Mean, *, sign: str = "") -> str:
    return "–" if found.value is None else f"{found.value:{sign}.3f}"


def _full(found: Mean, seeds: int, *, digits: int = 2) -> str:
    """A mean with its interval, and with the worlds behind it where some lack the figure."""
    if found.value is None:
        return "–"
    low, high = (None if end is None else f"{end:.{digits}f}" for end in (found.low, found.high))
    interval = "" if low is None else f" ({low} to {high})"
    counted = "" if found.worlds == seeds else f", {found.worlds} of {seeds} seeds"
    return f"{found.value:.{digits}f}{interval}{counted}"


def _count(results: Sequence[Json]) -> str:
    done = sum(result["status"] == "evaluated" for result in results)
    refused = len(results) - done
    there = {Cell(r["regime"], r["accounts"], r["seed"]) for r in results}
    grid = full_grid()
    missing = len(set(grid) - there)
    return (
        f"Worlds evaluated: {done}. Worlds that could not be: {refused}. Of the {len(grid)} worlds "
        f"of the full grid, {missing} have no result yet."
    )


def _noise(results: Sequence[Json]) -> str:
    """How much the oracle's log loss is overstated, because it is drawn and not computed."""
    draws = sorted({result["draws"] for result in results if "draws" in result})
    if not draws:
        return ""
    fewest = draws[0]
    size = {part: (max(len(COLUMNS[part]), 2) - 1) / (2 * fewest) for part in PARTS}
    return (
        f"The oracle is drawn, {fewest} times per moment, and not computed: that adds about "
        f"{size['bucket']:.4f} to its log loss on buckets and {size['slip']:.4f} on slip, which "
        "flatters the share of oracle skill a little. It is not corrected."
    )


def _editions(results: Sequence[Json]) -> str:
    """A warning when the results were made by code that differs."""
    found = set().union(*(editions_of(result) for result in results))
    if len(found) < 2:
        return ""
    return (
        f"**These results were made by {len(found)} different states of the code**; "
        "`make evaluate-full ARGS=--again` makes them alike."
    )


def _not_evaluated(results: Sequence[Json]) -> list[str]:
    reasons: dict[str, list[Cell]] = {}
    for result in results:
        cell = Cell(result["regime"], result["accounts"], result["seed"])
        for why in _reasons(result):
            reasons.setdefault(why, []).append(cell)
    if not reasons:
        return []
    lines = [f"- {'; '.join(compressed(cells))}: {why}" for why, cells in reasons.items()]
    return ["## Not evaluated", "\n".join(sorted(lines))]


def _reasons(result: Json) -> list[str]:
    """Why the world, a part of it or a share is not there, one line each."""
    if result["status"] != "evaluated":
        return [_line(result["why"])]
    found = [_line(f"{part} left out: {why}") for part, why in result["missing"].items()]
    for part, told in result["parts"].items():
        for best, skill in told["skill"].items():
            why = skill.get("why") or skill.get("share", {}).get("why")
            is_by_design = best == "attainable" and result["accounts"] > ATTAINABLE_AT_MOST
            if why and not is_by_design:
                found.append(_line(f"{part}, share of {best} skill: {why}"))
    return found


def _line(text: str) -> str:
    """The first line: what follows it is a table of weeks."""
    return text.splitlines()[0]


def _missing(results: Sequence[Json]) -> list[str]:
    there = {Cell(r["regime"], r["accounts"], r["seed"]) for r in results}
    missing = compressed(cell for cell in full_grid() if cell not in there)
    if not missing:
        return []
    return ["## Missing", "\n".join(f"- {line}" for line in missing)]
