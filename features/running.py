"""Running: measures told at many as-ofs from running totals over rows in order."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from features.measure import TOTALS, UNITS_PER_PART, Kind, Measure
from features.order import in_groups
from features.schema import TIME
from features.timeline import DAY_US, OWNER, Ints, Mask, Questions, Timeline


class Running:
    """Running totals over one timeline, each made once for all the measures that read it."""

    def __init__(self, timeline: Timeline, asked: Questions) -> None:
        self._timeline = timeline
        self._asked = asked
        self._hidden = timeline.crossing(asked)
        self._edges: dict[int | None, Ints] = {}
        self._masks: dict[bytes, Mask] = {}
        self._cells: dict[tuple[Kind, bytes], pl.Series] = {}
        self._sums: dict[tuple[bytes, bytes], tuple[npt.NDArray[np.integer], Ints]] = {}
        self._values: dict[tuple[bytes, bytes], tuple[Ints, Ints, Ints]] = {}
        self._kept: dict[bytes, tuple[Ints, Ints]] = {}

    def told(self, measures: Sequence[Measure]) -> pl.DataFrame:
        """Every measure at every question; the bits of `measured_plainly`.

        Returns:
            One column per measure, one row per question, in order.
        """
        if not self._timeline.rows.height:
            height = len(self._asked.owner)
            return pl.DataFrame([_silent(measure, height) for measure in measures])
        self._read(measures)
        return pl.DataFrame([self._told(measure) for measure in measures])

    def _told(self, measure: Measure) -> pl.Series:
        begin, end = self._edge(measure.oldest), self._edge(measure.newest)
        if measure.since is not None:
            begin = np.maximum(begin, self._after_mark(measure.since))
            end = np.maximum(begin, end)
        if measure.kind in {"inner_total", "inner_most"}:
            oldest = self._first(measure.where, begin, end)
            begin = np.where(oldest >= 0, oldest + 1, end)
        tell = {
            "newest": self._newest,
            "oldest": self._oldest,
            "cell": self._cell,
            "distinct": self._distinct,
            "blocks": self._blocks,
            "inner_most": self._most,
        }
        return tell.get(measure.kind, self._sum)(measure, begin, end)

    def _sum(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        added, sums = self._totals(measure)
        told = sums[end] - sums[begin]
        question, row = self._hidden
        inside = (begin[question] <= row) & (row < end[question])
        np.subtract.at(told, question[inside], added[row[inside]])
        numbers = pl.Series(measure.name, told)
        return numbers if measure.kind == "count" else numbers * UNITS_PER_PART

    def _totals(self, measure: Measure) -> tuple[npt.NDArray[np.integer], Ints]:
        """What every row adds, and the sum of all rows before each place."""
        kept = self._masks[_name(measure.where)]
        if measure.kind == "count":
            return kept.view(np.int8), self._chosen(measure.where)[1]
        name = (_name(measure.where), _name(measure.of))
        if name not in self._sums:
            added = self._cells_of(measure).to_numpy() * kept
            sums = np.zeros(len(added) + 1, np.int64)
            np.cumsum(added, out=sums[1:])
            self._sums[name] = (added, sums)
        return self._sums[name]

    def _blocks(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        """Blocks of a stretch come one after the other: what counts is where one ends."""
        rows, before = self._chosen(measure.where)
        first, lengths = before[begin], before[end] - before[begin]
        starts = np.cumsum(lengths) - lengths
        moments = self._timeline.moments[rows]
        found = moments[np.arange(lengths.sum()) + np.repeat(first - starts, lengths)]
        block = (np.repeat(self._asked.as_of - 1, lengths) - found) // (measure.days * DAY_US)
        question, row = self._hidden
        inside = (begin[question] <= row) & (row < end[question])
        question, row = question[inside], row[inside]
        kept = self._masks[_name(measure.where)][row]
        question, row = question[kept], row[kept]
        if len(row):
            block = np.delete(block, starts[question] + before[row] - first[question])
            lengths -= np.bincount(question, minlength=len(lengths))
            starts = np.cumsum(lengths) - lengths
        is_new = np.ones(len(block), np.bool_)
        np.not_equal(block[1:], block[:-1], out=is_new[1:])
        is_new[starts[lengths > 0]] = True
        count = np.zeros(len(block) + 1, np.int64)
        np.cumsum(is_new, out=count[1:])
        return pl.Series(measure.name, count[starts + lengths] - count[starts])

    def _most(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        """The highest between each two edges; what stands between two stretches is told for none.

        An edge may stand behind the last row, so there is one number more than rows.
        """
        rows, place = self._chosen(measure.where)
        numbers = self._cells_of(measure).fill_null(-np.inf).to_numpy()[rows]
        first, after = place[begin], place[end]
        order = np.argsort(first, kind="stable")  # so that little lies between two stretches
        edges = np.stack([first[order], after[order]], axis=1).ravel()
        told = np.empty(len(first))
        told[order] = np.maximum.reduceat(numbers, edges)[::2] if len(edges) else 0.0
        told[(first >= after) | (told == -np.inf)] = np.nan
        return pl.Series(measure.name, told, nan_to_null=True)

    def _distinct(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        """A value counts where its row is the first one of it in the stretch."""
        rows, count, before = self._earlier(measure)
        first, lengths = count[begin], count[end] - count[begin]
        question = np.repeat(np.arange(len(lengths)), lengths)
        starts = np.cumsum(lengths) - lengths
        place = np.arange(len(question)) + np.repeat(first - starts, lengths)
        is_first = np.zeros(len(question) + 1, np.int64)
        np.cumsum(before[place] < np.repeat(begin, lengths), out=is_first[1:])
        told = is_first[starts + lengths] - is_first[starts]
        has_hidden = np.zeros(len(lengths), np.bool_)
        has_hidden[self._hidden[0]] = True
        seen = has_hidden[question]
        question, place = question[seen], place[seen]
        is_known = self._timeline.known[rows[place]] < self._asked.as_of[question]
        values = self._cells_of(measure)
        pairs = pl.DataFrame(
            {
                "question": question[is_known],
                "value": values.gather(rows[place[is_known]]),
            }
        ).unique()
        counted = np.bincount(pairs["question"].to_numpy(), minlength=len(lengths))
        told[has_hidden] = counted[has_hidden]
        return pl.Series(measure.name, told)

    def _earlier(self, measure: Measure) -> tuple[Ints, Ints, Ints]:
        """Rows with a value, and the row before of the same owner and value, -1 without one.

        Between the two, how many such rows there are before each place.
        """
        name = (_name(measure.where), _name(measure.of))
        if name not in self._values:
            values = self._cells_of(measure)
            there = self._masks[_name(measure.where)] & values.is_not_null().to_numpy()
            count = np.zeros(len(there) + 1, np.int64)
            np.cumsum(there, out=count[1:])
            rows = np.flatnonzero(there)
            owner = self._timeline.rows[OWNER].to_numpy()[rows].astype(np.uint64)
            code = values.filter(there).hash(seed=1).to_numpy()
            order = in_groups(owner, code)
            before = np.full(len(rows), -1, np.int64)
            is_again = code[order[1:]] == code[order[:-1]]
            is_again &= owner[order[1:]] == owner[order[:-1]]
            before[order[1:][is_again]] = rows[order[:-1][is_again]]
            self._values[name] = (rows, count, before)
        return self._values[name]

    def _cell(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        """What the rows of the newest moment say, told of these rows only."""
        moments = self._timeline.moments
        place = self._last(measure.where, begin, end)
        moment = moments[place]
        told = np.full(len(place), np.nan)
        is_equal = place >= 0
        while is_equal.any():  # rows of the same moment, one step back at a time
            told[is_equal] = np.fmin(told[is_equal], self._numbers(measure, place[is_equal]))
            place = self._last(measure.where, begin, np.where(is_equal, place, begin))
            is_equal = (place >= 0) & (moments[place] == moment)
        return pl.Series(measure.name, told, nan_to_null=True)

    def _numbers(self, measure: Measure, rows: Ints) -> npt.NDArray[np.float64]:
        """What some rows tell."""
        names = {OWNER, *measure.numbers.meta.root_names()}
        read = self._timeline.rows.select(sorted(names))[rows]
        told = read.with_columns(measure.numbers.alias("_told"))["_told"]
        return told.fill_null(np.nan).to_numpy()

    def _newest(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        return self._moment(measure, self._last(measure.where, begin, end))

    def _oldest(self, measure: Measure, begin: Ints, end: Ints) -> pl.Series:
        return self._moment(measure, self._first(measure.where, begin, end))

    def _moment(self, measure: Measure, place: Ints) -> pl.Series:
        moments = pl.Series(measure.name, self._timeline.moments[place]).cast(TIME)
        return moments.set(pl.Series(place < 0), None)

    def _last(self, where: pl.Expr | None, begin: Ints, end: Ints) -> Ints:
        """The last known row of some kind between two places, -1 where there is none."""
        rows, before = self._chosen(where)
        number = before[end] - 1
        while True:
            place = rows[number]
            is_inside = place >= begin
            is_hidden = is_inside & self._is_hidden(place)
            if not is_hidden.any():
                return np.where(is_inside, place, -1)
            number -= is_hidden

    def _first(self, where: pl.Expr | None, begin: Ints, end: Ints) -> Ints:
        """The first known row of some kind between two places, -1 where there is none."""
        rows, before = self._chosen(where)
        number = before[begin]
        while True:
            place = rows[number]
            is_inside = (place >= 0) & (place < end)
            is_hidden = is_inside & self._is_hidden(place)
            if not is_hidden.any():
                return np.where(is_inside, place, -1)
            number += is_hidden

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

    def _chosen(self, where: pl.Expr | None) -> tuple[Ints, Ints]:
        """The rows of some kind and a last -1; for each place how many of them are before it."""
        name = _name(where)
        if name not in self._kept:
            kept = self._masks[name]
            before = np.zeros(len(kept) + 1, np.int64)
            np.cumsum(kept, out=before[1:])
            self._kept[name] = (np.append(np.flatnonzero(kept), -1), before)
        return self._kept[name]

    def _cells_of(self, measure: Measure) -> pl.Series:
        return self._cells[measure.kind, _name(measure.of)]

    def _read(self, measures: Sequence[Measure]) -> None:
        """Which rows are of the kinds that are asked, and what they tell; all in one plan."""
        kinds = {
            _name(kind): pl.lit(value=True) if kind is None else kind.fill_null(value=False)
            for measure in measures
            for kind in (measure.where, measure.since)
        }
        cells = {
            (measure.kind, _name(measure.of)): measure.numbers
            for measure in measures
            if measure.of is not None and measure.kind != "cell"
        }
        kinds = {name: kind for name, kind in kinds.items() if name not in self._masks}
        cells = {name: cell for name, cell in cells.items() if name not in self._cells}
        plan = [
            told.alias(str(number))
            for number, told in enumerate([*kinds.values(), *cells.values()])
        ]
        found = self._timeline.rows.lazy().select(OWNER, *plan).collect().drop(OWNER)
        columns = iter(found)
        self._masks.update({name: next(columns).to_numpy() for name in kinds})
        self._cells.update({name: next(columns) for name in cells})


def _silent(measure: Measure, height: int) -> pl.Series:
    """What a table without rows tells."""
    if measure.kind in {"count", "distinct", "blocks"}:
        return pl.zeros(height, pl.Int64, eager=True).alias(measure.name)
    if measure.kind in TOTALS:
        return pl.zeros(height, pl.Float64, eager=True).alias(measure.name)
    dtype = TIME if measure.kind in {"newest", "oldest"} else pl.Float64()
    return pl.repeat(None, height, dtype=dtype, eager=True).alias(measure.name)


def _name(expression: pl.Expr | None) -> bytes:
    """What tells an expression from others."""
    return b"" if expression is None else expression.meta.serialize()
