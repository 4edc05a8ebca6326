"""Duplicates: customers who stand in the CRM twice, until somebody merges the two records."""

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import polars as pl

from features.crm.synthetic.mess.filing import refiled
from features.crm.synthetic.mess.params import DuplicateParams
from features.crm.synthetic.mess.second_records import second_records
from features.schema import ACCOUNT_ID, OWNER_REP_ID, RECORDED_AT, conform

FIRST_FIELDS = (("owner", OWNER_REP_ID), ("segment", "segment"), ("account_type", "account_type"))
"""Fields whose history begins with a record → the columns that hold them."""


def duplicates(
    rng: np.random.Generator,
    tables: Mapping[str, pl.DataFrame],
    params: DuplicateParams,
    *,
    end: datetime,
) -> dict[str, pl.DataFrame]:
    """Give some accounts a second record.

    A web form or a colleague makes it some time after the first, under a slightly other name, and
    a part of the later touches and contacts is filed under it. Where it was merged, `merged_into`
    and its change say so, and all rows are back under the first record, as CRMs move them. A
    second record never has a deal or an invoice. It stands at the end of `accounts`; all other
    rows keep their places.

    Args:
        rng: what `second_records` draws, then what `refiled` draws.
        tables: contract tables by name.
        params: how many, and what becomes of them.
        end: aware moment at which the history ends; everything new is stamped before it.
    """
    accounts = tables["accounts"]
    seconds = second_records(rng, accounts, params, end=end)
    if seconds.height == 0:
        return dict(tables)
    done = dict(tables)
    if "account_changes" in tables:
        seconds = _with_segment_then(seconds, tables["account_changes"])
        done["account_changes"] = _with_history(tables["account_changes"], seconds)
    whole = pl.concat([accounts, seconds.select(accounts.columns)])
    done["accounts"] = conform("accounts", whole.lazy()).collect()
    standing = seconds.filter(pl.col("merged_at").is_null())
    return refiled(rng, done, standing, share=params.filed)


def _with_segment_then(seconds: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """The second records in the segment that the first one had when they were made."""
    told = (
        changes.filter(pl.col("field") == "segment")
        .join(seconds.select(pl.col("first_id").alias(ACCOUNT_ID), "created_at"), on=ACCOUNT_ID)
        .filter(pl.col("changed_at") < pl.col("created_at"))
        .sort("changed_at", maintain_order=True)
        .group_by(pl.col(ACCOUNT_ID).alias("first_id"))
        .agg(pl.col("new").last().alias("_then"))
    )
    return (
        seconds.join(told, on="first_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("_then", "segment").alias("segment"))
        .drop("_then")
    )


def _with_history(changes: pl.DataFrame, seconds: pl.DataFrame) -> pl.DataFrame:
    """The changes with the first values of the second records and their merges."""
    nothing = pl.lit(None, pl.String)
    by = pl.when(~pl.col("is_web")).then(pl.col(OWNER_REP_ID))

    def told(field: str, new: str, at: str) -> pl.DataFrame:
        return seconds.filter(pl.col(new).is_not_null() & pl.col(at).is_not_null()).select(
            ACCOUNT_ID,
            pl.col(at).alias("changed_at"),
            pl.lit(field).alias("field"),
            nothing.alias("old"),
            pl.col(new).alias("new"),
            # Nobody signs for a web form; a merge is the work of the second record's owner.
            (pl.col(OWNER_REP_ID) if field == "merged_into" else by).alias("changed_by"),
            pl.col(at).alias(RECORDED_AT),
        )

    first = [told(field, column, "created_at") for field, column in FIRST_FIELDS]
    merges = told("merged_into", "merged_into", "merged_at")
    whole = pl.concat([changes, *first, merges]).sort(RECORDED_AT, maintain_order=True)
    return conform("account_changes", whole.lazy()).collect()
