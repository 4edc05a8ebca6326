"""Reasons measured: do they add up, do they stay after a retrain, are their sentences true?

`python -m benchmarks.reasons [--accounts 400] [--seeds 7 8 9] [--page docs/reasons.md]`
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reasons.additivity import gaps, rows_used
from benchmarks.reasons.page import page
from benchmarks.reasons.retrain import Stays, comparisons, summed
from benchmarks.reasons.sentences import DRAWN, counted, judged, published
from benchmarks.reasons.trial import NOW, Trial
from models.reasons import MIN_CONTRIBUTION

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "benchmarks" / "results" / "reasons.json"
GOAL = 0.80


def measure(accounts: int, seeds: Sequence[int], sentences: int) -> dict[str, object]:
    """Everything of the page; sums and sentences on the first world, what stays on all."""
    first = Trial(accounts, seeds[0])
    bucket, slip = first.bucket("lightgbm"), first.slip()
    say(f"world {first.seed}: described and fitted")
    result: dict[str, object] = {
        "accounts": accounts,
        "seeds": list(seeds),
        "as_of": NOW.date().isoformat(),
        "goal": GOAL,
        "min_contribution": MIN_CONTRIBUTION,
        "rows": rows_used(first),
        "gaps": gaps(first, bucket, slip),
    }
    verdicts = judged(first, published(first, bucket, slip), sentences, say)
    result["sentences"] = counted(verdicts)
    found: dict[str, list[Stays]] = {}
    for seed in seeds:
        for stays in comparisons(first if seed == first.seed else Trial(accounts, seed), say):
            found.setdefault(stays.name, []).append(stays)
    result["stays"] = [summed(stays, seeds) for stays in found.values()]
    return result


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the result file and, with --page, the document."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reasons")
    parser.add_argument("--accounts", type=int, default=400, help="of each world")
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--sentences", type=int, default=DRAWN)
    parser.add_argument("--result", type=Path, default=RESULT)
    parser.add_argument("--page", type=Path, help="document to write")
    asked = parser.parse_args(arguments)
    result = measure(asked.accounts, asked.seeds, asked.sentences)
    text = json.dumps(result, indent=1) + "\n"
    asked.result.write_text(text, encoding="utf-8")
    written = page(json.loads(text))
    print(written)
    if asked.page:
        asked.page.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
