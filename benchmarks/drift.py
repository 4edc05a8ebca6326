"""Drift: is a win curve still right after the market has turned, with the live correction?

    python -m benchmarks.drift
    python -m benchmarks.drift --regimes boom baseline --seeds 1 2 --accounts 120
    python -m benchmarks.drift --regimes --data DIR

Walks through worlds that turn (`boom`, `shock`) and worlds that do not, and through BPI Challenge
2012 where its folder is given. Every curve is judged on the days after its origin with and without
the correction. Prints the figures of each set and writes docs/drift.md; sets that an earlier run
measured stay in the result file and on the page.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, get_args

import polars as pl

from benchmarks.evaluate import SETS, read
from benchmarks.grid.backtest import CALENDAR, experiment, source_of
from benchmarks.grid.cells import REGIMES, UNTIL, Cell
from benchmarks.grid.pieces import ROOT, write_json, write_text
from features.book import Book
from features.calendar import Calendar
from features.crm.source import SyntheticSource
from features.schema import AS_OF
from models.correction import PRIOR_WINS, WINDOW_WEEKS
from models.slip import SlipKind
from training.as_of_grid import weeks_of
from training.config import Experiment
from training.contest import fit_plan
from training.drift import LIVE, ONCE, drift_of, told_after
from training.matrix import Asked, deal_examples
from training.span import plan_of

RESULT = ROOT / "benchmarks" / "results" / "drift.json"
PAGE = ROOT / "docs" / "drift.md"
REAL = "bpi2012"
GOAL = 0.03
PAGE_TEXT = """\
# Drift

A win curve is fitted at every origin of the backtest and judged on the weeks until the next one,
with and without the live correction: the odds of winning against staying open are moved by the
wins of the last {weeks} weeks over those that the curve expected, each with {prior:.0f} added.
Nothing is used that was not known on the day. The worlds are synthetic companies of {accounts}
accounts; `boom` and `shock` turn 40 weeks before their end. Bias is what was said less what came,
of a win by the committed date; intervals are of 90 %, clustered by account.

| set | rows | bias | bias, corrected | log loss | corrected | gain |
|---|---|---|---|---|---|---|
{everything}

A correction can mend only what has shown. Rows described {weeks} weeks or more after the turn:

| set | rows | bias | bias, corrected | log loss | corrected | gain |
|---|---|---|---|---|---|---|
{late}

Rows of all seeds together, the bias before, corrected on the day, and corrected only once, at the
origin, as a shift stored with the model would be; and what either gains in log loss:

| regime | bias | live | once | gain, live | gain, once |
|---|---|---|---|---|---|
{pooled}

Of {sets} sets, {within} lie within {goal} before the correction and {within_after} after it.

