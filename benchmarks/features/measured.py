"""One run of one peer in a process of its own: seconds, peak memory, and sums to compare.

`python -m benchmarks.features.measured PEER FOLDER AS_OF …` prints one line of JSON.
"""

import json
import resource
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import polars as pl

from benchmarks.features.core61 import NAMES
from benchmarks.features.peers import PEERS

_STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    """The most memory this process has held, in MB."""
    if _STATUS.exists():  # unlike getrusage, it forgets the process that started this one
        for line in _STATUS.read_text("utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def sums(found: pl.DataFrame) -> dict[str, float | None]:
    """By feature: the sum over all rows; null where nothing is known. A check at full size."""
    totals = found.select(
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).cast(pl.Float64).sum())
        for name in NAMES
    )
    return totals.row(0, named=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the peer once and print what it took."""
    name, folder, *moments = sys.argv[1:] if arguments is None else arguments
    peer = PEERS[name]
    run = peer.run()
    as_ofs = [datetime.fromisoformat(moment) for moment in moments]
    began = time.perf_counter()
    found = run(Path(folder), as_ofs)
    seconds = time.perf_counter() - began
    memory = peak_mb()  # before the sums, which are not the peer's
    result = {
        "seconds": round(seconds, 4),
        "peak_mb": round(memory, 1),
        "rows": found.height,
        "sums": sums(found) if peer.has_features else None,
        "versions": {package: version(package) for package in peer.versions},
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
