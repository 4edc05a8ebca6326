"""The demo's backtest in five worlds that differ by their seed only.

`python -m benchmarks.seeds [--accounts 500] [--seeds 1,2,3,4,5]` writes one JSON file per world
under `benchmarks/results/`; a world that is there already is not run again unless `--again`.
"""

import argparse
import json
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.evaluate import write_page
from features.calendar import Calendar
from features.crm.source import open_source
from training import run
from training.config import load_experiment

RESULTS = Path(__file__).parent / "results"
UNTIL = "2026-11-21"


def backtest_world(accounts: int, seed: int) -> dict[str, object]:
    """The metrics of one world, with the URL that makes it again."""
    calendar = Calendar()
    url = f"synthetic:accounts={accounts},seed={seed},until={UNTIL}"
    now = calendar.midnight(datetime.fromisoformat(UNTIL).replace(tzinfo=UTC).date())
    book = open_source(url, calendar=calendar, now=now).read().book
    with tempfile.TemporaryDirectory() as folder:
        run.backtest(
            book, load_experiment(None), calendar, out=Path(folder), progress=_say(f"seed {seed}")
        )
        metrics = json.loads((Path(folder) / "metrics.json").read_text())
    return {"world": url, "accounts": accounts, "seed": seed, "metrics": metrics}


def _say(prefix: str):  # noqa: ANN202  a closure over the start time
    start = time.monotonic()
    return lambda text: print(f"{time.monotonic() - start:6.1f} s  {prefix}: {text}", flush=True)


def main() -> int:
    """Run the worlds that have no result yet."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeds", description=__doc__)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--again", action="store_true", help="also worlds that have a result")
    asked = parser.parse_args()
    asked.results.mkdir(parents=True, exist_ok=True)
    for seed in (int(word) for word in asked.seeds.split(",")):
        target = asked.results / f"baseline-{asked.accounts}-seed-{seed}.json"
        if target.exists() and not asked.again:
            print(f"{target.name} is there already")
            continue
        world = backtest_world(asked.accounts, seed)
        part = target.with_suffix(".part")
        part.write_text(json.dumps(world, indent=1, sort_keys=True) + "\n")
        part.rename(target)
    evaluation = asked.results.parent.parent / "docs" / "evaluation.md"
    if asked.results == RESULTS:
        write_page(asked.results, evaluation)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
