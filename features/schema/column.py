"""What a table and a column of the contract are: names, dtypes and known-at rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

ACCOUNT_ID = "account_id"
AS_OF = "as_of"
ENTITY_ID = "entity_id"
OCCURRED_AT = "occurred_at"
OPPORTUNITY_ID = "opportunity_id"
OWNER_REP_ID = "owner_rep_id"
RECORDED_AT = "recorded_at"

TIME = pl.Datetime("us", "UTC")
DAY = pl.Date()
TEXT = pl.String()
NUMBER = pl.Float64()
FLAG = pl.Boolean()

DEAL_TYPES = ("new", "expansion", "renewal")
OUTCOMES = ("open", "won", "lost")
DIRECTIONS = ("outbound", "inbound", "mutual")
PHASES = ("pre_sales", "sales", "post_sales")
SENIORITIES = ("c_level", "director", "manager", "staff")
REFERRAL_KINDS = ("referral", "reference_call", "case_study")

ROW = "row"
"""Known-at rule: known with the row, at max(moment, recorded_at)."""
HISTORY = "history"
"""Known-at rule: a current value; past values come from the change history."""
NOW = "now"
"""Known-at rule: a current value without history or stamp; not as-of safe, scoring only."""


class SchemaError(ValueError):
    """A frame that does not have the form its table promises."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: the contract's name.
        dtype: the Polars dtype in a Book.
        is_required: whether a source must have it, non-null in every row.
        known_at: `row`, `history`, `now`, or the stamp column with which the cell became known
            (a stamp names itself).
        may_be_future: whether a value after the run's clock is sensible (a due date).
    """

    name: str
    dtype: pl.DataType
    is_required: bool = False
    known_at: str = ROW
    may_be_future: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract.

    Attributes:
        name: the contract's name, also the stem of the file.
        key: the columns that identify a row; empty where duplicates are whole equal rows.
        moment: the column that says when the row first happened; None for a table whose rows
            are not events (stages, contacts without a date, …).
        parents: column → table whose key it must match, else the row is an orphan (E03).
        columns: the contract's columns, in order. Event tables also carry `recorded_at`.
    """

    name: str
    key: tuple[str, ...]
    moment: str | None
    columns: tuple[Column, ...]
    parents: Mapping[str, str]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Column name → dtype, in order."""
        return {column.name: column.dtype for column in self.columns}

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every row must have."""
        return tuple(column.name for column in self.columns if column.is_required)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError names the table when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")


def must(
    name: str, dtype: pl.DataType = TEXT, known_at: str = ROW, *, may_be_future: bool = False
) -> Column:
    """A column that every row must fill."""
    return Column(name, dtype, True, known_at, may_be_future)  # noqa: FBT003


def may(
    name: str, dtype: pl.DataType = TEXT, known_at: str = ROW, *, may_be_future: bool = False
) -> Column:
    """A column that a source may lack or leave empty."""
    return Column(name, dtype, False, known_at, may_be_future)  # noqa: FBT003


def table(
    name: str,
    key: tuple[str, ...],
    moment: str | None,
    columns: tuple[Column, ...],
    parents: Mapping[str, str] | None = None,
) -> Table:
    """A table; one with a moment also gets `recorded_at`."""
    recorded = (may(RECORDED_AT, TIME),) if moment is not None else ()
    return Table(name, key, moment, columns + recorded, MappingProxyType(dict(parents or {})))
