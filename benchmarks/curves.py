"""Curves: seconds and memory for the win curves of many open deals, and for their reasons.

`python -m benchmarks.curves [--deals 1000 5000 50000] [--page docs/benchmarks.md]`, for example
`python -m benchmarks.curves --deals 2000 --accounts 250 --repeat 1`.

A model of every deal feature is fitted on a synthetic world once. Deals are rows of that world,
drawn with replacement and all open on one day, with committed dates drawn from two months before
it to a year after; in `other moments` they keep the many days on which they were described. Each
number of deals has a process of its own. After a round that is not counted, the ways take turns:
the model's own curves, its reasons as serving tells them, and the same curves by LightGBM on
every deal at every step.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from benchmarks.features.measured import peak_mb
from benchmarks.features.page import PAGE, write_section
from benchmarks.features.process import ROOT, told_by
from benchmarks.reasons.trial import Trial
from features.calendar import Calendar
from features.catalogue import features_of
from features.schema import AS_OF
from models.curve import Curves, curves_of, joined
from models.document import from_json, to_json
from models.grid import days_of, target_calendar
from models.logodds import sigmoid
from models.matrix import matrix_of
from models.reasons import reasons_column, top_reasons
from models.slip import FOLDER, SlipDocument, SlipModel, slip_from_document
from serving.peers import peers_of

RESULTS = ROOT / "benchmarks" / "results" / "curves.json"
DAY = date(2026, 11, 21)
_NAIVE_ROWS = 200_000
_COMPARED = 5_000
"""Deals whose curves are held against the naive ones."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Deals:
    """Features, and of the same rows as_of, committed_on, segment, stage and amount."""

    X: pl.DataFrame
    state: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Timed:
    """What one way took, run by run."""

    seconds: list[float]
    cpu_seconds: list[float]


def write_model(folder: Path, *, accounts: int, seed: int) -> Json:
    """Fit a model on a world of its own, and leave it and the world's deals in the folder."""
    trial = Trial(accounts, seed)
    say(f"a world of {accounts} accounts, seed {seed}: {trial.deal_rows.X.height:,} rows of deals")
    model = trial.slip()
    described, texts = model.to_document()
    (folder / FOLDER).mkdir()
    (folder / "slip.json").write_text(to_json(described), encoding="utf-8")
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    trial.deal_rows.X.write_parquet(folder / "X.parquet")
    trial.deal_rows.rows.write_parquet(folder / "rows.parquet")
    trees = sum(text.count("\nTree=") for text in texts.values())
    say(f"fitted: {len(model.names)} features, {model.grid.steps} steps, {trees:,} trees")
    return {"features": len(model.names), "steps": model.grid.steps, "trees": trees}


def read_model(folder: Path) -> SlipModel:
    """The model that was left there."""
    described = from_json(SlipDocument, (folder / "slip.json").read_text("utf-8"), name="slip.json")
    files = (folder / FOLDER).glob("*.txt")
    return slip_from_document(
        described, {f"{FOLDER}/{file.name}": file.read_text("utf-8") for file in files}
    )


def read_deals(folder: Path, count: int, *, seed: int, one_day: bool) -> Deals:
    """So many deals drawn from the folder's; on one day, or on the days of their rows."""
    draws = np.random.default_rng(seed)
    X, rows = (pl.read_parquet(folder / f"{name}.parquet") for name in ("X", "rows"))
    drawn = pl.Series(draws.integers(0, X.height, count))
    state = rows.select(AS_OF, "committed_on", "segment", "stage", "amount")[drawn]
    if one_day:
        ahead = draws.integers(-60, 366, count)
        committed = [
            None if draws.random() < 0.05 else DAY + timedelta(days=int(days)) for days in ahead
        ]
        state = state.with_columns(
            pl.lit(datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)).cast(state.schema[AS_OF])
            .alias(AS_OF),
            pl.Series("committed_on", committed, dtype=pl.Date),
        )  # fmt: skip
    return Deals(X[drawn], state)


