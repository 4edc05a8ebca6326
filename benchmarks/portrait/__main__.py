"""The command: one picture and one result file for each regime, then the page of all of them.

`python -m benchmarks.portrait [--regime NAME ...] [--accounts N] [--seed 7] [--out docs/worlds]`
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.portrait.page import RESULTS, write_worlds
from benchmarks.portrait.picture import write_png
from benchmarks.portrait.portrait import portray
from benchmarks.portrait.regimes import names, open_world


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the regimes that are asked for: 0 when all are drawn, 2 for an unknown one."""
    asked = _options(arguments)
    wanted = asked.regime or list(names())
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        print(f"expected regimes out of {', '.join(names())}, got {', '.join(unknown)}",
              file=sys.stderr)  # fmt: skip
        return 2
    for name in wanted:
        portrait = portray(open_world(name, accounts=asked.accounts, seed=asked.seed))
        path = write_png(portrait, asked.out)
        result = asked.results / "portraits" / f"{name}.json"
        result.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(portrait.to_mapping(), indent=1, sort_keys=True)
        result.write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {path.stat().st_size / 1000:.0f} kB", file=sys.stderr, flush=True)
    write_worlds(asked.results, asked.out.with_suffix(".md"))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.portrait", description=__doc__)
    parser.add_argument("--regime", nargs="+", help="names; all unless given")
    parser.add_argument("--accounts", type=int, help="size; the regime's own unless given")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("docs/worlds"), help="folder of pictures")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of result files")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
