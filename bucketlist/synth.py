"""`synth`: write a synthetic CRM as contract tables."""

import secrets
import shutil
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bucketlist.session import Session

if TYPE_CHECKING:
    import polars as pl

    from features.crm.synthetic import WorldParams

STAMP = "%Y-%m-%dT%H:%M:%S%.6fZ"


class Format(StrEnum):
    """What the tables are written as."""

    PARQUET = "parquet"
    CSV = "csv"


def synth(
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write; must be empty or absent.")],
    accounts: Annotated[int, typer.Option(min=1, help="Number of accounts.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same CRM.")] = 7,
    until: Annotated[
        str, typer.Option(help="Last day of the data, YYYY-MM-DD [default: today]")
    ] = "",
    format: Annotated[Format, typer.Option(help="File format.")] = Format.PARQUET,  # noqa: A002  the option's name
) -> None:
    """Write the contract tables of a CRM that does not exist but looks like one."""
    from features.crm.synthetic import WorldParams  # noqa: PLC0415  keeps --help quick

    session: Session = context.obj
    last = _day(until) if until else session.calendar.day_of(session.now())
    session.say(f"making {accounts} accounts from seed {seed}, data until {last}")
    params = WorldParams(
        accounts=accounts,
        seed=seed,
        until=last,
        fiscal_year_start_month=session.calendar.fiscal_year_start_month,
    )
    rows = write_world(params, out, file_format=format)
    session.say(f"{sum(rows.values()):,} rows in {len(rows)} tables in {out}")
    session.result({"out": str(out), "format": str(format), "rows": rows})


def write_world(
    params: "WorldParams", out: Path, *, file_format: Format = Format.PARQUET
) -> dict[str, int]:
    """Make a world and write one file per table; the folder appears whole or not at all.

    Returns:
        Rows by table.

    Raises:
        FileExistsError: when the folder holds something already, or is a file.
    """
    from features.crm.synthetic import make_world  # noqa: PLC0415  keeps --help quick

    _refuse_filled(out)
    tables = make_world(params)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}-{secrets.token_hex(6)}")
    unfinished.mkdir()
    try:
        _write(tables, unfinished, file_format)
        unfinished.replace(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return {name: frame.height for name, frame in tables.items()}


def _refuse_filled(out: Path) -> None:
    if out.is_dir():
        first = next(out.iterdir(), None)
        if first is not None:
            raise FileExistsError(
                f"--out {out}: expected an empty folder, found {first.name} in it"
            )
    elif out.exists():
        raise FileExistsError(f"--out {out}: expected an empty folder, found a file")


def _write(tables: Mapping[str, "pl.DataFrame"], folder: Path, file_format: Format) -> None:
    for name, frame in tables.items():
        path = folder / f"{name}.{file_format}"
        if file_format is Format.CSV:
            frame.write_csv(path, datetime_format=STAMP, date_format="%Y-%m-%d")
        else:
            frame.write_parquet(path)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"expected a date YYYY-MM-DD, got {text!r}", param_hint="--until"
        ) from error
