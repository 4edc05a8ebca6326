"""Scale-out: the parts of a book described in one process and on Dask workers, side by side.

`python -m benchmarks.features.scaled --accounts 2000 [--as-ofs 2] [--parts 4] [--workers 2]`

Each engine runs in a process of its own. Told are the seconds from the tables to the frame, those
until the workers stood ready, how many cores were busy meanwhile, the most memory that each
process held, and the ratio. Both frames have to be the same, row by row. With `--page` they go
into docs/benchmarks.md.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from benchmarks.features.measured import peak_mb
from benchmarks.features.page import write_section
from benchmarks.features.population import Population
from benchmarks.features.process import ROOT, told_by
from benchmarks.features.tables import tables_of
from bucketlist.cluster import DaskRunner, Place, dask_runner
from features.book import Book, make_book
from features.calendar import Calendar
from features.context import build_context
from features.feature import Entity
from features.parts import Question, Runner, describe_in_parts, in_this_process
from features.schema import RECORDED_AT, TABLES
from features.snapshot import account_spine, deal_spine

ENGINES = ("one process", "dask")
ENOUGH = 1.5
"""A gain that needs no excuse."""

Json = dict[str, Any]


def read_book(folder: Path, until: datetime) -> Book:
    """The made-up tables as a book of the contract, read as streams."""
    files = sorted(folder.glob("*.parquet"))
    return make_book({f.stem: _table(f) for f in files}, observed_until=until)


def _table(file: Path) -> pl.LazyFrame:
    table = TABLES[file.stem]
    rows = pl.scan_parquet(file)
    if table.moment is not None:
        rows = rows.with_columns(pl.coalesce(RECORDED_AT, table.moment).alias(RECORDED_AT))
    return rows.select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())


def question_of(book: Book, entity: Entity, as_ofs: Sequence[datetime]) -> Question:
    """All accounts or deals at the moments."""
    spine = account_spine(book, as_ofs) if entity == "account" else deal_spine(book, as_ofs)
    return Question(entity, spine, build_context(book, as_ofs, Calendar()), Calendar())


def run_once(asked: argparse.Namespace) -> Json:
    """One engine, in this process and its workers."""
    population = Population(asked.accounts, asked.seed)
    as_ofs = population.as_ofs(asked.as_ofs, asked.months)
    tables = tables_of(population, asked.tables)
    began = time.perf_counter()
    with _runner(asked) as (runner, workers), TemporaryDirectory(dir=asked.tables) as name:
        ready, used = time.perf_counter(), time.process_time()
        book = read_book(tables, population.until)
        question = question_of(book, asked.entity, as_ofs)
        lazy = describe_in_parts(
            book, question, folder=Path(name), parts=asked.parts, runner=runner
        )
        frame = lazy.collect()
        seconds = time.perf_counter() - ready
        peaks, busy = {"this process": peak_mb()}, time.process_time() - used
        if workers is not None:
            found = workers.everywhere(peak_mb)
            peaks |= {f"worker {n}": mb for n, (_, mb) in enumerate(sorted(found.items()))}
            busy += sum(workers.everywhere(time.process_time).values())
    return {
        "started_in": round(ready - began, 2),
        "seconds": round(seconds, 2),
        "cores_busy": round(busy / seconds, 2),
        "peak_mb": {process: round(mb) for process, mb in peaks.items()},
        "rows": frame.height,
        "digest": str(frame.with_row_index().hash_rows(seed=7).sum()),
    }


@contextmanager
def _runner(asked: argparse.Namespace) -> Iterator[tuple[Runner, DaskRunner | None]]:
    if asked.once != "dask":
        yield in_this_process, None
        return
    with dask_runner(Place(asked.workers), _progress) as runner:
        yield runner, runner


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _started(asked: argparse.Namespace, engine: str, arguments: Sequence[str]) -> Json:
    """One engine in a process of its own."""
    words = (*arguments, "--once", engine)
    return told_by("benchmarks.features.scaled", words, timeout=asked.timeout)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both engines: 0 when their frames are the same, else 1."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    asked = _options(given)
    if asked.once:
        print(json.dumps(run_once(asked)))
        return 0
    tables_of(Population(asked.accounts, asked.seed), asked.tables)
    found = {engine: _started(asked, engine, given) for engine in ENGINES}
    if asked.page:
        write_section("scale-out", section(found, asked), asked.page)
    return _say(found)


def section(found: dict[str, Json], asked: argparse.Namespace) -> str:
    """Words and a table for the page."""
    one, dask = (found[engine] for engine in ENGINES)
    rows = "\n".join(
        f"| {engine} | {told['seconds']:,.0f} | {told['cores_busy']:.2f} | "
        f"{' + '.join(f'{mb:,}' for mb in told['peak_mb'].values())} |"
        for engine, told in found.items()
    )
    return f"""\
## Features on several processes

Every {asked.entity} feature of the catalogue at {asked.as_ofs} as-of moments, {asked.accounts:,} \
accounts and {asked.accounts * 100:,} activities in {asked.parts} parts on disk, on \
{os.cpu_count()} cores: in one process, and on {asked.workers} Dask workers of this machine. \
{one["rows"]:,} rows, {"the same bits" if _is_same(found) else "**not the same**"}. To do it \
again: `python -m benchmarks.features.scaled --accounts {asked.accounts} --parts {asked.parts} \
--page docs/benchmarks.md`.

| engine | seconds | cores busy | peak MB of each process |
|---|---|---|---|
{rows}

Dask takes {dask["seconds"] / one["seconds"]:.2f} × the time of one process.{_why(one, dask)}
"""


def _why(one: Json, dask: Json) -> str:
    """Why workers beside one another gain little, where they do."""
    if one["seconds"] >= ENOUGH * dask["seconds"]:
        return ""
    return (
        f" One process keeps {one['cores_busy']:.1f} of {os.cpu_count()} cores busy: it describes "
        "two batches at a time, and Polars has threads of its own. Workers are for the cores and "
        "the memory of further machines."
    )


def _is_same(found: dict[str, Json]) -> bool:
    one, dask = ((told["rows"], told["digest"]) for told in found.values())
    return bool(one == dask)


def _say(found: dict[str, Json]) -> int:
    """What each engine took, and whether both gave the same frame."""
    for engine, told in found.items():
        peaks = ", ".join(f"{process} {mb:,} MB" for process, mb in told["peak_mb"].items())
        print(
            f"{engine:12}{told['seconds']:9.2f} s after {told['started_in']:.2f} s, "
            f"{told['cores_busy']:.2f} cores busy; {peaks}"
        )
    one, dask = (found[engine] for engine in ENGINES)
    print(f"ratio       {one['seconds'] / dask['seconds']:9.2f}")
    is_same = _is_same(found)
    print(f"{one['rows']:,} rows, the same" if is_same else "the frames DIFFER")
    return 0 if is_same else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features.scaled")
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--entity", choices=("account", "deal"), default="account")
    parser.add_argument("--as-ofs", type=int, default=2)
    parser.add_argument("--months", type=int, default=3, help="between two as_ofs")
    parser.add_argument("--parts", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for one engine")
    parser.add_argument("--tables", type=Path, default=ROOT / "reports" / "features")
    parser.add_argument("--page", type=Path, help="docs/benchmarks.md, to be brought up to date")
    parser.add_argument("--once", choices=ENGINES, help="one engine, in this process")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
