"""The CRM tables as typed schemas: the public data contract, version 1.

Every time is `Datetime("us", "UTC")`, every day a `Date`, every id text. `conform` checks a
frame against its table and never casts.
"""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from features.schema.account_tables import ACCOUNT_TABLES
from features.schema.column import (
    ACCOUNT_ID,
    AS_OF,
    DAY,
    DEAL_TYPES,
    DIRECTIONS,
    ENTITY_ID,
    FLAG,
    HISTORY,
    NOW,
    NUMBER,
    OCCURRED_AT,
    OPPORTUNITY_ID,
    OUTCOMES,
    OWNER_REP_ID,
    PHASES,
    RECORDED_AT,
    REFERRAL_KINDS,
    ROW,
    SENIORITIES,
    TEXT,
    TIME,
    Column,
    SchemaError,
    Table,
)
from features.schema.deal_tables import DEAL_TABLES

__all__ = [
    "ACCOUNT_ID",
    "AS_OF",
    "DAY",
    "DEAL_TYPES",
    "DIRECTIONS",
    "ENTITY_ID",
    "FLAG",
    "HISTORY",
    "NOW",
    "NUMBER",
    "OCCURRED_AT",
    "OPPORTUNITY_ID",
    "OUTCOMES",
    "OWNER_REP_ID",
    "PHASES",
    "RECORDED_AT",
    "REFERRAL_KINDS",
    "ROW",
    "SALES_TABLES",
    "SENIORITIES",
    "TABLES",
    "TEXT",
    "TIME",
    "Column",
    "SchemaError",
    "Table",
    "conform",
    "empty",
]

TABLES: Mapping[str, Table] = MappingProxyType(
    {table.name: table for table in (*ACCOUNT_TABLES, *DEAL_TABLES)}
)
"""Every table of the contract, by name."""

SALES_TABLES = ("opportunities", "invoices", "contracts")
"""At least one of these must be there beside `accounts`."""


def conform(table: str, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Check that `frame` has the contract's columns, dtypes and order; nothing is cast.

    Raises:
        SchemaError: for a missing or unknown column, or another dtype than the contract's.

    >>> conform("stages", empty("stages")).collect_schema().names()
    ['stage', 'sort_order', 'is_closed', 'is_won', 'phase']
    """
    expected = TABLES[table].schema
    found = dict(frame.collect_schema())
    missing = [name for name in expected if name not in found]
    unknown = [name for name in found if name not in expected]
    if missing or unknown:
        raise SchemaError(
            f"table {table}: expected columns {list(expected)}, "
            f"missing {missing}, unknown {unknown}"
        )
    for name, dtype in expected.items():
        if found[name] != dtype:
            raise SchemaError(
                f"table {table}, column {name}: expected dtype {dtype}, found {found[name]}"
            )
    return frame.select(list(expected))


def empty(table: str) -> pl.LazyFrame:
    """The table with its columns and no row."""
    return pl.LazyFrame(schema=TABLES[table].schema)
