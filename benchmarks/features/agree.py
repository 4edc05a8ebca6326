"""Whether the peers say the same, row by row, as a plain loop over the definitions.

`python -m benchmarks.features.agree [--peers NAME ...]` checks every peer that is here on a small
set of awkward rows; the exit code is 1 when one differs.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from benchmarks.features import loop
from benchmarks.features.answer import KEYS
from benchmarks.features.awkward import AS_OFS, write_awkward
from benchmarks.features.core61 import NAMES
from benchmarks.features.peers import PEERS, Peer

TOLERANCE = 1e-6
"""Relative: quotients are taken in Float32."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two answers differ.

    Attributes:
        column: one of the 61.
        rows: how many differ.
        example: the first of them, as text.
    """

    column: str
    rows: int
    example: str


def differences(
    expected: pl.DataFrame, got: pl.DataFrame, columns: Sequence[str] = NAMES
) -> list[Difference]:
    """Where `got` differs from `expected`, column by column, rows matched by account and as_of.

    Raises:
        ValueError: when they do not have the same rows, each once.
    """
    both = expected.join(got, on=list(KEYS), how="inner", suffix=" got", validate="1:1")
    if not both.height == expected.height == got.height:
        raise ValueError(
            f"expected {expected.height} rows of account and as_of, got {got.height}, "
            f"of which {both.height} match"
        )
    found = []
    for name in columns:
        left, right = pl.col(name), pl.col(f"{name} got")
        is_near = (left - right).abs() <= TOLERANCE * left.abs()
        differs = both.filter(~(is_near.fill_null(value=False) | left.eq_missing(right)))
        if differs.height:
            account, as_of, *pair = differs.select(*KEYS, left, right).row(0)
            example = f"{account} at {as_of}: expected {pair[0]}, got {pair[1]}"
            found.append(Difference(name, differs.height, example))
    return found


def disagreement(peer: Peer) -> list[Difference]:
    """Where a peer differs from the plain loop on awkward rows, in what it can express."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_awkward(folder, is_prompt=not peer.knows_late)
        got = peer.run()(folder, AS_OFS)
    columns = [name for name in NAMES if name not in peer.left_out]
    return differences(_expected(is_prompt=not peer.knows_late), got, columns)


@cache
def _expected(*, is_prompt: bool) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_awkward(folder, is_prompt=is_prompt)
        return loop.run(folder, AS_OFS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Say of each peer whether it agrees: 0 when all that are here do."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features.agree")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    failed = False
    for name in parser.parse_args(arguments).peers:
        peer = PEERS[name]
        why = peer.lacking() if peer.has_features else "it has no features"
        found = [] if why else disagreement(peer)
        failed |= bool(found)
        left_out = f", all but {', '.join(peer.left_out)}" if peer.left_out else ""
        said = f"left out: {why}" if why else f"agrees{left_out}"
        print(f"{name}: {f'differs in {len(found)} columns' if found else said}")
        for difference in found:
            print(f"  {difference.column}: {difference.rows} rows; {difference.example}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
