"""Evaluation of a cell: backtest, oracle and attainable skill, step by step, into one result.

Every step leaves its files in the work folder, so that a run that was killed goes on where it
was. The result holds no clock time, no place and no machine: made twice, it has the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from benchmarks.grid.attainable import Rows, run_attainable
from benchmarks.grid.backtest import (
    Backtest,
    Json,
    Terms,
    is_backtested,
    load_backtest,
    run_backtest,
)
from benchmarks.grid.cells import ATTAINABLE_AT_MOST, Cell
from benchmarks.grid.oracle import DRAWS, run_oracle
from benchmarks.grid.pieces import piece
from benchmarks.grid.skill import KEYS, Best, judged, said_by_all, skill
from benchmarks.grid.value import captured
from features.schema import AS_OF
from training.config import PARTS, Part
from training.fit import FitError
from training.folds import NotEnoughDataError
from training.walk import Progress

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Steps:
    """The three long steps of a cell.

    Attributes:
        backtest: leaves scores, metrics and terms in a folder.
        oracle: the oracle's frame of one part at one moment.
        attainable: the big world's predictions of the small world's rows.
    """

    backtest: Callable[[str, Path, Sequence[Part], Progress], None] = run_backtest
    oracle: Callable[[str, Terms, Part, datetime, Progress], pl.DataFrame] = run_oracle
    attainable: Callable[[str, Terms, Rows, Progress], pl.DataFrame] = run_attainable


def evaluate_cell(
    cell: Cell, folder: Path, steps: Steps, *, parts: Sequence[Part] = PARTS, progress: Progress
) -> Json:
    """Run what the folder does not hold yet, and return the content of the result file."""
    result = _head(cell)
    if not is_backtested(folder):
        try:
            steps.backtest(cell.url, folder, parts, progress)
        except NotEnoughDataError as error:
            progress(f"not evaluated: {error}")
            return {**result, "status": "not evaluated", "why": str(error)}
    found = load_backtest(folder)
    run = _Run(cell, folder, steps, found, progress)
    told = {part: _part(run, part) for part in parts if part in found.terms.weeks}
    return {
        **result,
        "status": "evaluated",
        "why": None,
        "draws": DRAWS,
        "parts": told,
        "missing": found.metrics["data_used"]["missing"],
        "leak_gate": {key: found.metrics["leak_gate"][key] for key in ("verdict", "leaking")},
        "tables": found.metrics["data_used"]["tables"],
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """What the steps of one cell share."""

    cell: Cell
    folder: Path
    steps: Steps
    backtest: Backtest
    progress: Progress


def _head(cell: Cell) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "regime": cell.regime,
        "accounts": cell.accounts,
        "seed": cell.seed,
        "world": cell.url,
    }


def _part(run: _Run, part: Part) -> dict[str, object]:
    found = run.backtest
    metrics = found.metrics[part]
    told = {
        "served": metrics["served"],
        "winner": metrics["winner"],
        "gains": metrics["gains"],
        "not_applicable": metrics["not_applicable"],
        "models": {name: model["overall"] for name, model in metrics["models"].items()},
        "horizon_weeks": found.terms.weeks[part],
        "as_ofs": [moment.isoformat() for moment in found.first_as_ofs(part)],
        "judged_rows": found.metrics["data_used"][part]["judged_rows"],
        "outcome_shares": found.metrics["data_used"][part]["outcome_shares"],
        "skill": {"oracle": _of_oracle(run, part), "attainable": _of_attainable(run, part)},
    }
    if part == "bucket":
        told |= {"decisions": metrics["decisions"], "value": _value(run)}
    return told


def _of_oracle(run: _Run, part: Part) -> Mapping[str, object]:
    return _skill(run, part, _oracle(run, part), "oracle")


def _value(run: _Run) -> Mapping[str, object]:
    values = run.backtest.values
    if values is None:
        raise ValueError("expected the values of the judged accounts, found none")
    return captured(values, _oracle(run, "bucket"))


def _oracle(run: _Run, part: Part) -> pl.DataFrame:
    return pl.concat([_oracle_at(run, part, at) for at in run.backtest.first_as_ofs(part)])


def _oracle_at(run: _Run, part: Part, as_of: datetime) -> pl.DataFrame:
    def say(text: str) -> None:
        run.progress(f"oracle {part} {as_of:%Y-%m-%d}  {text}")

    def make() -> pl.DataFrame:
        frame = run.steps.oracle(run.cell.url, run.backtest.terms, part, as_of, say)
        say(f"{frame.height} rows")
        return frame

    return piece(run.folder / "oracle" / f"{part}-{as_of:%Y-%m-%d}.parquet", make)


def _of_attainable(run: _Run, part: Part) -> Mapping[str, object]:
    if not run.cell.has_attainable:
        return {"why": f"not run above {ATTAINABLE_AT_MOST} accounts"}
    found = run.backtest
    moments = list(found.first_as_ofs(part))
    keys = judged(found.scores, part).filter(pl.col(AS_OF).is_in(moments)).select(KEYS)
    rows = Rows(part, keys, found.metrics[part]["served"])

    def say(text: str) -> None:
        run.progress(f"attainable {text}")

    def make() -> pl.DataFrame:
        return run.steps.attainable(run.cell.big_url, found.terms, rows, say)

    try:
        frame = piece(run.folder / "attainable" / f"{part}.parquet", make)
    except (NotEnoughDataError, FitError) as error:
        return {"why": str(error)}
    return _skill(run, part, frame, "attainable")


def _skill(run: _Run, part: Part, frame: pl.DataFrame, name: Best) -> Mapping[str, object]:
    found = skill(said_by_all(run.backtest.scores, part, frame, name), name)
    share = found.get("share")
    if isinstance(share, dict) and share["value"] is not None:
        run.progress(f"{part}: {share['value']:.3f} of the skill of the {name}")
    return found
