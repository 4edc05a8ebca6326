"""Nights: the account features of a night from what was described ahead, and from the whole book.

`python -m benchmarks.features.nightly --accounts 50000 [--changed .01] [--repeat 3]`

The CRM is described ahead for a week. The next night comes twice: with nothing changed but the
date, and with new, modified and removed rows of a share of the accounts. Each is told from what
was described, and by describing the whole book; every run in a process of its own, in turns. Told
are medians, the bytes of the rows that were read, and whether the frames are the same.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from benchmarks.features.measured import peak_mb
from benchmarks.features.nightly_books import read_book, write_books
from benchmarks.features.nightly_page import RESULTS, write
from benchmarks.features.population import Population
from benchmarks.features.process import ROOT, told_by
from benchmarks.features.tables import tables_of
from features.build import account_features
from features.calendar import Calendar
from features.changes import Changes
from features.context import build_context
from features.ledger import Ledger
from features.nights import AHEAD, Nights
from features.snapshot import account_spine

NIGHTS = ("nothing", "changed")
STEPS = ("ahead", *(f"{way} {night}" for night in NIGHTS for way in ("night", "rebuild")))

Json = dict[str, Any]


def run_once(asked: argparse.Namespace) -> Json:
    """One step in this process, in the folder `work`."""
    population = Population(asked.accounts, asked.seed)
    calendar, step = Calendar(), asked.once
    tonight = population.until + timedelta(days=1)
    steps: dict[str, Callable[[], tuple[pl.DataFrame, Json]]] = {
        "ahead": lambda: _ahead(asked.work, population, calendar),
        "night nothing": lambda: _night(asked.work, population, calendar, has_changed=False),
        "night changed": lambda: _night(asked.work, population, calendar, has_changed=True),
    }
    began, busy = time.perf_counter(), time.process_time()
    if step in steps:
        frame, told = steps[step]()
    else:
        name = "before" if step == "rebuild nothing" else "after"
        book = read_book(asked.work.parent / name, population, nights=1)
        context = build_context(book, [tonight], calendar)
        spine = account_spine(book, [tonight])
        frame, told = account_features(book, spine, context, calendar, way=asked.way), {}
    return {
        "seconds": round(time.perf_counter() - began, 3),
        "cpu_seconds": round(time.process_time() - busy, 3),
        "peak_mb": round(peak_mb()),
        "digest": f"{frame.height} {frame.with_row_index().hash_rows(seed=7).sum()}",
        **told,
    }


def _ahead(work: Path, population: Population, calendar: Calendar) -> tuple[pl.DataFrame, Json]:
    """The first evening: everything is described for a week."""
    night = Nights(work / "nights", calendar).advance(Ledger(work / "ledger"), population.until)
    return night.frame, {"whole": night.whole}


def _night(
    work: Path, population: Population, calendar: Calendar, *, has_changed: bool
) -> tuple[pl.DataFrame, Json]:
    """The next one, from the rows that came and what was described."""
    ledger = Ledger(work / "ledger")
    fresh, removed = work.parent / ("fresh" if has_changed else "none"), {}
    if has_changed:
        files = (work.parent / "removed").glob("*.parquet")
        removed = {file.stem: pl.read_parquet(file) for file in files}
    ledger.enter(Changes(read_book(fresh, population, nights=1), removed))
    tonight = population.until + timedelta(days=1)
    night = Nights(work / "nights", calendar).advance(ledger, tonight)
    return night.frame, {
        "whole": night.whole,
        "changed": night.changed,
        "described": night.described,
        "bytes_read": ledger.bytes_read,
        "bytes_all": ledger.bytes_all,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all the steps: 0 when every night is the same as its rebuild, else 1."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    asked = _options(given)
    if asked.once:
        print(json.dumps(run_once(asked)))
        return 0
    population = Population(asked.accounts, asked.seed)
    tables = tables_of(population, asked.tables)
    folder: Path = asked.work
    shutil.rmtree(folder, ignore_errors=True)
    write_books(population, tables, folder, asked.changed)
    (folder / "none").mkdir()
    book = read_book(folder / "before", population, nights=0)
    Ledger.begin(folder / "begun" / "ledger", book)
    found: dict[str, list[Json]] = {step: [] for step in STEPS}
    for _ in range(asked.repeat):
        for step in STEPS:
            origin = "begun" if step == "ahead" else "ahead"
            if step.startswith("rebuild"):
                found[step].append(_started(given, step, folder / "begun"))
                continue
            work = folder / step.replace(" ", "-")
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(folder / origin, work, copy_function=os.link)  # files are never changed
            found[step].append(_started(given, step, work))
    return _say(asked, found)


def _started(given: Sequence[str], step: str, work: Path) -> Json:
    """One step in a process of its own."""
    words = (*given, "--once", step, "--work", str(work))
    return told_by("benchmarks.features.nightly", words)


def _say(asked: argparse.Namespace, found: dict[str, list[Json]]) -> int:
    """Medians, ratios, and whether every night is the same as its rebuild."""
    told: Json = {
        "accounts": asked.accounts,
        "changed": asked.changed,
        "way": asked.way,
        "repeat": asked.repeat,
        "steps": {},
    }
    for step, runs in found.items():
        medians = {
            name: median(run[name] for run in runs)
            for name in ("seconds", "cpu_seconds", "peak_mb")
        }
        told["steps"][step] = {**runs[-1], **medians}
        print(
            f"{step:16}{medians['seconds']:9.2f} s {medians['cpu_seconds']:9.2f} s of the "
            f"processor {medians['peak_mb']:8,.0f} MB"
        )
    steps = told["steps"]
    for night in NIGHTS:
        one, rebuild = steps[f"night {night}"], steps[f"rebuild {night}"]
        one["ratio"] = round(one["seconds"] / rebuild["seconds"], 4)
        one["bytes_share"] = round(one["bytes_read"] / one["bytes_all"], 5)
        digests = {
            run["digest"] for step in ("night", "rebuild") for run in found[f"{step} {night}"]
        }
        one["is_same"] = len(digests) == 1
        print(
            f"{night:16}{one['ratio']:9.1%} of a rebuild; {one['described']:,} accounts; "
            f"{one['bytes_read']:,} of {one['bytes_all']:,} bytes of rows, "
            f"{one['bytes_share']:.2%}; {'the same' if one['is_same'] else 'DIFFERENT'}"
        )
    changed = steps["night changed"]["seconds"]
    week = steps["ahead"]["seconds"] + (AHEAD - 1) * changed
    told["week"] = round(week / (AHEAD * steps["rebuild changed"]["seconds"]), 4)
    print(f"a week          {told['week']:9.1%} of {AHEAD} rebuilds")
    asked.results.parent.mkdir(parents=True, exist_ok=True)
    asked.results.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if asked.page:
        write(asked.results, asked.page)
    return 0 if all(steps[f"night {night}"]["is_same"] for night in NIGHTS) else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features.nightly")
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--changed", type=float, default=0.01, help="share of the accounts")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--way", choices=("plain", "fast"), default="fast", help="of a rebuild")
    parser.add_argument("--tables", type=Path, default=ROOT / "reports" / "features")
    parser.add_argument("--work", type=Path, default=ROOT / "reports" / "nightly")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, help="docs/benchmarks.md, to be brought up to date")
    parser.add_argument("--once", choices=STEPS, help="one step, in this process")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
