"""Timeline: the rows of one table in the order of owner and moment, told of at many as-ofs.

Every question is a pair of places in that order. A count in a window is the difference of a
running count at two places; the rows of a window are the stretch between them; the newest row is
a running maximum. Rows that had happened before an as_of but were recorded at or after it are
found once, and taken out again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from threading import RLock

import numpy as np
import numpy.typing as npt
import polars as pl
from polars.io.plugins import register_io_source

Ints = npt.NDArray[np.int64]

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
        low = self.starts[asked.owner]
        high = self.starts[asked.owner + 1]
        moment = asked.as_of - days_before * DAY_US
        widest = int((high - low).max(initial=0))
        last = max(len(self.moments) - 1, 0)
        for _ in range(widest.bit_length()):
            middle = (low + high) >> 1
            is_before = (low < high) & (self.moments[np.minimum(middle, last)] < moment)
            low = np.where(is_before, middle + 1, low)
            high = np.where(is_before, high, middle)
        return low

    def stretch(self, asked: Questions, *, days: int | None = None) -> tuple[Ints, Ints]:
        """Every pair of a question and a row known before its as_of.

        Args:
            asked: owners and moments.
            days: only rows that happened at most so many days before.

        Returns:
            Places of the questions, rising, and places of the rows, in order within a question.
        """
        end = self.places(asked)
        begin = self.starts[asked.owner] if days is None else self.places(asked, days_before=days)
        lengths = end - begin
        question = np.repeat(np.arange(len(end)), lengths)
        before = np.cumsum(lengths) - lengths
        row = np.arange(len(question)) + np.repeat(begin - before, lengths)
        if not self._has_late:
            return question, row
        is_known = self.known[row] < asked.as_of[question]
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
        late = np.flatnonzero(self.known > self.moments)
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


def in_order(owner: pl.Series, moment: pl.Series) -> pl.Series:
    """The places of rows by owner and moment; a null moment comes first, equal rows as given.

    One packed number to sort by is several times faster than two columns.
    """
    lowest = moment.min()
    if lowest is None:
        return owner.arg_sort()
    since = (moment - lowest).dt.total_microseconds() + 1
    later = since.fill_null(0).to_numpy().astype(np.uint64)
    codes = owner.to_numpy().astype(np.uint64)
    bits = int(later.max()).bit_length()
    if int(codes.max()).bit_length() + bits > _KEY_BITS:
        rows = pl.DataFrame({"owner": owner, "later": later})
        return rows.select(pl.arg_sort_by("owner", "later", maintain_order=True)).to_series()
    key = codes << np.uint64(bits) | later
    return pl.Series(np.argsort(key, kind="stable"))


def stretched(
    timeline: Timeline, asked: Questions, spine: pl.DataFrame, *, days: int | None = None
) -> pl.LazyFrame:
    """The spine's columns beside those of every row known before as_of.

    Cells are fetched only for the columns that a plan asks for, and once.

    Args:
        timeline: rows whose columns do not share names with the spine's.
        asked: one question per row of the spine.
        spine: what is repeated beside the rows.
        days: as in `Timeline.stretch`.
    """
    cells: dict[str, pl.Series] = {}
    schema = {**spine.schema, **timeline.rows.schema}
    lock = RLock()  # a plan may ask from several threads

    @cache
    def pairs() -> tuple[pl.Series, pl.Series]:
        question, row = timeline.stretch(asked, days=days)
        return pl.Series(question.astype(np.uint32)), pl.Series(row.astype(np.uint32))

    def fetch(name: str) -> pl.Series:
        with lock:
            question, row = pairs()
            if name not in cells:
                is_of_spine = name in spine.columns
                source, place = (spine, question) if is_of_spine else (timeline.rows, row)
                cells[name] = source[name].gather(place)
            return cells[name]

    def height() -> int:
        with lock:
            return len(pairs()[0])

    return _on_demand(schema, fetch, height)


def _on_demand(
    schema: dict[str, pl.DataType], fetch: Callable[[str], pl.Series], height: Callable[[], int]
) -> pl.LazyFrame:
    def frames(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        del batch_size  # what is fetched is there as a whole
        names = list(schema) if with_columns is None else with_columns
        frame = pl.DataFrame([fetch(name) for name in names])
        if not names:
            frame = pl.DataFrame(height=height())
        frame = frame if n_rows is None else frame.head(n_rows)
        yield frame if predicate is None else frame.filter(predicate)

    return register_io_source(frames, schema=schema, is_pure=True)


def _microseconds(times: pl.Series) -> Ints:
    return times.dt.timestamp("us").to_numpy()
