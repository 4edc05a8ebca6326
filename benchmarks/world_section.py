"""The synthetic worlds' section of the evaluation page: one row per seed, made from its JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

Json = Mapping[str, Any]

RIVALS = {"bucket": "persistence", "slip": "stage_age"}
TITLES = {"bucket": "Buckets against persistence", "slip": "Slip against stage × age"}

INTRO = """\
## The demo's world, by seed (synthetic)

This checks the machinery and says nothing about anybody's customers. The world's parameters stood \
in the repository before a model was fitted, and were not changed after. Each row is a backtest of \
{accounts} accounts over four years: `python -m benchmarks.seeds`.
"""


def worlds_in(results: Path) -> list[Json]:
    """The worlds that have a result, by seed."""
    found = [json.loads(file.read_text("utf-8")) for file in results.glob("baseline-*.json")]
    return sorted(found, key=lambda world: (world["accounts"], world["seed"]))


def world_section(worlds: Sequence[Json]) -> str:
    """Both parts as tables, with a sentence that counts the seeds that were won for certain."""
    sizes = " and ".join(f"{size:,}" for size in sorted({world["accounts"] for world in worlds}))
    lines = [INTRO.format(accounts=sizes)]
    for part, rival in RIVALS.items():
        lines += [f"### {TITLES[part]}", "", _sentence(worlds, part, rival), ""]
        lines += [f"| seed | served | log loss | {rival} | gain | AUC | bias | excess ECE |"]
        lines += ["|" + "---|" * 8]
        lines += [_row(world, part, rival) for world in worlds]
        lines += [""]
    return "\n".join(lines)


def _row(world: Json, part: str, rival: str) -> str:
    found = world["metrics"][part]
    overall = found["models"][found["served"]]["overall"]
    other = found["models"][rival]["overall"]
    gain = found["gains"][rival]
    cells = (
        str(world["seed"]),
        found["served"],
        f"{overall['log_loss']['value']:.3f}",
        f"{other['log_loss']['value']:.3f}",
        f"{gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})",
        f"{overall['auc']['value']:.3f}",
        f"{overall['bias']['value']:+.3f}",
        f"{overall['excess_ece']['value']:.3f}",
    )
    return f"| {' | '.join(cells)} |"


def _sentence(worlds: Sequence[Json], part: str, rival: str) -> str:
    gains = [world["metrics"][part]["gains"][rival] for world in worlds]
    certain = sum(gain["low"] > 0 for gain in gains)
    served = [world["metrics"][part] for world in worlds]
    share = mean(
        gain["value"] / found["models"][rival]["overall"]["log_loss"]["value"]
        for gain, found in zip(gains, served, strict=True)
    )
    biases = [found["models"][found["served"]]["overall"]["bias"]["value"] for found in served]
    return (
        f"**The served model beats {rival} for certain (90 % interval, clustered by account) with "
        f"{certain} of {len(worlds)} seeds; its log loss is {share:.1%} lower on average, its bias "
        f"{mean(biases):+.3f}.**"
    )
