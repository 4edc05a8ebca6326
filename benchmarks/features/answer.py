"""Answer: the 61 columns of every account at every as_of, however a peer came by its measures."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from benchmarks.features.core61 import CORE, MEASURES
from benchmarks.features.definition import Quotient

KEYS = ("account_id", "as_of")
TIME = pl.Datetime("us", "UTC")


def spine(folder: Path, as_ofs: Sequence[datetime]) -> pl.DataFrame:
    """Every account at every as_of: account_id, as_of."""
    accounts = pl.read_parquet(folder / "accounts.parquet", columns=["account_id"])
    return accounts.join(pl.DataFrame({"as_of": as_ofs}, schema={"as_of": TIME}), how="cross")


def answer(rows: pl.DataFrame, told: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """The spine with measures, zeros where nothing happened, and quotients.

    Args:
        rows: a spine, or the accounts of one as_of.
        told: frames with `keys` and measures; an account without rows is absent.
        keys: what they are joined on.

    Returns:
        account_id, as_of and the 61 columns as Float32, one row for each of `rows`.
    """
    whole = rows.lazy()
    for part in told:
        whole = whole.join(part.lazy(), on=list(keys), how="left")
    counted = [
        pl.col(measure.name).cast(pl.Float32).fill_null(0.0)
        if measure.is_zero_without_rows
        else pl.col(measure.name).cast(pl.Float32)
        for measure in MEASURES
    ]
    quotients = [_quotient(entry) for entry in CORE if isinstance(entry, Quotient)]
    names = [entry.name for entry in CORE]
    return whole.with_columns(counted).with_columns(quotients).select(*KEYS, *names).collect()


def _quotient(entry: Quotient) -> pl.Expr:
    part, whole = pl.col(entry.part), pl.col(entry.whole)
    return pl.when(whole > 0).then(entry.times * part / whole).cast(pl.Float32).alias(entry.name)
