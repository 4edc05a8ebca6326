"""The label window: half-open, from as_of on, as long as the horizon."""

from datetime import timedelta

import polars as pl

from features.pursuit import ENDS_AT, STARTS_AT
from features.schema import AS_OF


def label_windows(spine: pl.LazyFrame, horizon: timedelta) -> pl.LazyFrame:
    """Add `starts_at` and `ends_at`, the label window `[as_of, as_of + horizon)`.

    Raises:
        ValueError: for a horizon that is not above zero.
    """
    if horizon <= timedelta(0):
        raise ValueError(f"expected a horizon above zero, got {horizon}")
    return spine.with_columns(
        pl.col(AS_OF).alias(STARTS_AT), (pl.col(AS_OF) + horizon).alias(ENDS_AT)
    )


def shifted(windows: pl.LazyFrame, by: timedelta) -> pl.LazyFrame:
    """The same windows, earlier (a negative shift) or later."""
    return windows.with_columns(pl.col(STARTS_AT) + by, pl.col(ENDS_AT) + by)
