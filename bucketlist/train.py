"""`backtest`, `train`, `compare`: from a CRM to a judged model version."""

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.options import Crm, Recipe, experiment_at, reading_of
from bucketlist.session import Session

if TYPE_CHECKING:
    from features.crm.source import Reading
    from training.compare import Verdict
    from training.run import TrainedVersion

REFUSED = 4
"""Exit code of a gate that does not say yes."""


class Only(StrEnum):
    """One part alone."""

    BUCKET = "bucket"
    SLIP = "slip"


def backtest(
    context: typer.Context,
    crm: Crm,
    *,
    out: Annotated[Path, typer.Option(help="Folder for scores, metrics and report.")],
    experiment: Recipe = None,
    only: Annotated[Only | None, typer.Option(help="bucket or slip alone.")] = None,
) -> None:
    """Walk forward in time and write scores.parquet, metrics.json and report.html."""
    from training.run import backtest as run_backtest  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    recipe = experiment_at(experiment)
    if only is not None:
        recipe = replace(recipe, heads=(only.value,))
    reading = reading_of(session, crm)
    result = run_backtest(reading.book, recipe, session.calendar, out=out, progress=session.say)
    parts = {
        part: {"winner": found.judgement.winner, "served": found.judgement.served}
        for part, found in result.contests.items()
    }
    session.result({"out": str(out), "parts": parts, "missing": dict(result.missing)})


def train(context: typer.Context, crm: Crm, *, experiment: Recipe = None) -> None:
    """Backtest, fit on everything, and record a version with the alias challenger."""
    session: Session = context.obj
    trained = train_version(session, reading_of(session, crm), experiment=experiment)
    missing = dict(trained.result.missing)
    session.result(
        {"version": trained.version, "report": str(trained.report_path), "missing": missing}
    )
    if not session.is_json:
        typer.echo(f"version {trained.version}, report {trained.report_path}")


def compare(
    context: typer.Context,
    *,
    version: Annotated[
        int | None, typer.Option(help="Version to judge [default: the challenger]")
    ] = None,
) -> None:
    """Judge the challenger against the champion and the baselines; exit 4 unless it may serve."""
    session: Session = context.obj
    number, verdict = judge_version(session, version)
    session.result({"version": number, **verdict.to_mapping()})
    if not session.is_json:
        typer.echo(f"version {number}: {verdict.decision.replace('_', ' ')}")
        for reason in verdict.reasons:
            typer.echo(f"  {reason}")
        typer.echo(f"  not checked: {', '.join(verdict.not_checked)}")
    if verdict.decision != "promote":
        raise typer.Exit(REFUSED)


def train_version(
    session: Session, reading: "Reading", *, experiment: Path | None
) -> "TrainedVersion":
    """Train on what was read and record the version.

    Raises:
        DataRefusedError: when too many rows were set aside.
        NotEnoughDataError: when the data do not carry a single fit.
    """
    from training.run import train as run_train  # noqa: PLC0415  keeps --help quick

    reading.report.refuse_if_over_limit()
    return run_train(
        reading.book,
        experiment_at(experiment),
        session.calendar,
        home=session.home,
        trained_at=session.now(),
        progress=session.say,
    )


def judge_version(session: Session, version: int | None = None) -> "tuple[int, Verdict]":
    """Run the gate on a version, or the challenger, and write verdict.json beside its report.

    Raises:
        LookupError: when there is no such version, or its backtest is gone.
    """
    from models.registry import Registry  # noqa: PLC0415  keeps --help quick
    from training.compare import evidence_in, gate  # noqa: PLC0415

    registry = Registry(session.home)
    number = version if version is not None else registry.challenger()
    if number is None:
        raise LookupError("expected a challenger, found none: run `bucketlist train` first")
    folder = _backtest_of(session, number)
    champion = registry.champion()
    old = None if champion in (None, number) else _backtest_of(session, champion or 0)
    verdict = gate(evidence_in(folder), None if old is None else evidence_in(old))
    text = json.dumps({"version": number, "champion": champion, **verdict.to_mapping()}, indent=2)
    (folder / "verdict.json").write_text(text + "\n", encoding="utf-8")
    return number, verdict


def _backtest_of(session: Session, version: int) -> Path:
    from training.run import report_folder  # noqa: PLC0415  keeps --help quick

    folder = report_folder(session.home, version)
    if not folder.is_dir():
        raise LookupError(f"expected the backtest of version {version} in {folder}, found none")
    return folder
