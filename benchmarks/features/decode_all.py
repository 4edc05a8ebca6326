"""The limit of the whole catalogue: read the columns that its features need, and nothing else."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from benchmarks.features.catalogue_engine import FOUND
from benchmarks.features.decode import decoded
from features.coded import columns_read


def run(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """Decode every needed column that is there once."""
    del as_ofs  # one reading serves any number of moments
    there = {table: pl.read_parquet_schema(folder / f"{table}.parquet") for table in FOUND}
    return decoded(
        folder,
        {table: [name for name in columns_read(table) if name in there[table]] for table in FOUND},
    )
