"""Conversion: what became of the rows of a public data set on their way into contract tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.schema import TABLES


@dataclass(frozen=True, slots=True)
class Conversion:
    """The account of one data set.

    Attributes:
        dataset: folder name of the set.
        rows_in: rows of the raw files.
        dropped: reason → rows of the raw files that no table holds.
        tables: contract table → rows written.
    """

    dataset: str
    rows_in: int
    dropped: Mapping[str, int]
    tables: Mapping[str, int]


class RawDataError(ValueError):
    """A raw file that is not there or lacks a column."""


def read_raw(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    """Read a raw CSV (all text) or Parquet file and keep the named columns.

    Raises:
        RawDataError: when the file or one of the columns is missing.
    """
    if not path.is_file():
        raise RawDataError(f"expected the file {path.name} in {path.parent.name}, found none")
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    else:
        frame = pl.read_csv(path, infer_schema=False)
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise RawDataError(f"file {path.name}: expected columns {list(columns)}, missing {missing}")
    return frame.select(columns)


def write_tables(
    target: Path,
    tables: Mapping[str, pl.DataFrame],
    *,
    dataset: str,
    rows_in: int,
    dropped: Mapping[str, int],
) -> Conversion:
    """Write contract tables as Parquet, their columns cast to the contract's dtypes.

    Raises:
        pl.exceptions.PolarsError: for a value that its column cannot hold.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        schema = TABLES[name].schema
        typed = frame.select(pl.col(column).cast(schema[column]) for column in frame.columns)
        typed.write_parquet(target / f"{name}.parquet")
    counts = {name: frame.height for name, frame in tables.items()}
    return Conversion(dataset, rows_in, dict(dropped), counts)
