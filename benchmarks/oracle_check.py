"""The oracle's self-check: does what it foretells come about as often as it says?

`python -m benchmarks.oracle_check [--regime NAME ...] [--worlds 2] [--accounts 400] [--draws 400]`
makes fresh worlds of each regime, asks the oracle at one moment, and holds its probabilities
against the labels that the exported tables give in the end. A regime that has a result file is not
asked again unless `--again`. The exit code is 1 when a joint band is left, or the AUC of slip is
not between .78 and .90.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.foretold import (
    ACCOUNTS_AS_OF,
    DEALS_AS_OF,
    SLIP_TARGET,
    TARGETS,
    Foretell,
    foretold_and_happened,
)
from benchmarks.portrait.fact import written
from benchmarks.portrait.page import PAGE, RESULTS, write_worlds
from benchmarks.portrait.regimes import World, names, open_world
from benchmarks.reliability import LEVEL, Reliability, reliability
from bucketlist.oracle import OracleMoments, Question, oracle_frame
from training.intervals import clusters_of
from training.metrics import book_codes, measure

FIRST_SEED = 101
REPEATS = 20_000
"""Draws of the bands, whose edge lies far out."""
AUC_LOW, AUC_HIGH = 0.78, 0.90


@dataclass(frozen=True, slots=True)
class Size:
    """How much is spent on one regime: worlds, accounts of each, and draws of each moment."""

    worlds: int = 2
    accounts: int = 400
    draws: int = 400

    def __post_init__(self) -> None:
        if min(self.worlds, self.accounts, self.draws) < 1:
            raise ValueError(f"expected worlds, accounts and draws of 1 or more, got {self}")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the fresh worlds."""
        return tuple(range(FIRST_SEED, FIRST_SEED + self.worlds))


def ask_oracle(
    world: World, moments: OracleMoments, question: Question, say: Callable[[str], None]
) -> pl.DataFrame:
    """What the oracle of the synthetic CRM foretells."""
    return oracle_frame(world.params, moments, question, progress=say)


def check_regime(
    name: str, size: Size, *, foretell: Foretell, say: Callable[[str], None]
) -> dict[str, Any]:
    """Foretell fresh worlds of a regime, pool them, and hold them against what came.

    Returns:
        What the result file holds; a target without rows is None.
    """
    pooled = []
    for seed in size.seeds:
        say(f"{name}: world {seed}")
        world = open_world(name, accounts=size.accounts, seed=seed)
        pooled.append(foretold_and_happened(world, size.draws, foretell=foretell, say=say))
    rows = pl.concat(pooled, how="vertical")
    found = {target: judged(rows, target) for target in TARGETS}
    moments = {"accounts": ACCOUNTS_AS_OF, "deals": DEALS_AS_OF}
    return {
        "regime": name,
        "seeds": list(size.seeds),
        "accounts": size.accounts,
        "draws": size.draws,
        "as_of": {entity: moment.date().isoformat() for entity, moment in moments.items()},
        "targets": {target: _result(inner) for target, inner in found.items()},
        "slip_auc": slip_auc(rows),
    }


def judged(rows: pl.DataFrame, target: str) -> Reliability | None:
    """The reliability of one target; None without rows.

    Its band is as wide as LEVEL for all targets of the regime together asks for (Bonferroni).
    """
    of_target = rows.filter(pl.col("target") == target)
    if of_target.is_empty():
        return None
    return reliability(
        of_target["predicted"].to_numpy(),
        of_target["happened"].to_numpy(),
        seed=FIRST_SEED,
        repeats=REPEATS,
        level=1.0 - (1.0 - LEVEL) / rows["target"].n_unique(),
    )


