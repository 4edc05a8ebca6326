"""Run: a backtest or a whole training, step by step."""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from features.book import Book
from features.calendar import Calendar
from models.booster import fit_boosters
from models.registry import Registry, RunRecord
from training.backtest import (
    REPORT_FILE,
    BacktestResult,
    walk_forward,
    write_backtest,
)
from training.config import Experiment
from training.contest import Contest
from training.heads import Grower
from training.release import Release, make_release, write_release
from training.report import write_report
from training.walk import Progress

REPORTS = "reports"


@dataclass(frozen=True, slots=True, eq=False)
class TrainedVersion:
    """A recorded challenger.

    Attributes:
        version: number in the registry.
        report_path: the report; scores and metrics lie beside it.
        result: the backtest behind it.
    """

    version: int
    report_path: Path
    result: BacktestResult


def backtest(
    book: Book, experiment: Experiment, calendar: Calendar, *, out: Path, progress: Progress
) -> BacktestResult:
    """Walk forward and write scores.parquet, metrics.json and report.html into `out`.

    Raises:
        NotEnoughDataError: when the data do not carry a single fit; nothing is written.
    """
    result = walk_forward(book, experiment, calendar, progress=progress)
    write_backtest(result, out)
    write_report(result, out / REPORT_FILE)
    progress(f"report {out / REPORT_FILE}")
    return result


def train(  # noqa: PLR0913 - what a training depends on is named one by one, in the call too
    book: Book,
    experiment: Experiment,
    calendar: Calendar,
    *,
    home: Path,
    trained_at: datetime,
    progress: Progress,
    grow: Grower = fit_boosters,
) -> TrainedVersion:
    """Backtest, fit on everything, write the bundle and record it as the challenger.

    Nothing is left behind when a step fails. `grow` grows the boosters of the version; those of
    the backtest grow here.

    Raises:
        NotEnoughDataError: when the data do not carry a single fit.
    """
    unfinished = home / REPORTS / f"unfinished-{trained_at:%Y%m%d-%H%M%S}"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        result = backtest(book, experiment, calendar, out=unfinished, progress=progress)
        release = make_release(
            book, result, calendar, trained_at=trained_at, grow=grow, progress=progress
        )
        bundle = unfinished / "bundle"
        write_release(release, bundle, calendar)
        progress("fitted on everything and bundled")
        version = Registry(home).record(
            _record(result, release, report=unfinished / REPORT_FILE, bundle=bundle)
        )
        shutil.rmtree(bundle)
        folder = report_folder(home, version)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    progress(f"recorded as version {version}, challenger")
    return TrainedVersion(version, folder / REPORT_FILE, result)


def report_folder(home: Path, version: int) -> Path:
    """Where a version's report, scores and metrics lie."""
    return home / REPORTS / f"{version:04d}"


def _record(result: BacktestResult, release: Release, *, report: Path, bundle: Path) -> RunRecord:
    card = release.card
    return RunRecord(
        name=_name(result.experiment.name),
        trained_at=card.trained_at,
        policy_hash=release.policy.policy_hash(),
        contract_hash=card.contract_hash,
        dataset_digest=card.data_used.digest,
        report=report,
        bundle=bundle,
        parameters=_flat("", result.experiment.to_mapping()),
        row_counts={
            **card.data_used.tables,
            "account_examples": card.data_used.account_rows,
            "deal_examples": card.data_used.deal_rows,
        },
        metrics=_by_origin(result.contests.values()),
        headline=_headline(result),
    )


def _name(experiment: str) -> str:
    """The experiment's name in letters that a registry takes.

    >>> _name("Online_Retail v2")
    'online-retail-v2'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", experiment.lower()).strip("-")
    return plain[:60] if plain[:1].isalpha() else f"x-{plain}"[:60]


def _flat(prefix: str, found: Mapping[str, object]) -> dict[str, str | int | float]:
    flat: dict[str, str | int | float] = {}
    for name, value in found.items():
        if isinstance(value, Mapping):
            flat |= _flat(f"{prefix}{name}.", value)
        elif isinstance(value, str | int | float):
            flat[prefix + name] = value
        elif value is not None:
            flat[prefix + name] = str(value)
    return flat


def _by_origin(contests: Iterable[Contest]) -> dict[date, dict[str, float | None]]:
    found: dict[date, dict[str, float | None]] = {}
    for contest in contests:
        for name, standing in contest.judgement.standings.items():
            for origin, metrics in standing.slices["by_origin"].items():
                place = found.setdefault(date.fromisoformat(origin), {})
                place[f"{contest.part}.{name}.log_loss"] = metrics.log_loss.value
                place[f"{contest.part}.{name}.auc"] = metrics.auc.value
    return found


def _headline(result: BacktestResult) -> dict[str, float]:
    found: dict[str, float] = {}
    for part, contest in result.contests.items():
        overall = contest.judgement.standings[contest.judgement.served].overall
        for figure in ("log_loss", "auc", "lift_at_k"):
            value = getattr(overall, figure).value
            if value is not None:
                found[f"{part}_{figure}"] = round(value, 4)
    return found
