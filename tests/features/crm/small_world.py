"""One small synthetic CRM, and what the tests read off it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import polars as pl

from features.crm.synthetic import WorldParams

PARAMS = WorldParams(accounts=240, seed=11, years=3)
END = datetime(2026, 11, 21, tzinfo=UTC)
World = Mapping[str, pl.DataFrame]


def closed(world: World) -> pl.DataFrame:
    return world["opportunities"].filter(pl.col("outcome") != "open")


def r_squared(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1] ** 2)


def by_account(frame: pl.DataFrame, value: pl.Expr, ids: pl.Series) -> np.ndarray:
    told = frame.group_by("account_id").agg(value.alias("value"))
    whole = ids.to_frame().join(told, on="account_id", how="left", maintain_order="left")
    return whole["value"].to_numpy().astype(np.float64)
