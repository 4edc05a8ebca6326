"""Stream: the measures of one moment of one table, as SQL over segments."""

from dataclasses import dataclass

from benchmarks.features.definition import PARTS, Measure
from benchmarks.features.segments import Segments
from benchmarks.features.sql import keeps, parts, value


@dataclass(frozen=True, slots=True)
class Stream:
    """What is summed once by account and segment, and how features are put together again.

    Attributes:
        rows: query of the table's rows, in brackets.
        measures: additive ones, the newest moments and open states, all of one moment.
        segments: how time is cut.
    """

    rows: str
    measures: tuple[Measure, ...]
    segments: Segments

    def __post_init__(self) -> None:
        moments = {measure.moment for measure in self.measures}
        if len(moments) != 1:
            raise ValueError(f"expected measures of one moment, got {sorted(moments)}")

    def query(self) -> str:
        """account_id, as_of and the finished measures; an account without rows is absent."""
        steps = [self._begun(), *(self._ended(m) for m in self.measures if m.until)]
        blocks = [self._late()]
        blocks += [self._in_windows()] * any(m.days for m in self.measures)
        blocks += [self._endless()] * any(m.days is None for m in self.measures)
        merged = ", ".join(f"{_merge(m)}({m.name}) AS {m.name}" for m in self.measures)
        finished = ", ".join(_finished(measure) for measure in self.measures)
        return (
            f"WITH rows AS {self.rows}, "  # noqa: S608
            f"steps AS MATERIALIZED ({' UNION ALL BY NAME '.join(steps)}), "
            f"told AS ({' UNION ALL BY NAME '.join(blocks)}), "
            f"whole AS (SELECT account_id, as_of, {merged} FROM told GROUP BY ALL) "
            f"SELECT account_id, as_of, {finished} FROM whole"
        )

    @property
    def _moment(self) -> str:
        return self.measures[0].moment

    @property
    def _seen(self) -> str:
        return f"{self._moment} < {self.segments.last} AND known_from < {self.segments.last}"

    @property
    def _is_late(self) -> str:
        return self.segments.is_late(self._moment)

    @property
    def _bases(self) -> dict[str, str]:
        """Measure → column of `steps`: windows of one filter and one column share theirs."""
        found: dict[tuple[object, ...], str] = {}
        names = {}
        for measure in self.measures:
            key = (measure.kind, measure.where, measure.column)
            names[measure.name] = found.setdefault(key, f"base_{len(found)}")
        return names

    def _begun(self) -> str:
        """By segment: what rows that were recorded in time add at their moment."""
        bases, chosen = self._bases, {}
        for measure in self.measures:
            counts = keeps(measure.where)
            if measure.until:
                counts += f" AND ({measure.until} IS NULL OR {measure.until} > {measure.moment})"
            chosen[bases[measure.name]] = _added(measure, counts)
        columns = ", ".join(f"{added} AS {name}" for name, added in chosen.items())
        return self._by_segment(self._moment, columns, "true")

    def _ended(self, measure: Measure) -> str:
        """By segment: what open rows take away again when they end."""
        end = str(measure.until)
        column = f"-{_added(measure, keeps(measure.where))} AS {self._bases[measure.name]}"
        return self._by_segment(
            end, column, f"{end} > {self._moment} AND {end} < {self.segments.last}"
        )

    def _by_segment(self, moment: str, columns: str, condition: str) -> str:
        return (
            f"SELECT account_id, {self.segments.number(moment)} AS seg, "  # noqa: S608
            f"{self.segments.period(moment)} AS period, {columns} FROM rows "
            f"WHERE {self._seen} AND {condition} AND NOT {self._is_late} GROUP BY ALL"
        )

    def _in_windows(self) -> str:
        """The segments of each window, added up."""
        chosen = ", ".join(
            f"sum({self._bases[m.name]}) FILTER (WHERE days <= {m.days}) AS {m.name}"
            for m in self.measures
            if m.days is not None
        )
        return (
            f"SELECT account_id, as_of, {chosen} "  # noqa: S608
            f"FROM steps JOIN {self.segments.bands()} USING (seg) GROUP BY ALL"
        )

    def _endless(self) -> str:
        """The newest moment, or what is still open, of all periods before each as_of."""
        endless = [measure for measure in self.measures if measure.days is None]
        by_period = ", ".join(f"{_merge(m)}({self._bases[m.name]}) AS {m.name}" for m in endless)
        chosen = ", ".join(f"{_merge(m)}({m.name}) AS {m.name}" for m in endless)
        periods = f"SELECT account_id, period, {by_period} FROM steps GROUP BY ALL"  # noqa: S608
        return (
            f"SELECT account_id, as_of, {chosen} FROM ({periods}) "  # noqa: S608
            f"JOIN {self.segments.moments()} ON period <= place GROUP BY ALL"
        )

    def _late(self) -> str:
        """The plain way, for the few rows that an as_of missed."""
        chosen = []
        for measure in self.measures:
            counts = keeps(measure.where)
            if measure.days is not None:
                counts += f" AND {measure.moment} >= from_{measure.days}"
            if measure.until is not None:
                counts += f" AND ({measure.until} IS NULL OR {measure.until} >= as_of)"
            chosen.append(f"{_added(measure, counts)} AS {measure.name}")
        return (
            f"SELECT account_id, as_of, {', '.join(chosen)} "  # noqa: S608
            f"FROM (SELECT * FROM rows WHERE {self._seen} AND {self._is_late}) "
            f"JOIN {self.segments.moments()} ON known_from < as_of AND {self._moment} < as_of "
            "GROUP BY ALL"
        )