def slip_auc(rows: pl.DataFrame) -> dict[str, float | None] | None:
    """AUC of being won by the committed date, with its 90 % interval over accounts."""
    deals = rows.filter(pl.col("target") == SLIP_TARGET)
    if deals.is_empty():
        return None
    nobody = pl.Series("owner", [None] * deals.height, dtype=pl.String)
    found = measure(
        deals["happened"].cast(pl.Float64).to_numpy(),
        deals["predicted"].to_numpy(),
        clusters=clusters_of(deals["account"], seed=FIRST_SEED),
        books=book_codes(deals["target"], nobody),
        seed=FIRST_SEED,
    )
    return found.auc.to_mapping()


def faults(result: Mapping[str, Any]) -> list[str]:
    """What is wrong with one regime's oracle, in words; nothing when it keeps its word."""
    found = []
    for target, inner in result["targets"].items():
        if inner is not None and not inner["is_inside"]:
            worst = inner["worst"]
            found.append(
                f"{target}: group {worst['number']} said {worst['predicted']:.3f}, "
                f"realised {worst['happened']:.3f}"
            )
    auc = result["slip_auc"]
    if auc is not None and not (auc["value"] and AUC_LOW <= auc["value"] <= AUC_HIGH):
        shown = "not defined" if auc["value"] is None else f"{auc['value']:.3f}"
        found.append(f"AUC of slip: expected {AUC_LOW} to {AUC_HIGH}, got {shown}")
    return found


def lines_of(result: Mapping[str, Any]) -> list[str]:
    """The result as a table for the terminal."""
    lines = [f"{result['regime']}: target, rows, mean said, share realised, joint band"]
    for target, inner in result["targets"].items():
        if inner is None:
            continue
        inside = "kept" if inner["is_inside"] else "LEFT"
        lines.append(
            f"  {target:<20} {inner['rows']:>6,} {inner['predicted']:>7.3f} "
            f"{inner['happened']:>7.3f}  {inside}"
        )
    auc = result["slip_auc"]
    lines.append("  no deals in this regime" if auc is None else f"  AUC of slip {auc['value']}")
    return lines + [f"  fault: {fault}" for fault in faults(result)]


def main(arguments: Sequence[str] | None = None, *, foretell: Foretell = ask_oracle) -> int:
    """Check the regimes that are asked for: 0 when all keep their word, 1 when one does not."""
    asked = _options(arguments)
    wanted = asked.regime or list(names())
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        _say(f"expected regimes out of {', '.join(names())}, got {', '.join(unknown)}")
        return 2
    start = time.monotonic()
    size = Size(asked.worlds, asked.accounts, asked.draws)
    results = []
    for name in wanted:
        path = asked.results / f"{name}.json"
        if not path.is_file() or asked.again:
            result = check_regime(
                name,
                size,
                foretell=foretell,
                say=lambda text: _say(f"{time.monotonic() - start:6.1f} s  {text}"),
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", "utf-8")
        else:
            _say(f"{name}: there already")
        results.append(json.loads(path.read_text("utf-8")))
        print("\n".join(lines_of(results[-1])), flush=True)
    if asked.results == RESULTS / "oracle":
        write_worlds(RESULTS, PAGE)
    return 1 if any(faults(result) for result in results) else 0


def _result(found: Reliability | None) -> dict[str, Any] | None:
    """One target as it stands in the result file."""
    if found is None:
        return None
    rows = found.rows
    whole = {
        "rows": rows,
        "predicted": sum(group.predicted * group.rows for group in found.groups) / rows,
        "happened": sum(group.happened * group.rows for group in found.groups) / rows,
        "is_inside": found.is_inside,
        "worst": asdict(found.worst),
    }
    result: dict[str, Any] = written({**asdict(found), **whole})
    return result


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.oracle_check", description=__doc__)
    parser.add_argument("--regime", nargs="+", help="names; all unless given")
    parser.add_argument("--worlds", type=int, default=2)
    parser.add_argument("--accounts", type=int, default=400)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--results", type=Path, default=RESULTS / "oracle")
    parser.add_argument("--again", action="store_true", help="also regimes that have a result")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
