"""Peers: what similar accounts and deals show, beside which a value is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

ENOUGH = 30
SEGMENT = "segment"


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """Medians of every feature by segment, and of the whole book.

    Attributes:
        norms: segment (null = the whole book), peers (count), then one median per feature; sorted
            by segment. Segments of fewer than `ENOUGH` are not there.
    """

    norms: pl.DataFrame

    def beside(self, segments: pl.Series) -> pl.DataFrame:
        """The norm for each row's segment, else the whole book's; rows as in `segments`."""
        listed = self.norms.filter(pl.col(SEGMENT).is_not_null())[SEGMENT]
        known = segments.alias(SEGMENT).to_frame()
        asked = known.select(
            pl.when(pl.col(SEGMENT).is_in(listed.implode())).then(pl.col(SEGMENT)).alias(SEGMENT)
        )
        found = asked.join(
            self.norms, on=SEGMENT, how="left", nulls_equal=True, maintain_order="left"
        )
        return found.drop(SEGMENT, "peers")

    def write(self, path: Path) -> None:
        """One Parquet file."""
        self.norms.write_parquet(path)


def peers_of(features: pl.DataFrame, segments: pl.Series, *, names: Sequence[str]) -> Peers:
    """Take the medians of one moment's feature rows.

    Args:
        features: one row per account or deal.
        segments: of each row; null counts for the whole book only.
        names: the feature columns.
    """
    rows = features.select(names).with_columns(segments.alias(SEGMENT))
    medians = [pl.col(name).median() for name in names]
    book = rows.select(pl.lit(None, pl.String).alias(SEGMENT), pl.len().alias("peers"), *medians)
    by_segment = (
        rows.filter(pl.col(SEGMENT).is_not_null())
        .group_by(SEGMENT)
        .agg(pl.len().alias("peers"), *medians)
        .filter(pl.col("peers") >= ENOUGH)
    )
    return Peers(pl.concat([book, by_segment.select(book.columns)]).sort(SEGMENT))
