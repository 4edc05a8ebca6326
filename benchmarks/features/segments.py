"""Segments: time cut at every as_of and every beginning of a window, for the bucketed SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.features.sql import moment

MOST_BITS = 62


@dataclass(frozen=True, slots=True)
class Segments:
    """Boundaries in time. A moment is in segment n when n boundaries are not after it.

    Attributes:
        as_ofs: rising, each once.
        days: lengths of windows, rising, each once.
        bounds: every as_of and every `as_of - days`, rising.
    """

    as_ofs: tuple[datetime, ...]
    days: tuple[int, ...]
    bounds: tuple[datetime, ...]

    @classmethod
    def of(cls, as_ofs: Iterable[datetime], days: Iterable[int]) -> "Segments":
        """The segments in which every window of those lengths is whole.

        Raises:
            ValueError: without an as_of.
        """
        moments, lengths = tuple(sorted(set(as_ofs))), tuple(sorted(set(days)))
        if not moments:
            raise ValueError("expected at least one as_of, got none")
        begins = {as_of - timedelta(days=length) for as_of in moments for length in lengths}
        return cls(moments, lengths, tuple(sorted(begins | set(moments))))

    @property
    def last(self) -> str:
        """The last as_of, as SQL; nothing at or after it is ever seen."""
        return moment(self.as_ofs[-1])

    def number(self, column: str) -> str:
        """SQL: the segment of a moment that is before the last as_of."""
        return _rank(column, self.bounds)

    def period(self, column: str) -> str:
        """SQL: how many as_ofs are not after a moment; first seen by the next one."""
        return _rank(column, self.as_ofs)

    def is_late(self, column: str) -> str:
        """SQL: whether an as_of came after the moment and not after the row was known."""
        between = " OR ".join(
            f"({column} < {moment(as_of)} AND known_from >= {moment(as_of)})"
            for as_of in self.as_ofs
        )
        return f"(known_from > {column} AND ({between}))"

    def bands(self) -> str:
        """SQL rows: seg, as_of, and the shortest window (`days`) that holds the segment."""
        rows = []
        for as_of in self.as_ofs:
            end = self._place(as_of)
            for length in self.days:
                begin = self._place(as_of - timedelta(days=length))
                rows += [f"({seg}, {moment(as_of)}, {length})" for seg in range(begin, end)]
                end = min(end, begin)
        return f"(VALUES {', '.join(rows)}) AS bands(seg, as_of, days)"

    def moments(self) -> str:
        """SQL rows: place (from 0), as_of, and `from_<days>`, where its windows begin."""
        rows = []
        for place, as_of in enumerate(self.as_ofs):
            begins = [moment(as_of - timedelta(days=length)) for length in self.days]
            rows.append(f"({', '.join([str(place), moment(as_of), *begins])})")
        names = ", ".join(["place", "as_of", *(f"from_{length}" for length in self.days)])
        return f"(VALUES {', '.join(rows)}) AS moments({names})"

    def masks(self, windows: Sequence[int]) -> list[int]:
        """By segment: bits of the (as_of, window) pairs that hold it; window by window.

        Raises:
            ValueError: for more pairs than a BIGINT has bits.
        """
        if len(self.as_ofs) * len(windows) > MOST_BITS:
            raise ValueError(
                f"expected at most {MOST_BITS} pairs of as_of and window, "
                f"got {len(self.as_ofs)} and {len(windows)}"
            )
        masks = [0] * (len(self.bounds) + 1)
        for place, as_of in enumerate(self.as_ofs):
            for number, length in enumerate(windows):
                begin = self._place(as_of - timedelta(days=length))
                for seg in range(begin, self._place(as_of)):
                    masks[seg] |= self.bit(place, number)
        return masks

    def visible(self, column: str, windows: int) -> str:
        """SQL: the bits of the as_ofs after a moment, for that many windows."""
        bits = [
            (moment(as_of), sum(self.bit(place, number) for number in range(windows)))
            for place, as_of in enumerate(self.as_ofs)
        ]
        return " | ".join(
            f"CASE WHEN {column} < {as_of} THEN {mask}::BIGINT ELSE 0 END" for as_of, mask in bits
        )

    def bit(self, place: int, window: int) -> int:
        """The bit of an as_of and a window, by their places."""
        return 1 << (window * len(self.as_ofs) + place)

    def _place(self, bound: datetime) -> int:
        """The segment that begins at a boundary."""
        return self.bounds.index(bound) + 1


def _rank(column: str, bounds: Sequence[datetime], first: int = 0, last: int | None = None) -> str:
    """A tree of comparisons: how many bounds are not after the moment."""
    last = len(bounds) if last is None else last
    if first == last:
        return str(first)
    middle = (first + last) // 2
    before = _rank(column, bounds, first, middle)
    after = _rank(column, bounds, middle + 1, last)
    return f"CASE WHEN {column} < {moment(bounds[middle])} THEN {before} ELSE {after} END"
