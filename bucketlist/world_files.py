"""World files: a synthetic world as one file per table, in memory that does not grow with it."""

import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from features.crm.synthetic import WorldParams

STAMP = "%Y-%m-%dT%H:%M:%S%.6fZ"
_PARTS = ".parts"


class Format(StrEnum):
    """What the tables are written as."""

    PARQUET = "parquet"
    CSV = "csv"


def write_world(
    params: "WorldParams",
    out: Path,
    *,
    file_format: Format = Format.PARQUET,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Make a world and write one file per table; the folder appears whole or not at all.

    Returns:
        Rows by table.

    Raises:
        FileExistsError: when the folder holds something already, or is a file.
    """
    _refuse_filled(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}-{secrets.token_hex(6)}")
    unfinished.mkdir()
    try:
        rows = _write_parts(_announced(params, progress), unfinished / _PARTS)
        for name in rows:
            _join(unfinished / _PARTS / name, unfinished / f"{name}.{file_format}", file_format)
        shutil.rmtree(unfinished / _PARTS)
        unfinished.replace(out)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return rows


def _announced(
    params: "WorldParams", progress: Callable[[str], None]
) -> Iterable[Mapping[str, "pl.DataFrame"]]:
    """The world's blocks, each with a line of progress when there are several."""
    from features.crm.synthetic import world_blocks  # noqa: PLC0415  keeps --help quick
    from features.crm.synthetic.blocks import sized  # noqa: PLC0415

    sizes, made = sized(params.accounts, params.block), 0
    for size, block in zip(sizes, world_blocks(params), strict=True):
        made += size
        if len(sizes) > 1:
            progress(f"{made:,} of {params.accounts:,} accounts made")
        yield block


def _write_parts(blocks: Iterable[Mapping[str, "pl.DataFrame"]], folder: Path) -> dict[str, int]:
    """One Parquet file per block and table; rows by table."""
    rows: dict[str, int] = {}
    for number, tables in enumerate(blocks):
        for name, frame in tables.items():
            rows[name] = rows.get(name, 0) + frame.height
            (folder / name).mkdir(parents=True, exist_ok=True)
            frame.write_parquet(folder / name / f"{number:05}.parquet")
    return rows


def _join(parts: Path, target: Path, file_format: Format) -> None:
    """Put a table's parts together, a few rows in memory at a time."""
    import polars as pl  # noqa: PLC0415  keeps --help quick

    files = sorted(parts.iterdir())
    if len(files) == 1 and file_format is Format.PARQUET:
        files[0].replace(target)
        return
    whole = pl.scan_parquet(files)
    if file_format is Format.CSV:
        whole.sink_csv(target, datetime_format=STAMP, date_format="%Y-%m-%d")
    else:
        whole.sink_parquet(target, row_group_size=250_000)


def _refuse_filled(out: Path) -> None:
    if out.is_dir():
        first = next(out.iterdir(), None)
        if first is not None:
            raise FileExistsError(
                f"--out {out}: expected an empty folder, found {first.name} in it"
            )
    elif out.exists():
        raise FileExistsError(f"--out {out}: expected an empty folder, found a file")
