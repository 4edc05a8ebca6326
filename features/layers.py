"""Layers: accounts described for the nights to come, one upon the other on disk.

A layer describes some accounts as far as that depends on their own rows alone: the columns of most
feature groups, and what the groups that look at the context read before they do. Of an account the
newest layer that describes it counts.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from features.account.firmographics import firmographics
from features.account.outcomes import outcomes
from features.account.pipeline import pipeline
from features.account.pursuit import pursuit
from features.batch import Batch, batches
from features.book import Book, make_book
from features.build import ACCOUNT_GROUPS, Group, joined
from features.calendar import Calendar
from features.context import Context, build_context
from features.schema import AS_OF, ENTITY_ID, TIME
from features.view import KEYS, SPINE_ROW, View

BESIDE_CONTEXT: tuple[Group, ...] = (firmographics, pursuit, outcomes, pipeline)
"""The account groups that look at the context; the others never do."""

PLACE = "place"

_AT_ONCE = 2
_ROWS = "rows.parquet"
_OF_SPINE = (ENTITY_ID, AS_OF)


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Rows of a spine without what depends on the whole book.

    Attributes:
        rows: entity_id, as_of and the columns of the groups that go without the context.
        kept: name → what the other groups had read: `place` (of the row), their columns.
    """

    rows: pl.DataFrame
    kept: Mapping[str, pl.DataFrame]

    def at(self, night: datetime) -> "Described":
        """The rows of one night, in their order."""
        is_tonight = self.rows.select(pl.col(AS_OF) == pl.lit(night, TIME)).to_series()
        return self.only(is_tonight.arg_true().to_numpy().astype(np.int64))

    def only(self, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> "Described":
        """The rows at these places, in that order."""
        now = np.full(self.rows.height, -1, np.int64)
        now[places] = np.arange(len(places))
        kept = {}
        for name, frame in self.kept.items():
            place = pl.Series(PLACE, now[frame[PLACE].to_numpy()])
            kept[name] = frame.with_columns(place).filter(place >= 0)
        return Described(self.rows[places], kept)

    def write(self, folder: Path, nights: Sequence[datetime]) -> None:
        """A folder for each night; Parquet."""
        for night in nights:
            told, place = self.at(night), folder / _stem(night)
            place.mkdir(parents=True)
            told.rows.drop(AS_OF).write_parquet(place / _ROWS, compression="lz4")
            for name, frame in told.kept.items():
                frame.write_parquet(place / f"kept {name}.parquet", compression="lz4")

    @classmethod
    def read(cls, folder: Path, night: datetime) -> "Described":
        """What `write` put there of one night."""
        place = folder / _stem(night)
        rows = pl.read_parquet(place / _ROWS)
        rows = rows.insert_column(1, pl.Series(AS_OF, [night], TIME).new_from_index(0, rows.height))
        kept = {
            file.stem.removeprefix("kept "): pl.read_parquet(file)
            for file in sorted(place.glob("kept *.parquet"))
        }
        return cls(rows, kept)


def together(parts: Sequence[Described]) -> Described:
    """Layers as one; no account is of two of them.

    Returns:
        Rows by id and as_of.
    """
    heights = [part.rows.height for part in parts]
    firsts = np.cumsum([0, *heights])[:-1]
    rows = pl.concat([part.rows for part in parts])
    kept = {
        name: pl.concat(
            [
                part.kept[name].with_columns(pl.col(PLACE) + int(first))
                for part, first in zip(parts, firsts, strict=True)
            ],
            how="vertical_relaxed",
        )
        for name in parts[0].kept
    }
    order = rows.select(pl.arg_sort_by(ENTITY_ID, AS_OF)).to_series()
    return Described(rows, kept).only(order.to_numpy().astype(np.int64))


def describe(book: Book, spine: pl.DataFrame, calendar: Calendar) -> Described:
    """Describe accounts as far as their own rows go.

    Args:
        book: with all the rows of the accounts, and what the whole book says of itself.
        spine: entity_id, as_of, each row once.
        calendar: the organisation's.

    Raises:
        RuntimeError: where a group that looks at the context had nothing kept.
    """
    nothing = build_context(make_book({}, observed_until=datetime.now(UTC)), [], calendar)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        cut = batches(book, spine.select(_OF_SPINE), calendar)
        parts = list(pool.map(lambda batch: _of_batch(batch, nothing), cut))
    return together(parts)


def with_context(told: Described, book: Book, context: Context, calendar: Calendar) -> pl.DataFrame:
    """The columns of all the groups, once the context of the night is there.

    Args:
        told: in the order of its rows.
        book: without rows; it says what the source had.
        context: for the as_ofs of the rows.
        calendar: the organisation's.

    Returns:
        entity_id, as_of and the columns, in the order of the rows.
    """
    spine = told.rows.select(_OF_SPINE).with_row_index(SPINE_ROW)

    def stored(name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        found = told.kept[name]
        place = found[PLACE]
        cells = {cell: spine[cell].gather(place) for cell in spine.columns}
        there = found.with_columns(**cells)
        schema = rows.collect_schema()
        return there.lazy().select(pl.col(cell).cast(dtype) for cell, dtype in schema.items())

    view = View(book, spine.lazy(), context, calendar, keeper=stored)
    beside = joined(view, BESIDE_CONTEXT).drop(KEYS)
    return pl.concat([told.rows, beside], how="horizontal")


def _of_batch(batch: Batch, nothing: Context) -> Described:
    view, found = _recorded(batch.view(batch.rows, nothing))
    alone = [group for group in ACCOUNT_GROUPS if group not in BESIDE_CONTEXT]
    columns = joined(view, alone).drop(KEYS)
    for group in BESIDE_CONTEXT:
        before = len(found)
        group(view)
        if len(found) == before:
            raise RuntimeError(f"expected group {group.__name__} to have something kept, got none")
    spine = batch.rows.select(_OF_SPINE)
    return Described(batch.named(pl.concat([spine, columns], how="horizontal")), found)


def _recorded(view: View) -> tuple[View, dict[str, pl.DataFrame]]:
    """The view, and where what its groups keep is found: cells of the spine are left out."""
    found: dict[str, pl.DataFrame] = {}

    def keep(name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        there = rows.collect(engine="streaming")
        found[name] = (
            there.drop(*_OF_SPINE, strict=False)
            .with_columns(
                pl.col(SPINE_ROW).cast(pl.Int64).alias(PLACE),
                pl.col(pl.Categorical).cast(pl.String),
            )
            .drop(SPINE_ROW)
        )
        return there.lazy()

    keeper: Callable[[str, pl.LazyFrame], pl.LazyFrame] = keep
    return replace(view, keeper=keeper), found


def _stem(night: datetime) -> str:
    return night.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
