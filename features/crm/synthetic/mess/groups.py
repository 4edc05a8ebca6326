"""Groups: accounts that belong to a parent, and the months in which their years begin."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from features.crm.synthetic.mess.params import GroupParams
from features.schema import ACCOUNT_ID, conform

YEAR_STARTS: Final = (1, 4, 7, 10)
YEAR_START_SHARES: Final = (0.70, 0.12, 0.10, 0.08)
"""How often a fiscal year begins in each of those months."""
LEAN: Final = 2.0
"""Power on the uniform draw of a parent: the larger a company, the more daughters it has."""

_PLACE = "_place"


def groups(
    rng: np.random.Generator, tables: Mapping[str, pl.DataFrame], params: GroupParams
) -> dict[str, pl.DataFrame]:
    """Give some accounts a parent and some a known fiscal year.

    A parent is of the same industry and has no parent itself, so that no chain can close. An
    account in an industry without a possible parent stays alone. What a table already tells is
    kept.

    Args:
        rng: four numbers per account, in the order of the table.
        tables: contract tables by name.
        params: shares of daughters and of known fiscal years.
    """
    if params.share == 0 and params.fiscal_known == 0:
        return dict(tables)
    draws = rng.random((tables["accounts"].height, 4))
    accounts = tables["accounts"]
    if params.share > 0:
        accounts = _with_parents(accounts, draws[:, 0] < params.share, draws[:, 1])
    starts = np.searchsorted(np.cumsum(YEAR_START_SHARES)[:-1], draws[:, 3], side="right")
    month = pl.Series("month", np.array(YEAR_STARTS)[starts], dtype=pl.Float64)
    drawn = pl.when(pl.Series(draws[:, 2] < params.fiscal_known)).then(month)
    name = "fiscal_year_start_month"
    accounts = accounts.with_columns(pl.coalesce(name, drawn).alias(name))
    return {**tables, "accounts": conform("accounts", accounts.lazy()).collect()}


def _with_parents(accounts: pl.DataFrame, is_chosen: np.ndarray, lot: np.ndarray) -> pl.DataFrame:
    """The accounts with the parents of the chosen ones, drawn by `lot` (0 to 1)."""
    name = "parent_account_id"
    is_free = pl.col(name).is_null() & pl.col("merged_into").is_null()
    whole = accounts.with_columns(
        pl.Series("_chosen", is_chosen),
        pl.Series("_lot", lot),
    ).with_columns((pl.col("_chosen") & is_free).alias("_chosen"))
    possible = (
        whole.filter(is_free & ~pl.col("_chosen") & pl.col("industry").is_not_null())
        .sort("employees", ACCOUNT_ID, descending=[True, False], nulls_last=True)
        .select(
            "industry",
            pl.int_range(pl.len()).over("industry").alias(_PLACE),
            pl.len().over("industry").cast(pl.Int64).alias("_size"),
            pl.col(ACCOUNT_ID).alias("_parent"),
        )
    )
    sizes = possible.select("industry", "_size").unique()
    place = (pl.col("_lot") ** LEAN * pl.col("_size")).floor().cast(pl.Int64).alias(_PLACE)
    daughters = (
        whole.filter("_chosen")
        .join(sizes, on="industry")
        .with_columns(place)
        .join(possible.drop("_size"), on=["industry", _PLACE])
        .select(ACCOUNT_ID, "_parent")
    )
    return (
        accounts.join(daughters, on=ACCOUNT_ID, how="left", maintain_order="left")
        .with_columns(pl.coalesce(name, "_parent").alias(name))
        .select(accounts.columns)
    )
