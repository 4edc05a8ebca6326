"""Running: measures told at many as-ofs from running totals over rows in order."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from features.measure import PARTS_PER_UNIT, Kind, Measure
from features.schema import TIME
from features.timeline import OWNER, Ints, Questions, Timeline

Mask = npt.NDArray[np.bool_]

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""Odd and near 2^64 over the golden ratio: keeps the hashes of different owners apart."""


class Running:
    """Running totals over one timeline, each made once for all the measures that read it."""

    def __init__(self, timeline: Timeline, asked: Questions) -> None:
        self._timeline = timeline
        self._asked = asked
        self._hidden = timeline.crossing(asked)
        self._edges: dict[int | None, Ints] = {}
        self._masks: dict[bytes, Mask] = {}
        self._sums: dict[tuple[bytes, bytes], tuple[npt.NDArray[np.integer], Ints]] = {}
        self._values: dict[tuple[bytes, bytes], tuple[Ints, Ints]] = {}
        self._told_cells: dict[tuple[Kind, bytes], pl.Series] = {}
        self._neighbours: dict[tuple[bytes, int], Ints] = {}

    def told(self, measures: Sequence[Measure]) -> pl.DataFrame:
        """Every measure at every question; the bits of `measured_plainly`.

        Returns:
            One column per measure, one row per question, in order.
        """
        if not self._timeline.rows.height:
            height = len(self._asked.owner)
            return pl.DataFrame([_silent(measure, height) for measure in measures])
        self._ask(
            kind
            for measure in measures
            for kind in (measure.where, measure.since)
            if kind is not None
        )
        return pl.DataFrame([self._told(measure) for measure in measures])

    def _told(self, measure: Measure) -> pl.Series:
        begin, end = self._edge(measure.oldest), self._edge(measure.newest)
        if measure.since is not None:
            begin = np.maximum(begin, self._after_mark(measure.since))
            end = np.maximum(begin, end)
        if measure.kind == "newest":
            return self._moment(measure, self._last(measure.where, begin, end))
        if measure.kind == "oldest":
            return self._moment(measure, self._first(measure.where, begin, end))
        if measure.kind == "cell":
            return self._cell(measure, begin, end)
        if measure.kind == "distinct":
            return self._distinct(measure, begin, end)
        return self._sum(measure, begin, end)

    def _sum(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        added, sums = self._totals(measure)
        told = sums[end] - sums[begin]
        question, row = self._hidden
        inside = (begin[question] <= row) & (row < end[question])
        np.subtract.at(told, question[inside], added[row[inside]])
        numbers = pl.Series(measure.name, told)
        return numbers if measure.kind == "count" else numbers / PARTS_PER_UNIT

    def _totals(self, measure: Measure) -> tuple[npt.NDArray[np.integer], Ints]:
        """What every row adds, and the sum of all rows before each place."""
        name = (_name(measure.where), _name(measure.of))
        if name not in self._sums:
            kept = self._mask(measure.where)
            is_count = measure.kind == "count"
            added = kept.view(np.int8) if is_count else self._cells(measure).to_numpy() * kept
            sums = np.zeros(len(added) + 1, np.int64)
            np.cumsum(added, out=sums[1:])
            self._sums[name] = (added, sums)
        return self._sums[name]

    def _distinct(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        """A value counts where its row is the first one of it in the stretch."""
        rows, before = self._earlier(measure)
        first, after = np.searchsorted(rows, begin), np.searchsorted(rows, end)
        lengths = after - first
        question = np.repeat(np.arange(len(lengths)), lengths)
        place = np.arange(len(question)) + np.repeat(first - np.cumsum(lengths) + lengths, lengths)
        is_first = before[place] < begin[question]
        told = np.bincount(question[is_first], minlength=len(lengths))
        hidden = np.unique(self._hidden[0])
        seen = np.isin(question, hidden)
        question, place = question[seen], place[seen]
        is_known = self._timeline.known[rows[place]] < self._asked.as_of[question]
        values = self._cells(measure)
        pairs = pl.DataFrame(
            {
                "question": question[is_known],
                "value": values.gather(rows[place[is_known]]),
            }
        ).unique()
        counted = np.bincount(pairs["question"].to_numpy(), minlength=len(lengths))
        told[hidden] = counted[hidden]
        return pl.Series(measure.name, told.astype(np.int64))

    def _earlier(self, measure: Measure) -> tuple[Ints, Ints]:
        """Rows with a value, and the row before of the same owner and value, -1 without one."""
        name = (_name(measure.where), _name(measure.of))
        if name not in self._values:
            values = self._cells(measure)
            there = self._mask(measure.where) & values.is_not_null().to_numpy()
            rows = np.flatnonzero(there)
            owner = self._timeline.rows[OWNER].to_numpy()[rows].astype(np.uint64)
            code = values.filter(there).hash(seed=1).to_numpy() + owner * _SPREAD
            order = np.argsort(code, kind="stable")
            before = np.full(len(rows), -1, np.int64)
            is_again = code[order[1:]] == code[order[:-1]]
            is_again &= owner[order[1:]] == owner[order[:-1]]
            before[order[1:][is_again]] = rows[order[:-1][is_again]]
            self._values[name] = (rows, before)
        return self._values[name]

    def _cells(self, measure: Measure) -> pl.Series:
        """What every row adds or tells; a constant is the same for all."""
        name = (measure.kind, _name(measure.of))
        if name not in self._told_cells:
            cells = self._timeline.rows.select(cells=measure.numbers)["cells"]
            height = self._timeline.rows.height
            is_whole = len(cells) == height
            self._told_cells[name] = cells if is_whole else cells.new_from_index(0, height)
        return self._told_cells[name]

    def _cell(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        numbers = self._cells(measure).to_numpy()
        moments = self._timeline.moments
        place = self._last(measure.where, begin, end)
        moment = moments[place]
        told = np.where(place >= 0, numbers[place], np.nan)
        while True:  # rows of the same moment, one step back at a time
            place = self._last(measure.where, begin, np.maximum(place, begin))
            is_equal = (place >= 0) & (moments[place] == moment)
            if not is_equal.any():
                break
            told = np.where(is_equal, np.fmin(told, numbers[place]), told)
            place = np.where(is_equal, place, -1)
        return pl.Series(measure.name, told, nan_to_null=True)

    def _moment(self, measure: Measure, place: Ints) -> pl.Series:
        moments = pl.Series(measure.name, self._timeline.moments[place]).cast(pl.Datetime("us"))
        is_there = pl.Series(place >= 0)
        told = pl.select(pl.when(is_there).then(moments.dt.replace_time_zone("UTC")).cast(TIME))
        return told.to_series().alias(measure.name)

    def _last(self, where: pl.Expr | None, begin: Ints, end: Ints) -> Ints:
        """The last known row of some kind between two places, -1 where there is none."""
        before = self._neighbour(where, -1)
        place = before[end]
        while True:
            is_hidden = (place >= begin) & self._is_hidden(place)
            if not is_hidden.any():
                return np.where(place >= begin, place, -1)
            place = np.where(is_hidden, before[place], place)

    def _first(self, where: pl.Expr | None, begin: Ints, end: Ints) -> Ints:
        """The first known row of some kind between two places, -1 where there is none."""
        after = self._neighbour(where, 1)
        place = after[begin]
        while True:
            is_hidden = (place < end) & self._is_hidden(np.minimum(place, len(after) - 2))
            if not is_hidden.any():
                return np.where(place < end, place, -1)
            place = np.where(is_hidden, after[place + is_hidden], place)

    def _after_mark(self, since: pl.Expr) -> Ints:
        """The first place newer than the newest known row of some kind, else the beginning."""
        begin = self._edge(None)
        mark = self._last(since, begin, self._edge(0))
        return np.where(mark >= 0, self._timeline.after_equals[mark], begin)

    def _is_hidden(self, place: Ints) -> Mask:
        return self._timeline.known[place] >= self._asked.as_of

    def _edge(self, days: int | None) -> Ints:
        if days not in self._edges:
            self._edges[days] = (
                self._timeline.starts[self._asked.owner]
                if days is None
                else self._timeline.places(self._asked, days_before=days)
            )
        return self._edges[days]

    def _mask(self, where: pl.Expr | None) -> Mask:
        name = _name(where)
        if name not in self._masks:
            self._ask([where])
        return self._masks[name]

    def _ask(self, wheres: Iterable[pl.Expr | None]) -> None:
        """Which rows are of these kinds, all in one plan."""
        height = self._timeline.rows.height
        unasked = {_name(where): where for where in wheres if _name(where) not in self._masks}
        kinds = {
            str(number): pl.lit(value=True) if where is None else where.fill_null(value=False)
            for number, where in enumerate(unasked.values())
        }
        found = self._timeline.rows.select(**kinds)
        for name, kept in zip(unasked, found, strict=True):
            self._masks[name] = np.ascontiguousarray(np.broadcast_to(kept.to_numpy(), height))

    def _neighbour(self, where: pl.Expr | None, side: int) -> Ints:
        """For each place the last row of some kind before it, or the first one from it on."""
        name = (_name(where), side)
        if name not in self._neighbours:
            kept = self._mask(where)
            rows = np.arange(len(kept))
            if side < 0:
                found = np.full(len(kept) + 1, -1, np.int64)
                np.maximum.accumulate(np.where(kept, rows, -1), out=found[1:])
            else:
                found = np.full(len(kept) + 1, len(kept), np.int64)
                backwards = np.where(kept, rows, len(kept))[::-1]
                found[:-1] = np.minimum.accumulate(backwards)[::-1]
            self._neighbours[name] = found
        return self._neighbours[name]


def _silent(measure: Measure, height: int) -> pl.Series:
    """What a table without rows tells."""
    if measure.kind in {"count", "distinct"}:
        return pl.zeros(height, pl.Int64, eager=True).alias(measure.name)
    if measure.kind == "total":
        return pl.zeros(height, pl.Float64, eager=True).alias(measure.name)
    dtype = pl.Float64() if measure.kind == "cell" else TIME
    return pl.Series(measure.name, [None] * height, dtype=dtype)


def _name(expression: pl.Expr | None) -> bytes:
    """What tells an expression from others."""
    return b"" if expression is None else expression.meta.serialize()
