"""Peers: what similar accounts and deals show, beside which a value is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

ENOUGH = 30
"""Peers whose value is known, below which a larger group is asked."""
SEGMENT = "segment"
SIZE = "size"
STAGE = "stage"
KEYS = (SEGMENT, SIZE, STAGE)
LEVELS: tuple[tuple[str, ...], ...] = (KEYS, (SEGMENT, SIZE), (SEGMENT,), ())
"""Who are peers, the closest first; the last are the whole book."""
_POWERS = range(13)


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """Medians of every feature by segment, size and stage, and of larger groups.

    Attributes:
        norms: segment, size (power of ten of the money, Int32) and stage, each null where the
            group is not about it, all three for the whole book; peers (count), then one median
            per feature, null where fewer than `ENOUGH` of them have a value; sorted by the first
            three. Groups of fewer than `ENOUGH` are not there, but for the book.
    """

    norms: pl.DataFrame

    def beside(
        self,
        segments: pl.Series,
        *,
        sizes: pl.Series | None = None,
        stages: pl.Series | None = None,
    ) -> pl.DataFrame:
        """The norm of the closest peers that have one, feature by feature; rows as given."""
        asked = _grouped(segments, sizes, stages)
        names = self.norms.columns[len(KEYS) + 1 :]
        found = [self._at(level, asked, names) for level in LEVELS]
        return pl.DataFrame({name: _first_known([f[name] for f in found]) for name in names})

    def write(self, path: Path) -> None:
        """One Parquet file."""
        self.norms.write_parquet(path)

    def _at(self, level: tuple[str, ...], asked: pl.DataFrame, names: list[str]) -> pl.DataFrame:
        """The norms of one level, null where the row has no such group."""
        is_here = [
            pl.col(key).is_not_null() if key in level else pl.col(key).is_null() for key in KEYS
        ]
        norms = self.norms.filter(is_here)
        if level:
            joined = asked.join(norms, on=list(level), how="left", maintain_order="left")
        else:
            joined = asked.join(norms.select(names), how="cross", maintain_order="left")
        return joined.select(names)


def peers_of(
    features: pl.DataFrame,
    segments: pl.Series,
    *,
    names: Sequence[str],
    sizes: pl.Series | None = None,
    stages: pl.Series | None = None,
) -> Peers:
    """Take the medians of one moment's feature rows.

    Source: design, method §7: segment, size and stage, 30 or more, else a larger group.

    Args:
        features: one row per account or deal.
        segments: of each row; null counts for the whole book only.
        names: the feature columns.
        sizes: money of each row: what an account brought, what a deal is worth. Rows of one
            power of ten are of one size; not known or not above 0 is none.
        stages: of each row; accounts have none.
    """
    rows = features.select(names).hstack(_grouped(segments, sizes, stages))
    medians = [
        pl.when(pl.col(name).count() >= ENOUGH).then(pl.col(name).median()).alias(name)
        for name in names
    ]
    columns = [*KEYS, "peers", *names]
    levels = []
    for level in LEVELS:
        known = rows.filter(pl.col(key).is_not_null() for key in level) if level else rows
        counted = known.group_by(level) if level else known.group_by(pl.lit(value=True))
        found = counted.agg(pl.len().alias("peers"), *medians)
        absent = [pl.lit(None, rows.schema[key]).alias(key) for key in KEYS if key not in level]
        norms = found.with_columns(absent).select(columns)
        levels.append(norms.filter(pl.col("peers") >= ENOUGH) if level else norms)
    return Peers(pl.concat(levels).sort(KEYS))


def _grouped(
    segments: pl.Series, sizes: pl.Series | None, stages: pl.Series | None
) -> pl.DataFrame:
    """segment, size, stage of each row."""
    money = pl.Series([None] * segments.len(), dtype=pl.Float64) if sizes is None else sizes
    place = pl.Series([None] * segments.len(), dtype=pl.String) if stages is None else stages
    told = pl.DataFrame({SEGMENT: segments, "money": money, STAGE: place})
    # compared, not computed: the logarithm of 1,000 is a hair below 3 on some machines
    power = pl.sum_horizontal((pl.col("money") >= 10**power).cast(pl.Int32) for power in _POWERS)
    return told.select(
        pl.col(SEGMENT).cast(pl.String),
        pl.when(pl.col("money") > 0).then(power).cast(pl.Int32).alias(SIZE),
        pl.col(STAGE).cast(pl.String),
    )


def _first_known(found: Sequence[pl.Series]) -> pl.Series:
    told = pl.DataFrame({str(place): values for place, values in enumerate(found)})
    return told.select(pl.coalesce(pl.all())).to_series()
