"""What a benchmark feature is: a table, a filter, a window and a measure, as data."""

from dataclasses import dataclass
from typing import Literal

Op = Literal["is", "in", "above", "below", "after", "true", "not true", "known"]
Kind = Literal["count", "sum", "last", "distinct", "open"]
Value = str | float | tuple[str, ...] | None

PARTS = 1_000
"""Sums are taken in thousandths, as integers: the order of rows cannot change a bit of them."""

_VALUE_OF: dict[str, type | None] = {
    "is": str,
    "in": tuple,
    "above": float,
    "below": float,
    "after": str,
    "true": None,
    "not true": None,
    "known": None,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a cell has to be. An empty cell fulfils `not true` and nothing else.

    Attributes:
        column: the cell's column.
        op: `is` and `in` compare text, `above` and `below` numbers, `after` the text of two
            columns; `known` is any value at all.
        value: what it is compared with; for `after`, the name of the other column.
    """

    column: str
    op: Op
    value: Value = None

    def __post_init__(self) -> None:
        wanted = _VALUE_OF[self.op]
        if (self.value is not None) if wanted is None else not isinstance(self.value, wanted):
            named = "no value" if wanted is None else f"a {wanted.__name__}"
            raise ValueError(f"{self.column} {self.op}: expected {named}, got {self.value!r}")


Rule = tuple[Condition, ...]
"""Conditions that must all hold."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number counted from the rows of one table known strictly before as_of.

    A row is known once its own moment and its `recorded_at` (its moment, where that is empty) are
    both before as_of; a row of a deal, once its deal is known too. A stamp at or after as_of is
    not known.

    Attributes:
        name: column of the answer.
        words: what it says.
        table: contract table.
        kind: `count` of rows · `sum` of a column · `last`, days since the newest moment ·
            `distinct` values of a column · `open`, rows that began before as_of and have not
            ended before it, counted, or summed where a column is named.
        where: the row counts if it keeps any of these rules; no rule lets every row count.
        moment: the column that is held against the window and as_of.
        days: the window is [as_of - days, as_of); None for `last` and `open`, which look back
            for ever.
        column: what is summed or told apart; empty cells count nowhere.
        until: the column that says when an open row ended.
    """

    name: str
    words: str
    table: str
    kind: Kind
    moment: str
    where: tuple[Rule, ...] = ()
    days: int | None = None
    column: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        is_windowed = self.kind in {"count", "sum", "distinct"}
        if is_windowed != (self.days is not None) or (self.days is not None and self.days < 1):
            raise ValueError(f"{self.name}: expected days for a window only, got {self.days}")
        if self.kind != "open" and (self.kind in {"sum", "distinct"}) != (self.column is not None):
            raise ValueError(f"{self.name}: a {self.kind} got the column {self.column}")
        if (self.kind == "open") != (self.until is not None):
            raise ValueError(
                f"{self.name}: expected an end for what is open only, got {self.until}"
            )

    @property
    def is_zero_without_rows(self) -> bool:
        """Whether no row means 0; days since nothing are not known."""
        return self.kind != "last"


@dataclass(frozen=True, slots=True)
class Quotient:
    """`times * part / whole` of two measures; not known unless the whole is above zero."""

    name: str
    words: str
    part: str
    whole: str
    times: float = 1.0


@dataclass(frozen=True, slots=True)
class Derived:
    """A column made from others of its row.

    Attributes:
        name: the new column.
        kind: `day end`, the last microsecond of a day in UTC · `days late`, whole days from a day
            to a moment's day in UTC, at least 0.
        of: the day, and for `days late` the moment.
    """

    name: str
    kind: Literal["day end", "days late"]
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """An event table as the features read it.

    Attributes:
        table: contract table.
        moment: when a row happened.
        parent: the table that names the account, and the shared key; None where the row does.
        derived: columns made on the way in.
    """

    table: str
    moment: str
    parent: tuple[str, str] | None = None
    derived: tuple[Derived, ...] = ()
