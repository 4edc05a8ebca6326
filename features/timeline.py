"""Timeline: the rows of one table in the order of owner and moment, told of at many as-ofs.

Every question is a pair of places in that order. A count in a window is the difference of a
running count at two places; the rows of a window are the stretch between them; the newest row is
a running maximum. Rows that had happened before an as_of but were recorded at or after it are
found once, and taken out again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from threading import RLock

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.io.plugins import register_io_source

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

OWNER = "_owner"
MOMENT = "_moment"
KNOWN = "_known"

DAY_US = 86_400_000_000
_KEY_BITS = 64


@dataclass(frozen=True, eq=False)
class Questions:
    """Who is asked about, and when.

    Attributes:
        owner: code of the owner of each spine row.
        as_of: its moment; microseconds since 1970.
    """

    owner: Ints
    as_of: Ints


@dataclass(frozen=True, eq=False)
class Timeline:
    """The rows of one table by owner and moment.

    Attributes:
        rows: sorted by OWNER and MOMENT, none of them null; KNOWN (never before MOMENT) is when
            the CRM had the row; other columns as the table has them.
        owners: how many owners there are; codes are 0 to owners - 1.
    """

    rows: pl.DataFrame
    owners: int

    @cached_property
    def starts(self) -> Ints:
        """First place of each owner's rows, and the end; owners + 1 numbers."""
        codes = self.rows[OWNER].to_numpy()
        return np.searchsorted(codes, np.arange(self.owners + 1)).astype(np.int64)

    @cached_property
    def moments(self) -> Ints:
        """When each row happened; microseconds since 1970."""
        return _microseconds(self.rows[MOMENT])

    @cached_property
    def known(self) -> Ints:
        """When each row became known; microseconds since 1970."""
        return _microseconds(self.rows[KNOWN])

    def places(self, asked: Questions, *, days_before: int = 0) -> Ints:
        """For each question the first place of the owner whose row is not before the moment.

        Args:
            asked: owners and moments.
            days_before: moves every moment back by so many times 24 hours.
        """
        moment = asked.as_of - days_before * DAY_US
        if self._keys is not None:
            lowest, bits, keys = self._keys
            since = np.clip(moment - lowest, 0, (1 << bits) - 1)
            return np.searchsorted(keys, (asked.owner << bits) + since)
        low = self.starts[asked.owner]
        high = self.starts[asked.owner + 1]
        widest = int((high - low).max(initial=0))
        last = max(len(self.moments) - 1, 0)
        for _ in range(widest.bit_length()):
            middle = (low + high) >> 1
            is_before = (low < high) & (self.moments[np.minimum(middle, last)] < moment)
            low = np.where(is_before, middle + 1, low)
            high = np.where(is_before, high, middle)
        return low

    @cached_property
    def _keys(self) -> tuple[int, int, Ints] | None:
        """The lowest moment, bits for a moment, and owner and moment of each row as one number.

        The highest number of that many bits is later than any row. None where rows are too far
        apart for one number.
        """
        if not len(self.moments):
            return None
        lowest, highest = int(self.moments.min()), int(self.moments.max())
        bits = (highest - lowest + 1).bit_length()
        if bits + self.owners.bit_length() >= _KEY_BITS:
            return None
        owner = self.rows[OWNER].to_numpy().astype(np.int64)
        return lowest, bits, (owner << bits) + (self.moments - lowest)

    def stretch(
        self, asked: Questions, *, days: int | None = None, kept: Mask | None = None
    ) -> tuple[Ints, Ints]:
        """Every pair of a question and a row known before its as_of.

        Args:
            asked: owners and moments.
            days: only rows that happened at most so many days before.
            kept: which rows may be in a pair; all unless given.

        Returns:
            Places of the questions, rising, and places of the rows, in order within a question.
        """
        end = self.places(asked)
        begin = self.starts[asked.owner] if days is None else self.places(asked, days_before=days)
        rows = None if kept is None else np.flatnonzero(kept)
        if rows is not None:
            begin, end = np.searchsorted(rows, begin), np.searchsorted(rows, end)
        lengths = end - begin
        question = np.repeat(np.arange(len(end)), lengths)
        before = np.cumsum(lengths) - lengths
        place = np.arange(len(question)) + np.repeat(begin - before, lengths)
        row = place if rows is None else rows[place]
        if not self._has_late:
            return question, row
        is_known = self.known[row] < np.repeat(asked.as_of, lengths)
        return question[is_known], row[is_known]

    @cached_property
    def after_equals(self) -> Ints:
        """For each row the first place whose row is of a later moment or of another owner."""
        height = len(self.moments)
        owner = self.rows[OWNER].to_numpy()
        is_new = np.ones(height + 1, np.bool_)
        if height:
            is_new[1:-1] = (self.moments[1:] != self.moments[:-1]) | (owner[1:] != owner[:-1])
        edges = np.flatnonzero(is_new)
        return np.repeat(edges[1:], np.diff(edges))

    @cached_property
    def _has_late(self) -> bool:
        return bool((self.known > self.moments).any())

    def crossing(self, asked: Questions) -> tuple[Ints, Ints]:
        """Every pair of a question and a row that had happened before its as_of, unknown to it."""
        questions, rows = [], []
        late = np.flatnonzero(self.known > self.moments) if self._has_late else np.empty(0, int)
        owner = self.rows[OWNER].to_numpy()[late]
        order = np.argsort(asked.owner, kind="stable")
        first = np.searchsorted(asked.owner[order], np.arange(self.owners + 1))
        for number in range(int(np.diff(first).max(initial=0))):
            place = first[owner] + number
            there = place < first[owner + 1]
            question = order[place[there]]
            as_of = asked.as_of[question]
            is_hidden = (self.moments[late[there]] < as_of) & (self.known[late[there]] >= as_of)
            questions.append(question[is_hidden])
            rows.append(late[there][is_hidden])
        if not questions:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(questions), np.concatenate(rows)

    def without_hidden(self, asked: Questions, *, days: int) -> tuple["Timeline", Questions]:
        """The same rows and questions, so that every row before a question is known to it.

        A question with a row that it does not know becomes an owner of its own, who has the rows
        of so many days that it knows; such owners come after the others.
        """
        hidden = np.unique(self.crossing(asked)[0])
        few = Questions(asked.owner[hidden], asked.as_of[hidden])
        question, row = self.stretch(few, days=days)
        own = pl.Series(OWNER, question + self.owners)
        rows = pl.concat([self.rows, self.rows[row].with_columns(own)], rechunk=True)
        owner = asked.owner.copy()
        owner[hidden] = np.arange(len(hidden)) + self.owners
        seen = rows.with_columns(pl.col(MOMENT).alias(KNOWN))
        return Timeline(seen, self.owners + len(hidden)), Questions(owner, asked.as_of)


