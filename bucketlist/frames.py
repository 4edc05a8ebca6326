"""`features`, `labels`: what the CRM knew of its accounts and deals, and what became of them."""

from datetime import datetime
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
    day_of,
    experiment_at,
    place_of,
    reading_of,
)
from bucketlist.session import Session

if TYPE_CHECKING:
    import polars as pl

    from bucketlist.cluster import Place
    from features.book import Book
    from features.crm.source import Reading
    from features.parts import Question
    from training.config import Experiment

Days = Annotated[list[str], typer.Option(help="Moment of knowledge, YYYY-MM-DD; repeatable.")]
Out = Annotated[Path, typer.Option(help="Parquet file to write.")]


class Entity(StrEnum):
    """What is described."""

    ACCOUNT = "account"
    DEAL = "deal"


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
    workers: Workers = None,
    scheduler: Scheduler = None,
    nightly: Annotated[
        Path | None,
        typer.Option(help="Folder kept from night to night: only changed accounts are told anew."),
    ] = None,
) -> None:
    """Write the feature frame: keys, as_of, then the catalogue's columns in order.

    With --nightly, accounts are described for a week of nights ahead; on the nights that follow,
    only those whose rows have changed are described again. The numbers are the same.

    With --engine dask, workers describe parts of the book; the numbers are the same. The parts
    lie beside --out meanwhile. The workers of a scheduler need the same Bucketlist and Polars, and
    --out on storage that they all share.

    Examples:
        bucketlist features --crm files:crm --entity account --as-of 2026-11-01 --out a.parquet

        … --out a.parquet --engine dask --workers 4

        … --out /shared/a.parquet --engine dask --scheduler tcp://10.0.0.5:8786

        … --out a.parquet --nightly nights/
    """
    from features.context import build_context  # noqa: PLC0415  keeps --help quick
    from features.parts import Question  # noqa: PLC0415
    from features.snapshot import account_spine, deal_spine  # noqa: PLC0415

    session: Session = context.obj
    place = place_of(engine, workers, scheduler)
    calendar = session.calendar
    moments = [calendar.midnight(day_of(text, option="--as-of")) for text in as_of]
    if nightly is not None:
        _refuse_with_nightly(entity, moments, place)
        _write(session, _of_the_night(session, crm, moments[0], folder=nightly), out)
        return
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


def _described(
    session: Session, book: "Book", question: "Question", *, place: "Place | None", out: Path
) -> "pl.DataFrame":
    if place is None:
        from features.parts import described  # noqa: PLC0415  keeps --help quick

        return described(book, question)
    from bucketlist.cluster import describe_on_cluster  # noqa: PLC0415

    return describe_on_cluster(book, question, place, beside=out, say=session.say)


def _refuse_with_nightly(entity: Entity, moments: list[datetime], place: "Place | None") -> None:
    found = {
        f"--entity {entity}": entity is not Entity.ACCOUNT,
        f"{len(moments)} × --as-of": len(moments) != 1,
        "--engine dask": place is not None,
    }
    odd = [words for words, is_odd in found.items() if is_odd]
    if odd:
        raise typer.BadParameter(
            f"expected accounts as of one night in this process, got {', '.join(odd)}",
            param_hint="--nightly",
        )


def _of_the_night(session: Session, crm: str, as_of: datetime, *, folder: Path) -> "pl.DataFrame":
    """The account features of a night, and a line on what had to be described."""
    from features.digest import WholeBook  # noqa: PLC0415  keeps --help quick
    from features.nights import Nights  # noqa: PLC0415

    book = reading_of(session, crm).book
    if as_of < book.observed_until:
        raise typer.BadParameter(
            f"expected a day that begins at or after {book.observed_until}, up to which the CRM "
            f"was read, got {as_of}",
            param_hint="--as-of",
        )
    night = Nights(folder, session.calendar).advance(WholeBook(book), as_of)
    if night.whole:
        session.say(f"{night.frame.height} accounts described for nights ahead: {night.whole}")
    else:
        session.say(
            f"{night.changed} accounts changed, {night.described} of {night.frame.height} "
            "described again"
        )
    return night.frame


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
    from training.bucket_contest import with_floor  # noqa: PLC0415
    from training.labels import bucket_labels, slip_labels  # noqa: PLC0415
    from training.labels.doubts import deal_doubts  # noqa: PLC0415
    from training.span import plan_of  # noqa: PLC0415

    book, calendar = reading.book, session.calendar
    if entity is Entity.DEAL:
        spine = deal_spine(book, moments)
        doubts = deal_doubts(
            book,
            spine,
            calendar=calendar,
            commitment=recipe.commitment,
            base_currency=session.settings.currency,
        )
        for line in doubts.told():
            session.say(line)
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