Made by `python -m benchmarks.drift`.
"""


def told_of(book: Book, recipe: Experiment, calendar: Calendar, kind: SlipKind) -> pl.DataFrame:
    """What the curves of all origins said of the days after them; see `training.drift`."""
    plan = plan_of("slip", book, recipe, calendar)
    asked = Asked(plan.grid, commitment=recipe.commitment, exclude=recipe.features.exclude)
    examples = deal_examples(book, asked, calendar)
    every = timedelta(weeks=weeks_of(recipe.as_of_grid.deals))
    fits = fit_plan(recipe)
    parts = [
        told_after(examples, fold, calendar=calendar, plan=fits, kind=kind, every=every)
        for fold in plan.folds
    ]
    return pl.concat(parts)


def figures_of(told: pl.DataFrame, turn: date | None, *, seed: int) -> dict[str, Any]:
    """The figures of a set: of all its rows, and of those well after its turn."""
    found: dict[str, Any] = {
        "live": drift_of(told, after=LIVE, seed=seed).to_mapping(),
        "once": drift_of(told, after=ONCE, seed=seed).to_mapping(),
    }
    if turn is not None:
        since = datetime.combine(turn + timedelta(weeks=WINDOW_WEEKS), time(), tzinfo=UTC)
        late = told.filter(pl.col(AS_OF) >= since)
        found |= {"turn": turn.isoformat(), "late": drift_of(late, seed=seed).to_mapping()}
    return found


def world_result(cell: Cell, kind: SlipKind) -> dict[str, Any]:
    """The figures of one world."""
    source = source_of(cell.url)
    if not isinstance(source, SyntheticSource):
        raise TypeError(f"expected a synthetic world, got {cell.url!r}")
    turns = source.params.climate.turns
    turn = UNTIL - timedelta(weeks=turns) if turns else None
    told = told_of(source.read().book, experiment(), CALENDAR, kind)
    return {"regime": cell.regime, **figures_of(told, turn, seed=cell.seed)}


def real_result(folder: Path, kind: SlipKind, *, now: datetime) -> dict[str, Any]:
    """The figures of BPI Challenge 2012, whose raw files lie in the folder."""
    dataset = next(found for found in SETS if found.name == REAL)
    with tempfile.TemporaryDirectory() as tables:
        _, book = read(dataset, folder, tables=Path(tables), now=now)
        told = told_of(book, dataset.experiment, dataset.calendar, kind)
    return {"regime": REAL, **figures_of(told, None, seed=1)}


def page(result: dict[str, Any]) -> str:
    """docs/drift.md."""
    sets = result["sets"]
    biases = [one["live"] for one in sets.values()]
    regimes = list(dict.fromkeys(one["regime"] for one in sets.values()))
    pooled = [_pooled(name, [one for one in sets.values() if one["regime"] == name])
              for name in regimes]  # fmt: skip
    return PAGE_TEXT.format(
        weeks=WINDOW_WEEKS,
        prior=PRIOR_WINS,
        accounts=result["accounts"],
        everything="\n".join(_line(name, one["live"]) for name, one in sets.items()),
        late="\n".join(_line(name, one["late"]) for name, one in sets.items() if "late" in one),
        pooled="\n".join(pooled),
        sets=len(sets),
        goal=GOAL,
        within=sum(abs(one["bias_before"]["value"]) <= GOAL for one in biases),
        within_after=sum(abs(one["bias_after"]["value"]) <= GOAL for one in biases),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the sets, print their figures, write the result and the page."""
    asked = _options(arguments)
    result = {"accounts": asked.accounts, "sets": {}}
    if asked.result.is_file():
        result = json.loads(asked.result.read_text(encoding="utf-8"))
        if result["accounts"] != asked.accounts:
            result = {"accounts": asked.accounts, "sets": {}}
    cells = [Cell(name, asked.accounts, seed) for name in asked.regimes for seed in asked.seeds]
    for cell in cells:
        _keep(asked, result, cell.name, world_result(cell, asked.kind))
    if asked.data is not None:
        found = real_result(asked.data / REAL, asked.kind, now=datetime.now(UTC))
        _keep(asked, result, REAL, found)
    return 0


def _keep(asked: argparse.Namespace, result: dict[str, Any], name: str, found: Any) -> None:
    """Print a set's line, and write what has been measured so far."""
    result["sets"][name] = found
    print(_line(name, found["live"]), flush=True)
    write_json(asked.result, result)
    write_text(asked.page, page(result))


def _line(name: str, one: dict[str, Any]) -> str:
    return (
        f"| {name} | {one['rows']:,} | {_told(one['bias_before'])} | {_told(one['bias_after'])} "
        f"| {one['loss_before']:.4f} | {one['loss_after']:.4f} | {_told(one['gain'], 4)} |"
    )


def _told(figure: dict[str, float], digits: int = 3) -> str:
    value, low, high = (f"{figure[key]:+.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _pooled(regime: str, sets: list[dict[str, Any]]) -> str:
    """A regime's worlds together: means weighted by their rows."""
    rows = sum(one["live"]["rows"] for one in sets)

    def mean(way: str, key: str) -> float:
        return float(sum(one[way][key]["value"] * one[way]["rows"] for one in sets) / rows)

    return (
        f"| {regime} | {mean('live', 'bias_before'):+.3f} | {mean('live', 'bias_after'):+.3f} "
        f"| {mean('once', 'bias_after'):+.3f} | {mean('live', 'gain'):+.4f} "
        f"| {mean('once', 'gain'):+.4f} |"
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.drift",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--regimes", nargs="*", choices=REGIMES, default=["boom", "shock", "baseline"],
        help="of the worlds; none with real data alone",
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the worlds")
    parser.add_argument("--accounts", type=int, default=250, help="of each world, count")
    parser.add_argument("--data", type=Path, help=f"folder that holds {REAL}; without it, no real")
    parser.add_argument(
        "--kind", choices=get_args(SlipKind), default="blend", help="of the curve (default: blend)"
    )
    parser.add_argument("--result", type=Path, default=RESULT, help="JSON file to write")
    parser.add_argument("--page", type=Path, default=PAGE, help="page to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