def stretched(
    timeline: Timeline,
    asked: Questions,
    spine: pl.DataFrame,
    *,
    days: int | None = None,
    kept: Mask | None = None,
) -> pl.LazyFrame:
    """The spine's columns beside those of every row known before as_of.

    Cells are fetched only for the columns that a plan asks for, and once.

    Args:
        timeline: rows whose columns do not share names with the spine's.
        asked: one question per row of the spine.
        spine: what is repeated beside the rows.
        days: as in `Timeline.stretch`.
        kept: as in `Timeline.stretch`.
    """
    cells: dict[str, pl.Series] = {}
    schema = {**spine.schema, **timeline.rows.schema}
    lock = RLock()  # a plan may ask from several threads

    @cache
    def pairs() -> tuple[pl.Series, pl.Series]:
        question, row = timeline.stretch(asked, days=days, kept=kept)
        return pl.Series(question.astype(np.uint32)), pl.Series(row.astype(np.uint32))

    def fetch(names: list[str]) -> pl.DataFrame:
        with lock:
            question, row = pairs()
            for name in names:
                if name not in cells:
                    is_of_spine = name in spine.columns
                    source, place = (spine, question) if is_of_spine else (timeline.rows, row)
                    cells[name] = source[name].gather(place)
            return pl.DataFrame([cells[name] for name in names], height=len(question))

    return on_demand(schema, fetch)


def on_demand(
    schema: Mapping[str, pl.DataType], fetch: Callable[[list[str]], pl.DataFrame]
) -> pl.LazyFrame:
    """A frame of which a plan fetches only the columns that it asks for.

    Args:
        schema: all the columns.
        fetch: gives all the rows of some of them, always in the same order.
    """

    def frames(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        del batch_size  # what is fetched is there as a whole
        frame = fetch(list(schema) if with_columns is None else with_columns)
        frame = frame if n_rows is None else frame.head(n_rows)
        yield frame if predicate is None else frame.filter(predicate)

    return register_io_source(frames, schema=schema, is_pure=True)


def _microseconds(times: pl.Series) -> Ints:
    return times.dt.timestamp("us").to_numpy()
