"""`backtest`, `train`, `compare`: from a CRM to a judged model version."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.options import (
    Crm,
    Engine,
    Recipe,
    Scheduler,
    Workers,
    experiment_at,
    place_of,
    reading_of,
)
from bucketlist.session import Session

if TYPE_CHECKING:
    from bucketlist.cluster import Place
    from features.crm.source import Reading
    from training.compare import Verdict
    from training.heads import Grower
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
    ablations: Annotated[
        bool,
        typer.Option(
            help="Also win curves without the stage, without what reps type, and taught by closed "
            "deals alone, to show what each is worth."
        ),
    ] = False,
) -> None:
    """Walk forward in time and write scores.parquet, metrics.json and report.html."""
    from training.run import backtest as run_backtest  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    recipe = experiment_at(experiment)
    if only is not None:
        recipe = replace(recipe, heads=(only.value,))
    if ablations:
        recipe = replace(recipe, ablations=True)
    reading = reading_of(session, crm)
    result = run_backtest(reading.book, recipe, session.calendar, out=out, progress=session.say)
    parts = {
        part: {"winner": found.judgement.winner, "served": found.judgement.served}
        for part, found in result.contests.items()
    }
    session.result({"out": str(out), "parts": parts, "missing": dict(result.missing)})


def train(
    context: typer.Context,
    crm: Crm,
    *,
    experiment: Recipe = None,
    engine: Annotated[
        Engine, typer.Option(help="polars: trees grow in this process; or dask: on workers.")
    ] = Engine.POLARS,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Backtest, fit on everything, and record a version with the alias challenger.

    With --engine dask, the trees of the version grow on workers, from files under --home that all
    of them see; the backtest stays in this process. The trees are about as good and not the same.
    Workers talk to one another at ports without a password, and start anew when a fit has failed:
    give training a network and a scheduler of its own.
    """
    session: Session = context.obj
    place = place_of(engine, workers, scheduler)
    reading = reading_of(session, crm)
    trained = train_version(session, reading, experiment=experiment, place=place)
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
    session: Session,
    reading: "Reading",
    *,
    experiment: Path | None,
    place: "Place | None" = None,
) -> "TrainedVersion":
    """Train on what was read and record the version; its trees grow at `place`, or here.

    Raises:
        DataRefusedError: when too many rows were set aside.
        NotEnoughDataError: when the data do not carry a single fit.
    """
    from training.run import train as run_train  # noqa: PLC0415  keeps --help quick

    reading.report.refuse_if_over_limit()
    with _grower(session, place) as grow:
        return run_train(
            reading.book,
            experiment_at(experiment),
            session.calendar,
            home=session.home,
            trained_at=session.now(),
            progress=session.say,
            grow=grow,
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


@contextmanager
def _grower(session: Session, place: "Place | None") -> "Iterator[Grower]":
    """Who grows the trees: workers, whose files lie beside the reports, or this process."""
    from models.booster import fit_boosters  # noqa: PLC0415  keeps --help quick

    if place is None:
        yield fit_boosters
        return
    from bucketlist.grove import planted  # noqa: PLC0415
    from training.run import REPORTS  # noqa: PLC0415

    with planted(place, session.home / REPORTS, session.say) as grove:
        yield grove


def _backtest_of(session: Session, version: int) -> Path:
    from training.run import report_folder  # noqa: PLC0415  keeps --help quick

    folder = report_folder(session.home, version)
    if not folder.is_dir():
        raise LookupError(f"expected the backtest of version {version} in {folder}, found none")
    return folder
