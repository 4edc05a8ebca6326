"""Blocks: large worlds are made some accounts at a time, under names of their own."""

from collections.abc import Mapping
from typing import Final

import polars as pl

ID_COLUMNS: Final = frozenset(
    {
        "account_id", "parent_account_id", "merged_into", "owner_rep_id", "rep_id", "manager_id",
        "changed_by", "opportunity_id", "contact_id", "activity_id", "contract_id", "invoice_id",
        "ticket_id", "referral_id", "covenant_id", "quote_id", "entity_id",
    }
)  # fmt: skip
ID_FIELDS: Final = ("owner", "merged_into")
"""Fields of the change tables whose values are ids."""
SHARED_TABLES: Final = ("stages", "exchange_rates")


def sized(accounts: int, block: int) -> list[int]:
    """Accounts of each block; a last block of less than a fifth joins the one before.

    >>> sized(25, 10), sized(21, 10), sized(3, 10)
    ([10, 10, 5], [10, 11], [3])
    """
    whole, rest = divmod(accounts, block)
    sizes = [block] * whole
    if not sizes or rest * 5 >= block:
        return [*sizes, rest] if rest else sizes
    sizes[-1] += rest
    return sizes


def told_apart(tables: Mapping[str, pl.DataFrame], block: int) -> Mapping[str, pl.DataFrame]:
    """Put the block's number into ids, names and addresses; the first block keeps its own."""
    if block == 0:
        return tables
    return {
        name: frame.with_columns(_renamed(name, frame, block))
        for name, frame in tables.items()
        if name not in SHARED_TABLES
    }


def _renamed(name: str, frame: pl.DataFrame, block: int) -> list[pl.Expr]:
    found = [_numbered(pl.col(column), block) for column in frame.columns if column in ID_COLUMNS]
    if name.endswith("_changes"):
        is_id = pl.col("field").is_in(ID_FIELDS)
        found += [
            pl.when(is_id).then(_numbered(pl.col(column), block)).otherwise(column).alias(column)
            for column in ("old", "new")
        ]
    if name == "accounts":
        found.append(pl.format("{} {}", "name", pl.lit(block + 1)).alias("name"))
    if name == "opportunities":
        found.append(pl.col("name").str.replace(":", f" {block + 1}:", literal=True))
    if name == "reps":
        found.append(pl.format("{} {}", "name", pl.lit(block + 1)).alias("name"))
        found.append(pl.col("email").str.replace("@", f".{block + 1}@", literal=True))
    return found


def _numbered(column: pl.Expr, block: int) -> pl.Expr:
    """An id with the block's number after its first letter."""
    return column.str.replace(r"^([A-Z])", f"${{1}}{block}-")