def distinct_query(rows: str, measures: tuple[Measure, ...], segments: Segments) -> str:
    """account_id, as_of and how many values each window holds, from one bit mask a value."""
    moment, column = measures[0].moment, measures[0].column
    windows = [measure.days or 0 for measure in measures]
    held = f"CAST({segments.masks(windows)} AS BIGINT[])[{segments.number(moment)} + 1]"
    visible = f"{held} & ({segments.visible('known_from', len(windows))})"
    mask = f"CASE WHEN {segments.is_late(moment)} THEN {visible} ELSE {held} END"
    chosen = ", ".join(
        f"CAST(count(*) FILTER (WHERE mask & ({segments.bit(0, number)}::BIGINT << place) <> 0) "
        f"AS REAL) AS {measure.name}"
        for number, measure in enumerate(measures)
    )
    return (
        f"WITH masks AS (SELECT account_id, {column}, bit_or({mask}) AS mask FROM {rows} "  # noqa: S608
        f"WHERE {moment} < {segments.last} AND known_from < {segments.last} "
        f"AND {column} IS NOT NULL AND {keeps(measures[0].where)} GROUP BY ALL) "
        f"SELECT account_id, as_of, {chosen} FROM masks "
        f"CROSS JOIN {segments.moments()} GROUP BY ALL"
    )


def _added(measure: Measure, counts: str) -> str:
    """The aggregate of rows that count, as numbers that can be merged."""
    if measure.kind == "last":
        return f"max(epoch_us({measure.moment})) FILTER (WHERE {counts})"
    if measure.column is None:
        return f"CAST({value(measure, counts)} AS DOUBLE)"
    return f"sum({parts(measure.column)}) FILTER (WHERE {counts})"


def _merge(measure: Measure) -> str:
    return "max" if measure.kind == "last" else "sum"


def _finished(measure: Measure) -> str:
    counted = measure.name
    if measure.kind == "last":
        counted = f"(epoch_us(as_of) - {counted}) / 86400e6"
    elif measure.column is not None:
        counted = f"{counted} / {PARTS}"
    return f"CAST({counted} AS REAL) AS {measure.name}"
