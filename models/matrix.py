"""Matrix: feature rows as the array that every head reads."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]


def matrix_of(X: pl.DataFrame | Matrix, names: Sequence[str]) -> Matrix:
    """The named columns, in order, as a C-ordered array with NaN for null.

    Raises:
        ValueError: a column is missing, or an array has another width.
    """
    if isinstance(X, pl.DataFrame):
        missing = [name for name in names if name not in X.columns]
        if missing:
            raise ValueError(f"expected feature columns {list(names)}, missing {missing}")
        wide = X.select(pl.col(name).cast(pl.Float32) for name in names)
        return np.ascontiguousarray(wide.to_numpy(order="c"), dtype=np.float32)
    if X.ndim != 2 or X.shape[1] != len(names):
        raise ValueError(f"expected an array of {len(names)} columns, got shape {X.shape}")
    return np.ascontiguousarray(X, dtype=np.float32)
