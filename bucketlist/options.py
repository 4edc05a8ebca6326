"""Options: what the words of common options mean, and how a wrong one is refused."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.session import Session

if TYPE_CHECKING:
    from bucketlist.cluster import Place
    from features.crm.source import Reading
    from training.config import Experiment

Crm = Annotated[str, typer.Option(help="Where the CRM is: files:DIR or synthetic:….")]
Recipe = Annotated[
    Path | None, typer.Option(help="Experiment file (TOML) [default: the one that ships]")
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Dask: processes on this machine; one a core unless given."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Dask: address of a scheduler that you trust and that has workers."),
]


class Engine(StrEnum):
    """Where the work is done: in this process, or on Dask workers."""

    POLARS = "polars"
    DASK = "dask"


def place_of(engine: Engine, workers: int | None, scheduler: str | None) -> "Place | None":
    """Where Dask's workers are; None without Dask.

    Raises:
        typer.BadParameter: for options that do not go together.
    """
    if engine is Engine.POLARS:
        if workers is not None or scheduler is not None:
            raise typer.BadParameter("--workers and --scheduler are for --engine dask")
        return None
    from bucketlist.cluster import Place  # noqa: PLC0415  keeps --help quick

    try:
        return Place(workers, scheduler)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--workers") from error


def day_of(text: str, *, option: str) -> date:
    """The day that an option names, YYYY-MM-DD.

    Raises:
        typer.BadParameter: for anything else.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"expected a date YYYY-MM-DD, got {text!r}", param_hint=option
        ) from error


def experiment_at(path: Path | None) -> "Experiment":
    """The recipe of `--experiment`; the one that ships when there is none.

    Raises:
        typer.BadParameter: for a file that is not there or holds nonsense.
    """
    from training.config import load_experiment  # noqa: PLC0415  keeps --help quick

    try:
        return load_experiment(path)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--experiment") from error


def reading_of(session: Session, crm: str) -> "Reading":
    """The CRM of `--crm`, read whole and refused when too many rows had to be set aside.

    Raises:
        typer.BadParameter: for an address that names no source.
        DataRefusedError: when a table lost more rows than it may.
    """
    from features.crm.source import SourceError  # noqa: PLC0415  keeps --help quick

    try:
        reading = session.read(crm)
    except SourceError as error:
        raise typer.BadParameter(str(error), param_hint="--crm") from error
    reading.report.refuse_if_over_limit()
    return reading
