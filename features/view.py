"""What a feature group sees: the spine, and the book through the as-of door only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.context import Context
from features.history import happened
from features.measure import (
    INNER,
    PARTS_PER_UNIT,
    Measure,
    block,
    blocks,
    cell_of_newest,
    count,
    distinct,
    in_window,
    inner_most,
    inner_total,
    measured_plainly,
    newest,
    oldest,
    total,
)
from features.neighbours import Line, in_line
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, TABLES
from features.snapshot import known_at, value_at
from features.timeline import MOMENT, OWNER
from features.timelines import Timelines

__all__ = [
    "KEYS",
    "Measure",
    "View",
    "block",
    "blocks",
    "cell_of_newest",
    "count",
    "days_since",
    "distinct",
    "exact_sum",
    "feature",
    "in_window",
    "inner_most",
    "inner_total",
    "newest",
    "oldest",
    "ratio",
    "total",
]

SPINE_ROW = "spine_row"
KEYS = (SPINE_ROW,)
"""What identifies a row of the spine within a view: its number."""

Keeper: TypeAlias = Callable[[str, pl.LazyFrame], pl.LazyFrame]
"""Takes a name and what was read under it; gives what a group goes on with."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One batch of spine rows and what may be known of them.

    Attributes:
        book: the CRM; groups read it through `known`, `measured` and `value`.
        spine: accounts: entity_id, as_of. Deals: the columns of `deal_state`. Numbered in
            spine_row when the view is made.
        context: the book's statistics at each as_of of the spine.
        calendar: the organisation's.
        timelines: the book's rows in order, for the fast way; the plain way goes without.
        keeper: sees what groups read before they look at the context; nobody unless given.
    """

    book: Book
    spine: pl.LazyFrame
    context: Context
    calendar: Calendar
    timelines: Timelines | None = None
    keeper: Keeper | None = None

    def __post_init__(self) -> None:
        if SPINE_ROW not in self.spine.collect_schema().names():
            object.__setattr__(self, "spine", self.spine.with_row_index(SPINE_ROW))

    @property
    def keys(self) -> pl.LazyFrame:
        """The spine's identity: spine_row, entity_id, as_of, and account_id for deals."""
        names = self.spine.collect_schema().names()
        identity = (SPINE_ROW, ENTITY_ID, AS_OF, ACCOUNT_ID)
        return self.spine.select(*(name for name in identity if name in names))

    def known(
        self,
        table: str,
        *,
        by: str | None = None,
        within: int | None = None,
        where: pl.Expr | None = None,
        columns: Mapping[str, pl.Expr] | None = None,
    ) -> pl.LazyFrame:
        """Each spine row with the rows of `table` known at its as_of.

        Args:
            table: a contract table whose rows have a moment.
            by: `account_id` or `opportunity_id`; the deal, unless given, where both know it.
            within: leaves out rows that happened more than so many days before as_of; what a
                group does not look at need not be fetched.
            where: which rows, null counts as false; all unless given. May read `columns`.
            columns: what else is told of each row, by new names.

        `where` and `columns` look at one row of the table and at nothing else: not at as_of, nor
        at cells of other stamps than the row's own moment. The fast way tells them once for all
        as-ofs.
        """
        columns = columns or {}
        if self.timelines is not None:
            return self.timelines.known(table, by=by, within=within, where=where, columns=columns)
        rows = known_at(self.keys, self.book, table, by=by, calendar=self.calendar)
        if within is not None:
            moment = happened(TABLES[table], self.calendar)
            rows = rows.filter(pl.col(AS_OF) - moment <= pl.duration(days=within))
        rows = rows.with_columns(**columns)
        return rows if where is None else rows.filter(where)

    def lined(
        self, table: str, line: Line, *, by: str | None = None, where: pl.Expr | None = None
    ) -> pl.LazyFrame:
        """Each spine row with the rows of a line known at its as_of, at most `within` days old.

        Args:
            table: a contract table whose rows have a moment.
            line: which rows, and what is told of them.
            by: as in `known`.
            where: which rows of the line; may read its columns only.

        Returns:
            The identity of the spine, MOMENT, and the columns of the line.
        """
        if self.timelines is not None:
            return self.timelines.lined(table, line, by=by, where=where)
        moment = happened(TABLES[table], self.calendar).alias(MOMENT)
        known = self.known(table, by=by, within=line.within, where=line.where, columns=line.reads)
        owner = pl.col(SPINE_ROW).alias(OWNER)
        rows = known.select(SPINE_ROW, ENTITY_ID, AS_OF, owner, moment, *line.reads)
        told = in_line(rows.sort(OWNER, MOMENT), line).drop(OWNER)
        return told if where is None else told.filter(where)

    def measured(
        self,
        table: str,
        measures: Sequence[Measure],
        *,
        by: str | None = None,
        at: pl.Expr | None = None,
        line: Line | None = None,
    ) -> pl.LazyFrame:
        """KEYS, as_of and one column per measure, for every spine row.

        Args:
            table: a contract table whose rows have a moment.
            measures: what is asked. They may read what is known with the row, and what is known
                at the moment `at`; cells of other stamps tell nothing.
            by: as in `known`.
            at: the moment that counts, one of the row's stamps; rows without it are left out.
                The row's own moment unless given.
            line: which rows count, with what is told of them; measures read nothing else, and do
                not look further back than it. All rows unless given.
        """
        if line is None and not INNER.isdisjoint(measure.kind for measure in measures):
            raise ValueError(f"table {table}: expected a line for inner measures, got none")
        if self.timelines is not None:
            told = self.timelines.measured(table, measures, by=by, at=at, line=line)
            asked = self.timelines.spine.select(*KEYS, AS_OF)
            return pl.concat([asked, told], how="horizontal").lazy()
        spine = self.spine.select(*KEYS, AS_OF)
        if line is None:
            own = happened(TABLES[table], self.calendar)
            rows = self.known(table, by=by).with_columns((own if at is None else at).alias(MOMENT))
        else:
            rows = self.lined(table, line, by=by)
        if at is not None:  # a stamp may be later than the row, a row's own moment may not
            rows = rows.filter(pl.col(MOMENT) < pl.col(AS_OF))
        return measured_plainly(spine, rows, measures, keys=KEYS, moment=MOMENT)

    def value(self, field: str) -> pl.LazyFrame:
        """The spine's keys with a mutable column as of as_of."""
        return value_at(self.keys, self.book, field)

    def kept(self, name: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        """What a group reads from the book, on its way to the context.

        A group that looks at the context passes everything it reads through here first, so that
        the context of another night can be put beside it later, without the book.

        Args:
            name: of the group, and of what is read where it reads several things.
            rows: with spine_row; everything that the group needs besides the context.
        """
        return rows if self.keeper is None else self.keeper(name, rows)

    def beside(self, told: pl.LazyFrame, *, zeros: Sequence[str] = ()) -> pl.LazyFrame:
        """Every spine row with what is told of it: KEYS and the columns of `told`.

        Args:
            told: at most one row per KEYS.
            zeros: counts and sums; no row means that nothing happened, so they become 0.
        """
        return (
            self.spine.select(*KEYS)
            .join(told.drop(ENTITY_ID, AS_OF, strict=False), on=KEYS, how="left")
            .with_columns(pl.col(name).fill_null(0.0) for name in zeros)
        )


def days_since(moment: pl.Expr) -> pl.Expr:
    """Days from a moment to as_of; Float64."""
    return (pl.col(AS_OF) - moment).dt.total_microseconds() / 86_400e6


def exact_sum(values: pl.Expr) -> pl.Expr:
    """A sum in thousandths, as integers: the order of the rows cannot change its last bit."""
    return (values * PARTS_PER_UNIT).round().cast(pl.Int64).sum() / PARTS_PER_UNIT


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part / whole`, null unless the whole is above zero."""
    return pl.when(whole > 0).then(part / whole)


def feature(values: pl.Expr, name: str) -> pl.Expr:
    """The finished column: Float32 under its catalogue name."""
    return values.cast(pl.Float32).alias(name)
