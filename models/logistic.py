"""Logistic head: a regression that predicts from stored numbers alone."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from models.document import document
from models.matrix import Floats, Matrix, matrix_of


@document
@dataclass(frozen=True, slots=True)
class LogisticHead:
    """One number of each kind per feature; a null takes the median and its own coefficient.

    Attributes:
        lows: values below are raised to it (1st percentile of the training rows).
        highs: values above are lowered to it (99th percentile).
        flags: coefficient of "is not known".
        rates: share of training rows where it is not known.
    """

    names: tuple[str, ...]
    medians: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    flags: tuple[float, ...]
    rates: tuple[float, ...]
    intercept: float

    def __post_init__(self) -> None:
        columns = {
            name: len(getattr(self, name))
            for name in (
                "medians", "lows", "highs", "means", "scales", "coefficients", "flags", "rates",
            )
        }  # fmt: skip
        wrong = {name: found for name, found in columns.items() if found != len(self.names)}
        if wrong:
            raise ValueError(f"expected {len(self.names)} numbers per column, found {wrong}")
        if any(scale <= 0.0 for scale in self.scales):
            raise ValueError(f"expected scales above 0, found {min(self.scales)}")

    def log_odds(self, X: pl.DataFrame | Matrix) -> Floats:
        """Log-odds per row."""
        return np.asarray(self.contributions(X).sum(axis=1))

    def contributions(self, X: pl.DataFrame | Matrix) -> Floats:
        """Coefficient times distance from the training mean; the last column is the base."""
        values = matrix_of(X, self.names).astype(np.float64)
        unknown = np.isnan(values)
        filled = np.where(unknown, self.medians, values)
        standard = (np.clip(filled, self.lows, self.highs) - self.means) / self.scales
        parts = standard * self.coefficients + (unknown - np.asarray(self.rates)) * self.flags
        base = np.full((values.shape[0], 1), self.intercept)
        return np.hstack([parts, base])
