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
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl

from benchmarks.features.measured import peak_mb
from benchmarks.features.population import Population
from benchmarks.features.tables import write_tables
from features.book import Book, make_book
from features.build import account_features
from features.calendar import Calendar
from features.changes import Changes
from features.coded import columns_read
from features.context import build_context
from features.ledger import Ledger
from features.nights import AHEAD, Nights
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, RECORDED_AT, TABLES
from features.snapshot import account_spine

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "features" / "nightly.json"

FOUND = ("accounts", "opportunities", "activities", "opportunity_changes", "invoices", "tickets")
"""The tables that the generator makes."""

NIGHTS = ("nothing", "changed")
STEPS = ("ahead", *(f"{way} {night}" for night in NIGHTS for way in ("night", "rebuild")))

Json = dict[str, Any]


def write_books(population: Population, tables: Path, folder: Path, share: float) -> None:
    """The book of the first evening, that of the next, and what changed between them.

    Two thirds of the deals are closed, so that there is something to say of the whole book. Of
    every changed account there is one activity more; of every third an invoice that is paid now,
    of every tenth an activity that is gone and a deal in another stage.
    """
    before, after, fresh, gone = (folder / name for name in ("before", "after", "fresh", "removed"))
    for place in (before, after, fresh, gone):
        place.mkdir(parents=True)
    rows = {table: _contract(pl.scan_parquet(tables / f"{table}.parquet"), table)
            for table in FOUND}  # fmt: skip
    is_large = pl.int_range(pl.len()) % 3 == 0
    segment = pl.when(is_large).then(pl.lit("large")).otherwise(pl.lit("small"))
    rows["opportunities"] = _ended(rows["opportunities"])
    rows["accounts"] = rows["accounts"].with_columns(segment.alias("segment"))
    for table, lines in rows.items():
        lines.sink_parquet(before / f"{table}.parquet")
    old = {table: pl.scan_parquet(before / f"{table}.parquet") for table in FOUND}
    changes, removed = _changes(old, population, share)
    for table in FOUND:
        key = list(TABLES[table].key)
        rest = old[table]
        if table in changes:
            changes[table].write_parquet(fresh / f"{table}.parquet")
            if key:
                rest = rest.join(changes[table].lazy(), on=key, how="anti", maintain_order="left")
        if table in removed:
            removed[table].write_parquet(gone / f"{table}.parquet")
            rest = rest.join(removed[table].lazy(), on=key, how="anti", maintain_order="left")
        come = [changes[table].lazy()] if table in changes else []
        pl.concat([rest, *come]).sink_parquet(after / f"{table}.parquet")


def _contract(rows: pl.LazyFrame, table: str) -> pl.LazyFrame:
    """The contract's columns, `recorded_at` never empty."""
    schema = TABLES[table].schema
    kept = {*columns_read(table), *TABLES[table].key}
    there = [
        pl.col(name).cast(dtype) if name in kept else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    ]
    return rows.select(there).with_columns(pl.coalesce(RECORDED_AT, TABLES[table].moment or ""))


def _ended(deals: pl.LazyFrame) -> pl.LazyFrame:
    number = pl.int_range(pl.len())
    is_closed = number % 3 != 2
    closed_at = pl.col("created_at") + pl.duration(days=30 + number * 37 % 900)
    ended = pl.when(number * 7 % 10 < 4).then(pl.lit("won")).otherwise(pl.lit("lost"))
    kind = pl.when(number % 5 == 0).then(pl.lit("renewal")).otherwise(pl.lit("new"))
    outcome = pl.when(is_closed).then(ended).otherwise(pl.lit("open"))
    schema = TABLES["opportunities"].schema
    return deals.with_columns(
        pl.when(is_closed).then(closed_at).alias("closed_at"),
        outcome.cast(schema["outcome"]).alias("outcome"),
        kind.cast(schema["type"]).alias("type"),
        pl.lit("proposal").alias("stage"),
        (number * 997 % 50_000).cast(pl.Float64).alias("amount"),
        (pl.col("created_at") + pl.duration(days=60 + number % 200)).dt.date().alias("close_date"),
    )


def _changes(
    rows: dict[str, pl.LazyFrame], population: Population, share: float
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """New and modified rows, and the keys of removed ones, of a share of the accounts."""
    accounts = rows["accounts"].select(ACCOUNT_ID).collect()[ACCOUNT_ID]
    chosen = accounts.sample(max(1, int(len(accounts) * share)), seed=population.seed).sort()
    now = pl.lit(population.until) + pl.duration(hours=9)

    def first_of(table: str, each: int) -> pl.DataFrame:
        some = pl.LazyFrame({ACCOUNT_ID: chosen.gather_every(each)})
        found = rows[table].join(some, on=ACCOUNT_ID, how="semi").collect()
        return found.unique(ACCOUNT_ID, keep="first", maintain_order=True)

    touch = first_of("activities", 1).with_columns(
        (pl.lit("NEW-") + pl.col("activity_id")).alias("activity_id"),
        now.alias("occurred_at"), now.alias(RECORDED_AT),
    )  # fmt: skip
    paid = first_of("invoices", 3).with_columns(now.alias("paid_at"))
    deals = first_of("opportunities", 10)[OPPORTUNITY_ID]
    cells = {
        OPPORTUNITY_ID: deals, "changed_at": population.until + timedelta(hours=9),
        "field": "stage", "old": "proposal", "new": "closing", "changed_by": None,
        RECORDED_AT: population.until + timedelta(hours=9),
    }  # fmt: skip
    moved = pl.DataFrame(cells, schema=TABLES["opportunity_changes"].schema)
    fresh = {"activities": touch, "invoices": paid, "opportunity_changes": moved}
    return fresh, {"activities": first_of("activities", 10).select("activity_id")}


def read_book(folder: Path, population: Population, *, nights: int) -> Book:
    """A book of Parquet files, complete until so many nights after the first."""
    tables = {file.stem: pl.scan_parquet(file) for file in folder.glob("*.parquet")}
    return make_book(tables, observed_until=population.until + timedelta(days=nights))


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
    tables = asked.tables / f"{asked.accounts}-{asked.seed}"
    folder: Path = asked.work
    if not (tables / "complete").is_file():
        write_tables(population, tables)
        (tables / "complete").touch()
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
    command = [sys.executable, "-m", "benchmarks.features.nightly", *given]
    done = subprocess.run(
        [*command, "--once", step, "--work", str(work)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    told: Json = json.loads(done.stdout)
    return told


def _say(asked: argparse.Namespace, found: dict[str, list[Json]]) -> int:
    """Medians, ratios, and whether every night is the same as its rebuild."""
    told: Json = {
        "accounts": asked.accounts,
        "changed": asked.changed,
        "way": asked.way,
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
    parser.add_argument("--once", choices=STEPS, help="one step, in this process")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
