"""Merge: files of rows in order become one frame in order, no more than a stretch in memory."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

STRETCH = 100_000
"""Rows that are brought in order at once, about."""

ROW_GROUP = 16_384
"""Rows of a row group: a stretch passes over those that it has no row in."""


def merged(
    files: Sequence[Path], key: Sequence[str], *, folder: Path, stretch: int = STRETCH
) -> pl.LazyFrame:
    """The rows of all files by their key; to sort them whole would hold them twice.

    Args:
        files: Parquet files of the same columns.
        key: columns without nulls; rows that agree in the first come from one stretch, so no
            value of it should have nearly all rows.
        folder: new or empty; it has to stay for as long as the frame is read.
        stretch: rows at once, at least one.

    Returns:
        A scan of the stretches, in order; rows with equal keys in any order.
    """
    rows = pl.scan_parquet(list(files))
    leading = key[0]
    ordered = rows.select(pl.col(leading).sort()).collect(engine="streaming").to_series()
    begins = ordered.gather_every(stretch).unique(maintain_order=True).to_list()
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, first in enumerate(begins or [None]):
        kept = rows
        if number > 0:
            kept = kept.filter(pl.col(leading) >= first)
        if number + 1 < len(begins):
            kept = kept.filter(pl.col(leading) < begins[number + 1])
        written.append(folder / f"{number:04d}.parquet")
        kept.sort(*key).sink_parquet(written[-1], row_group_size=ROW_GROUP)
    return pl.scan_parquet(written)
