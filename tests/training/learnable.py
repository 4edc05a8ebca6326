"""Features and values from which a head can learn something, for the tests of fitting."""

import numpy as np
import polars as pl

from features.feature import Feature

NAMES = ("a", "b", "c")


def entry(name: str, **direction: int) -> Feature:
    return Feature(
        name=name,
        meaning=name,
        unit="count",
        concept="engagement",
        needs=(),
        null_means="not recorded",
        sentence="{value}",
        direction=direction,  # type: ignore[arg-type]
    )


FEATURES = (entry("a", walk=1, close=1), entry("b"), entry("c"))


def values(rows: int, seed: int) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(rows, 3)).astype(np.float32)
    found[np.random.default_rng(seed + 1).random(rows) < 0.1, 2] = np.nan
    return found


def table(found: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(found, schema=list(NAMES), orient="row")
