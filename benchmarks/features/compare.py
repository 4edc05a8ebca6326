"""The comparison: peers in turn, each run in a process of its own; results and a page.

`python -m benchmarks.features.compare --accounts 50000 [--as-ofs 8] [--peers NAME …] [--repeat 5]`

Tables that are not there yet are made first. A peer that is not here, or not meant for the size,
is left out and named. A peer that lives in an environment of its own is told where:
`--python featuretools=PATH`.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.features.page import RESULTS, write_page
from benchmarks.features.peers import PEERS, Peer
from benchmarks.features.population import Population
from benchmarks.features.process import ROOT, said_by
from benchmarks.features.tables import tables_of

TOLERANCE = 1e-5
"""Relative, of sums over all rows: Float32 values added in another order."""

Json = dict[str, Any]
Start = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Contest:
    """What is compared.

    Attributes:
        folder: of the tables.
        accounts: their size.
        as_ofs: moments, the oldest first.
        repeat: counted runs of each peer.
        pythons: peer → interpreter, for those in an environment of their own.
        timeout: seconds after which a run is given up.
    """

    folder: Path
    accounts: int
    as_ofs: tuple[datetime, ...]
    repeat: int = 5
    pythons: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 3600.0

    def __post_init__(self) -> None:
        if self.repeat < 1 or not self.as_ofs:
            raise ValueError(
                f"expected at least 1 run and 1 as_of, got {self.repeat} and {len(self.as_ofs)}"
            )

    def command(self, peer: Peer) -> list[str]:
        """The command of one run."""
        moments = [as_of.isoformat() for as_of in self.as_ofs]
        python = self.pythons.get(peer.name, sys.executable)
        return [python, "-m", "benchmarks.features.measured", peer.name, str(self.folder), *moments]

    def why_not(self, peer: Peer) -> str | None:
        """Why a peer takes no part; None when it does."""
        if peer.most_accounts is not None and self.accounts > peer.most_accounts:
            return f"for {peer.most_accounts:,} accounts at most"
        return None if peer.name in self.pythons else peer.lacking()


def compare(contest: Contest, peers: Sequence[Peer], *, start: Start | None = None) -> Json:
    """Run the peers in turn, round by round, after a round that is not counted.

    A peer that fails is left out of the rounds after it, and named.

    Args:
        contest: what is compared.
        peers: who takes part.
        start: runs a command and returns what it prints.

    Returns:
        What the result file holds.
    """
    begin = start or (
        lambda command: said_by(command, timeout=contest.timeout, errors=subprocess.PIPE)
    )
    reasons = {peer.name: contest.why_not(peer) for peer in peers}
    skipped = {name: why for name, why in reasons.items() if why}
    runs: dict[str, list[Json]] = {peer.name: [] for peer in peers if peer.name not in skipped}
    for number in range(contest.repeat + 1):
        for name in [name for name in runs if name not in skipped]:
            print(f"round {number} of {contest.repeat}: {name}", file=sys.stderr, flush=True)
            try:
                run = json.loads(begin(contest.command(PEERS[name])))
            except (subprocess.SubprocessError, ValueError) as error:
                skipped[name] = f"failed: {_last_line(error)}"
                continue
            runs[name] += [run] * (number > 0)
    finished = {name: found for name, found in runs.items() if found and name not in skipped}
    return {
        "accounts": contest.accounts,
        "as_ofs": [as_of.isoformat() for as_of in contest.as_ofs],
        "cores": os.cpu_count(),
        "peers": {name: _summary(name, found) for name, found in finished.items()},
        "differs": _differing(finished),
        "skipped": skipped,
    }


def _last_line(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return str(said).strip().splitlines()[-1]


def _summary(name: str, runs: Sequence[Json]) -> Json:
    return {
        "seconds": [run["seconds"] for run in runs],
        "peak_mb": [run["peak_mb"] for run in runs],
        "rows": runs[0]["rows"],
        "versions": runs[0]["versions"],
        "words": PEERS[name].words,
        "limit": PEERS[name].limit,
    }


def _differing(runs: Mapping[str, Sequence[Json]]) -> dict[str, list[str]]:
    """Peer → features whose sum differs from that of the first peer that has features.

    A peer that is wrong about rows recorded late is not held against the others here; the
    awkward rows of `agree` hold it to what it can tell.
    """
    told = {
        name: found[0]["sums"]
        for name, found in runs.items()
        if PEERS[name].has_features and PEERS[name].knows_late
    }
    first: Json = next(iter(told.values()), {})
    return {
        name: wrong
        for name, sums in told.items()
        if (wrong := [column for column in first if not _is_near(first[column], sums[column])])
    }


def _is_near(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=1e-6)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare at each size: 0 when all agree, 1 when sums differ or a peer failed."""
    asked = _options(arguments)
    failed = False
    for accounts in asked.accounts:
        population = Population(accounts, asked.seed)
        folder = tables_of(population, asked.tables)
        as_ofs = population.as_ofs(asked.as_ofs, asked.months)
        contest = Contest(folder, accounts, as_ofs, asked.repeat, dict(asked.python), asked.timeout)
        result = compare(contest, [PEERS[name] for name in asked.peers])
        asked.results.mkdir(parents=True, exist_ok=True)
        name = f"{accounts}x{asked.as_ofs}x{asked.months}.json"
        text = json.dumps({**result, "months": asked.months}, indent=1, sort_keys=True)
        (asked.results / name).write_text(text + "\n", encoding="utf-8")
        _say(result)
        failed |= bool(result["differs"]) or "failed" in str(result["skipped"])
    if asked.page:
        write_page(asked.results, asked.page)
    return int(failed)


def _say(result: Json) -> None:
    for name, peer in result["peers"].items():
        limit = result["peers"].get(peer["limit"])
        seconds = median(peer["seconds"])
        times = f"{seconds / median(limit['seconds']):8.1f} x" if limit else ""
        print(f"{name:16}{seconds:9.2f} s{times}{median(peer['peak_mb']):9.0f} MB")
    for name, why in result["skipped"].items():
        print(f"{name:16} left out: {why}")
    for name, columns in result["differs"].items():
        print(f"{name:16} DIFFERS in {', '.join(columns)}")


def _interpreter(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if name not in PEERS or not path:
        raise argparse.ArgumentTypeError(f"expected PEER=PATH, got {text}")
    return name, path


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features.compare")
    parser.add_argument("--accounts", type=int, nargs="+", default=[50_000])
    parser.add_argument("--as-ofs", type=int, default=8)
    parser.add_argument("--months", type=int, default=3, help="between two as_ofs")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--repeat", type=int, default=5, help="counted runs of each")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for one run")
    parser.add_argument("--python", type=_interpreter, nargs="+", default=[], help="PEER=PATH")
    parser.add_argument("--tables", type=Path, default=ROOT / "reports" / "features")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, help="docs/benchmarks.md, to be made anew")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
