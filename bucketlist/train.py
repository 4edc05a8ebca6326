"""`features`, `labels`, `backtest`, `train`, `compare`: from a CRM to a judged model version."""

import json
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.options import day_of, experiment_at, reading_of
from bucketlist.session import Session

if TYPE_CHECKING:
    import polars as pl

    from bucketlist.cluster import Place
    from features.book import Book
    from features.crm.source import Reading
    from features.parts import Question
    from training.compare import Verdict
    from training.config import Experiment
    from training.run import TrainedVersion

REFUSED = 4
"""Exit code of a gate that does not say yes."""

Crm = Annotated[str, typer.Option(help="Where the CRM is: files:DIR or synthetic:….")]
Recipe = Annotated[
    Path | None, typer.Option(help="Experiment file (TOML) [default: the one that ships]")
]
Days = Annotated[list[str], typer.Option(help="Moment of knowledge, YYYY-MM-DD; repeatable.")]
Out = Annotated[Path, typer.Option(help="Parquet file to write.")]


class Entity(StrEnum):
    """What is described."""

    ACCOUNT = "account"
    DEAL = "deal"


class Engine(StrEnum):
    """Where features are described."""

    POLARS = "polars"
    DASK = "dask"


class Only(StrEnum):
    """One part alone."""

    BUCKET = "bucket"
    SLIP = "slip"


def features(  # noqa: PLR0913  one parameter per option
    context: typer.Context,
    crm: Crm,
    entity: Annotated[Entity, typer.Option(help="account or deal")],
    as_of: Days,
    *,
    out: Out,
    experiment: Recipe = None,
    engine: Annotated[
        Engine, typer.Option(help="polars, in this process; or dask, in parts on workers.")
    ] = Engine.POLARS,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Dask: processes on this machine; one a core unless given."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Dask: address of a scheduler that you trust and that has workers."),
    ] = None,
) -> None:
    """Write the feature frame: keys, as_of, then the catalogue's columns in order.

    With --engine dask, workers describe parts of the book; the numbers are the same. The parts
    lie beside --out meanwhile. The workers of a scheduler need the same Bucketlist and Polars, and
    --out on storage that they all share.

    Examples:
        bucketlist features --crm files:crm --entity account --as-of 2026-11-01 --out a.parquet

        … --out a.parquet --engine dask --workers 4

        … --out /shared/a.parquet --engine dask --scheduler tcp://10.0.0.5:8786
    """
    from features.context import build_context  # noqa: PLC0415  keeps --help quick
    from features.parts import Question  # noqa: PLC0415
    from features.snapshot import account_spine, deal_spine  # noqa: PLC0415

    session: Session = context.obj
    place = _place(engine, workers, scheduler)
    calendar = session.calendar
    moments = [calendar.midnight(day_of(text, option="--as-of")) for text in as_of]
    book, recipe = reading_of(session, crm).book, experiment_at(experiment)
    context_frames = build_context(book, moments, calendar)
    if entity is Entity.ACCOUNT:
        question = Question("account", account_spine(book, moments), context_frames, calendar)
    else:
        spine, promised = deal_spine(book, moments), recipe.commitment
        question = Question("deal", spine, context_frames, calendar, promised)
    _write(session, _described(session, book, question, place=place, out=out), out)


def labels(
    context: typer.Context,
    crm: Crm,
    entity: Annotated[Entity, typer.Option(help="account or deal")],
    as_of: Days,
    *,
    out: Out,
    experiment: Recipe = None,
) -> None:
    """Write the label frame with every component and its evidence."""
    session: Session = context.obj
    moments = [session.calendar.midnight(day_of(text, option="--as-of")) for text in as_of]
    reading, recipe = reading_of(session, crm), experiment_at(experiment)
    _write(session, _labels(session, reading, recipe, entity=entity, moments=moments), out)


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


def _place(engine: Engine, workers: int | None, scheduler: str | None) -> "Place | None":
    """Where Dask's workers are; None without Dask."""
    if engine is Engine.POLARS:
        if workers is not None or scheduler is not None:
            raise typer.BadParameter("--workers and --scheduler are for --engine dask")
        return None
    from bucketlist.cluster import Place  # noqa: PLC0415  keeps --help quick

    try:
        return Place(workers, scheduler)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--workers") from error


def _described(
    session: Session, book: "Book", question: "Question", *, place: "Place | None", out: Path
) -> "pl.DataFrame":
    if place is None:
        from features.parts import described  # noqa: PLC0415  keeps --help quick

        return described(book, question)
    from bucketlist.cluster import describe_on_cluster  # noqa: PLC0415

    return describe_on_cluster(book, question, place, beside=out, say=session.say)


def _backtest_of(session: Session, version: int) -> Path:
    from training.run import report_folder  # noqa: PLC0415  keeps --help quick

    folder = report_folder(session.home, version)
    if not folder.is_dir():
        raise LookupError(f"expected the backtest of version {version} in {folder}, found none")
    return folder


def _labels(
    session: Session,
    reading: "Reading",
    recipe: "Experiment",
    *,
    entity: Entity,
    moments: list[datetime],
) -> "pl.DataFrame":
    """Labels as a training would make them: the same horizon, the same frozen growth floor."""
    from features.snapshot import account_spine, deal_spine  # noqa: PLC0415  keeps --help quick
    from models.policy import load_policy  # noqa: PLC0415
    from training.contest import with_floor  # noqa: PLC0415
    from training.labels import bucket_labels, slip_labels  # noqa: PLC0415
    from training.span import plan_of  # noqa: PLC0415

    book, calendar = reading.book, session.calendar
    if entity is Entity.DEAL:
        spine = deal_spine(book, moments)
        return slip_labels(book, spine, calendar=calendar, commitment=recipe.commitment)
    plan = plan_of("bucket", book, recipe, calendar)
    session.say(f"horizon {plan.horizon.weeks} weeks")
    policy = with_floor(load_policy(recipe.policy), book, plan, calendar)
    return bucket_labels(
        book,
        account_spine(book, moments),
        horizon=plan.horizon.length,
        policy=policy.label,
        calendar=calendar,
    )


def _write(session: Session, frame: "pl.DataFrame", out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    frame.write_parquet(unfinished)
    unfinished.replace(out)
    session.say(f"{frame.height} rows, {frame.width} columns in {out}")
    session.result({"out": str(out), "rows": frame.height, "columns": frame.columns})