def naive_curves(model: SlipModel, deals: Deals, calendar: Calendar) -> Curves:
    """The same curves, every tree of LightGBM asked of every deal at every step."""
    rows = matrix_of(deals.X, model.names)
    as_of = days_of(deals.state.select(calendar.local_day(pl.col(AS_OF))).to_series().to_list())
    committed = days_of(deals.state["committed_on"].to_list())
    at_once = max(1, _NAIVE_ROWS // model.grid.steps)
    parts = []
    for start in range(0, len(rows), at_once):
        some = slice(start, start + at_once)
        weeks = target_calendar(as_of[some], committed[some], model.grid, calendar)
        count, steps, width = weeks.shape
        wide = np.hstack(
            [np.repeat(rows[some], steps, axis=0), weeks.reshape(count * steps, width)]
        )
        close = model.close.log_odds(wide).reshape(count, steps) + np.asarray(model.baseline)
        win = model.win.log_odds(wide).reshape(count, steps)
        parts.append(curves_of(as_of[some], model.grid, sigmoid(close), sigmoid(win)))
    return joined(parts)


def tell(model: SlipModel, deals: Deals, calendar: Calendar) -> pl.Series:
    """The reasons of every deal as serving tells them, beside what its peers show."""
    features, state = features_of("deal"), deals.state
    read = [feature for feature in features if feature.name in deals.X.columns]
    groups = {"sizes": state["amount"], "stages": state["stage"]}
    peers = peers_of(deals.X, state["segment"], names=[f.name for f in read], **groups)
    told = top_reasons(
        model.explain(deals.X, state, calendar),
        deals.X,
        features=features,
        as_of=[DAY] * deals.X.height,
        peers=peers.beside(state["segment"], **groups),
    )
    return reasons_column(told)


def measure(folder: Path, count: int, *, repeat: int) -> Json:
    """Seconds of every way for so many deals; the peak is that of the model's own ways."""
    model, calendar = read_model(folder), Calendar()
    deals = read_deals(folder, count, seed=count, one_day=True)
    other = read_deals(folder, count, seed=count, one_day=False)
    ways: Mapping[str, Callable[[], object]] = {
        "curves": lambda: model.curve(deals.X, deals.state, calendar),
        "other_moments": lambda: model.curve(other.X, other.state, calendar),
        "reasons": lambda: tell(model, deals, calendar),
        "naive": lambda: naive_curves(model, deals, calendar),
    }
    curves = model.curve(deals.X, deals.state, calendar)
    reasons = tell(model, deals, calendar).explode().len()
    peak = peak_mb()
    few = Deals(deals.X[:_COMPARED], deals.state[:_COMPARED])
    gap = float(np.abs(curves.won[:_COMPARED] - naive_curves(model, few, calendar).won).max())
    found = {name: Timed([], []) for name in ways}
    for _ in range(repeat):
        for name, way in ways.items():
            began, busy = time.perf_counter(), time.process_time()
            way()
            found[name].seconds.append(round(time.perf_counter() - began, 3))
            found[name].cpu_seconds.append(round(time.process_time() - busy, 3))
    return {
        "deals": count,
        "moments": deals.state.select(AS_OF, "committed_on").n_unique(),
        "other_moments": other.state.select(AS_OF, "committed_on").n_unique(),
        "reasons_each": round(reasons / count, 2),
        "largest_gap": gap,
        "peak_mb": round(peak),
        "ways": {name: asdict(timed) for name, timed in found.items()},
    }


def section(told: Json) -> str:
    """Words and a table for the page, from the results alone."""
    rows = "\n".join(_row(size) for size in told["sizes"])
    largest = told["sizes"][-1]
    gap = max(size["largest_gap"] for size in told["sizes"])
    return f"""\
## Win curves and their reasons

The curves of open deals at {told["steps"]} steps, by a model of {told["trees"]:,} trees over \
{told["features"]} features and the calendar of the week, and what serving does for their reasons: \
contributions, norms of the peers, sentences. Deals are rows of a synthetic world of \
{told["accounts"]} accounts, drawn with replacement, all on one day, with committed dates over 14 \
months: {largest["moments"]:,} different weeks ahead for {largest["deals"]:,} deals. "Many days" \
are the same rows on the days on which they were described, {largest["other_moments"]:,} pairs of \
day and committed date. "Row by row" asks LightGBM about every deal at every step; the curves \
of the first {_COMPARED:,} differ by {gap:.0e} at most. Each number of deals is a process of its \
own in which the ways take turns, medians of {told["repeat"]}; memory is the peak of that process \
before it goes row by row. In brackets the seconds of the processor, which other work on the \
machine does not lengthen much. To do it again: `python -m benchmarks.curves --page \
docs/benchmarks.md`.

| deals | curves, s | curves, many days, s | reasons, s | both, s | row by row, s | row by row / \
curves | peak MB |
|---|---|---|---|---|---|---|---|
{rows}
"""


def _row(size: Json) -> str:
    seconds = {name: median(way["seconds"]) for name, way in size["ways"].items()}
    cpu = {name: median(way["cpu_seconds"]) for name, way in size["ways"].items()}
    for totals in (seconds, cpu):
        totals["both"] = totals["curves"] + totals["reasons"]
    told = " | ".join(
        f"{seconds[name]:.2f} ({cpu[name]:.2f})"
        for name in ("curves", "other_moments", "reasons", "both", "naive")
    )
    ratio = seconds["naive"] / seconds["curves"]
    return f"| {size['deals']:,} | {told} | {ratio:.1f} × | {size['peak_mb']:,.0f} |"


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every number of deals, print the section and write the results."""
    asked = _options(arguments)
    if asked.once:
        print(json.dumps(measure(asked.folder, asked.once, repeat=asked.repeat)))
        return 0
    sizes = []
    with tempfile.TemporaryDirectory() as place:
        model = write_model(Path(place), accounts=asked.accounts, seed=asked.seed)
        for count in sorted(asked.deals):
            say(f"{count:,} deals")
            words = ("--once", str(count), "--folder", place, "--repeat", str(asked.repeat))
            sizes.append(told_by("benchmarks.curves", words))
    told = {"accounts": asked.accounts, "seed": asked.seed, "repeat": asked.repeat, **model}
    told["sizes"] = sizes
    asked.results.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(section(told))
    if asked.page:
        write_section("curves", section(told), asked.page)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.curves",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--deals", type=int, nargs="+", default=[1_000, 5_000, 50_000])
    parser.add_argument("--accounts", type=int, default=400, help="of the world")
    parser.add_argument("--seed", type=int, default=1, help="of the world")
    parser.add_argument("--repeat", type=int, default=3, help="counted runs of each way")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, help=f"document with the section, such as {PAGE.name}")
    parser.add_argument("--once", type=int, help="so many deals, in this process")
    parser.add_argument("--folder", type=Path, help="where the model of --once lies")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
