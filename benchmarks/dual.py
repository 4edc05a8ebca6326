"""Dual score: are reps who play deals down, or up, told from the rest?

    python -m benchmarks.dual --seeds 1 2 3 --accounts 250

Worlds of the regime `gaming` plant both kinds among the reps. Each origin of the backtest fits the
served kind of curve with and without what a rep can type; the deltas of the out-of-time rows are
averaged by rep and held against what was planted. Prints the AUC of either delta over all reps of
the worlds, and writes docs/dual-score.md.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from benchmarks.grid.backtest import CALENDAR, experiment, source_of
from benchmarks.grid.cells import Cell
from benchmarks.grid.pieces import ROOT, write_json, write_text
from features.crm.source import SyntheticSource
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.reps import HAPPY_EARS, SANDBAGGER
from features.crm.synthetic.tables import REP_IDS
from features.crm.synthetic.world import make_stage, run_pipeline, streams_of
from features.schema import OWNER_REP_ID
from training.dual import CAME, both_told, editable_share, fit_untyped, rep_deltas
from training.forecasts import FitPlan
from training.matrix import Asked, deal_examples
from training.slip_forecasts import fit_curve
from training.span import plan_of
from training.walk import Progress

RESULT = ROOT / "benchmarks" / "results" / "dual.json"
PAGE = ROOT / "docs" / "dual-score.md"
KINDS = {"sandbagging": SANDBAGGER, "happy_ears": HAPPY_EARS}
REPEATS = 2_000
PAGE_TEXT = """\
# The dual score

Stage, amount, close date and forecast are typed by the person whose deal it is. A second win curve
reads none of them, nor a committed date. Two deltas follow for each rep, as means over the
out-of-time rows of their deals, about a win within a quarter:

* **sandbagging**: what the curve without typing says, less what the full one says;
* **happy ears**: what the full curve says, less what came.

In {worlds} synthetic companies of the regime `gaming`, which plant both kinds of rep; intervals are
of 90 %, over reps:

| delta | planted | AUC against all others |
|---|---|---|
{separation}

| kind of rep | reps | sandbagging | happy ears |
|---|---|---|---|
{means}

Share of the skill that hangs on what reps type, by company: {shares}. It is the part of the gain in
log loss over the plain base rate that is lost when nothing typed is read.

This checks the machinery. The deltas are means with errors of their own; they are a question to
ask and never a verdict, and nobody is ranked by them.

Made by `python -m benchmarks.dual`.
"""


def planted(params: WorldParams) -> pl.DataFrame:
    """owner_rep_id and style of everybody in a world, which its CRM does not tell."""
    streams = streams_of(params.seed)
    team = run_pipeline(streams["pursuit"], make_stage(params, streams)).world.reps.team
    return pl.DataFrame({OWNER_REP_ID: REP_IDS.of(np.arange(team.count)), "style": team.style})


def told_of(url: str, progress: Progress) -> pl.DataFrame:
    """What both curves said of the out-of-time rows of a world, origin by origin."""
    book = source_of(url).read().book
    recipe = experiment()
    plan = plan_of("slip", book, recipe, CALENDAR)
    examples = deal_examples(book, Asked(plan.grid), CALENDAR)
    fits = FitPlan(recipe.seeds.models, recipe.threads)
    parts = []
    for number, fold in enumerate(plan.folds, start=1):
        train, asked = examples.at(fold.landmarks), examples.at(fold.test_as_ofs)
        typed = fit_curve(train, cut=fold, calendar=CALENDAR, plan=fits)
        cut = CALENDAR.day_of(fold.origin)
        untyped = fit_untyped(train, cut=cut, calendar=CALENDAR, plan=fits)
        parts.append(both_told(typed, untyped, asked, CALENDAR))
        progress(f"origin {number} of {len(plan.folds)}: {asked.rows.height} rows")
    return pl.concat(parts)


def world_result(cell: Cell, progress: Progress) -> dict[str, Any]:
    """The deltas of a world's reps beside what they are, and how much hangs on typing."""
    source = source_of(cell.url)
    if not isinstance(source, SyntheticSource):
        raise TypeError(f"expected a synthetic world, got {cell.url!r}")
    told = told_of(cell.url, progress)
    reps = rep_deltas(told, seed=cell.seed).join(planted(source.params), on=OWNER_REP_ID)
    came = told[CAME].drop_nulls().to_numpy()
    if came.size == 0:
        raise ValueError(f"expected rows whose quarter has passed in {cell.url}, found none")
    return {
        "world": cell.url,
        "rows": told.height,
        "editable_share": editable_share(told, float(came.mean())),
        "reps": reps.to_dicts(),
    }


def separation(reps: pl.DataFrame, kind: str, *, seed: int = 11) -> dict[str, float | int]:
    """AUC of one delta for one kind of rep against all others, with a 90 % interval over reps."""
    is_kind = (reps["style"] == KINDS[kind]).to_numpy()
    delta = reps[kind].to_numpy()
    generator = np.random.default_rng(seed)
    repeats = []
    for _ in range(REPEATS):
        drawn = generator.integers(0, reps.height, reps.height)
        if 0 < is_kind[drawn].sum() < drawn.size:
            repeats.append(roc_auc_score(is_kind[drawn], delta[drawn]))
    low, high = np.percentile(repeats, [5, 95])
    return {
        "auc": float(roc_auc_score(is_kind, delta)),
        "low": float(low),
        "high": float(high),
        "reps": reps.height,
        "planted": int(is_kind.sum()),
    }


def page(result: dict[str, Any]) -> str:
    """docs/dual-score.md."""
    reps = pl.DataFrame([one for world in result["worlds"] for one in world["reps"]])
    styles = {SANDBAGGER: "sandbaggers", HAPPY_EARS: "happy ears"}
    means = [
        f"| {styles.get(style, 'plain')} | {mine.height} | {mine['sandbagging'].mean():+.3f} "
        f"| {mine['happy_ears'].mean():+.3f} |"
        for (style,), mine in reps.sort("style").group_by("style", maintain_order=True)
    ]
    found = [
        f"| {name.replace('_', ' ')} | {one['planted']} of {one['reps']} "
        f"| {one['auc']:.2f} ({one['low']:.2f} to {one['high']:.2f}) |"
        for name, one in result["separation"].items()
    ]
    return PAGE_TEXT.format(
        worlds=len(result["worlds"]),
        separation="\n".join(found),
        means="\n".join(means),
        shares=", ".join(f"{world['editable_share']:.0%}" for world in result["worlds"]),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worlds, print the separation, write the result and the page."""
    asked = _options(arguments)
    cells = [Cell("gaming", asked.accounts, seed) for seed in asked.seeds]
    worlds = []
    for cell in cells:

        def say(line: str, name: str = cell.name) -> None:
            print(f"{name}: {line}", file=sys.stderr, flush=True)

        worlds.append(world_result(cell, say))
    reps = pl.DataFrame([one for world in worlds for one in world["reps"]])
    result = {"worlds": worlds, "separation": {name: separation(reps, name) for name in KINDS}}
    print(json.dumps(result["separation"], indent=1))
    write_json(asked.result, result)
    write_text(asked.page, page(result))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dual",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the worlds")
    parser.add_argument("--accounts", type=int, default=250, help="of each world, count")
    parser.add_argument("--result", type=Path, default=RESULT, help="JSON file to write")
    parser.add_argument("--page", type=Path, default=PAGE, help="page to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
