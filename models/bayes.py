"""Naive Bayes: how often each value of a field came with each outcome, multiplied together.

The scoring of open-source CRMs: every field of a record speaks for itself. Fields that say the
same twice are counted twice, so its probabilities are too sure of themselves; it is a baseline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.baseline import base_of

SMOOTHING = 0.1
"""Observations of each value that every outcome is given, so that no value rules one out."""


@dataclass(frozen=True, slots=True, eq=False)
class NaiveBayes:
    """Log of the frequency of each value under each outcome.

    Attributes:
        classes: names of the predicted columns; with a single one, the other outcome is its
            opposite.
        base: share of each outcome over all training rows.
        ratios: field → its values (null is one) with one log-frequency per outcome.
    """

    classes: tuple[str, ...]
    base: tuple[float, ...]
    ratios: Mapping[str, pl.DataFrame]

    def predict(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One row per row of `rows`; a value that training has not seen says nothing."""
        outcomes = _outcomes(self.classes)
        total = np.tile(np.log(np.asarray(self.base)), (rows.height, 1))
        for field, table in self.ratios.items():
            found = rows.select(pl.col(field).cast(pl.String)).join(
                table, on=field, how="left", nulls_equal=True, maintain_order="left"
            )
            total += found.select(pl.col(outcomes).fill_null(0.0)).to_numpy()
        odds = np.exp(total - total.max(axis=1, keepdims=True))
        p = odds / odds.sum(axis=1, keepdims=True)
        return pl.DataFrame(p, schema=list(outcomes)).select(self.classes)


def fit_bayes(rows: pl.DataFrame, *, classes: Sequence[str], fields: Sequence[str]) -> NaiveBayes:
    """Count the values of each field under each outcome.

    Args:
        rows: the fields, of any dtype with few values, and each class as 0 or 1 without nulls.
        classes: the class columns.
        fields: columns to multiply over.

    Source: Odoo's predictive lead scoring multiplies the same frequencies, field by field.
    """
    outcomes = _outcomes(tuple(classes))
    shares = base_of(rows, classes)
    base = shares if len(classes) > 1 else (*shares, 1.0 - shares[0])
    asked = rows if len(classes) > 1 else rows.with_columns((1.0 - pl.col(classes[0])).alias(_NOT))
    totals = [float(asked[name].sum()) for name in outcomes]
    ratios = {}
    for field in fields:
        counts = (
            asked.with_columns(pl.col(field).cast(pl.String))
            .group_by(field)
            .agg(pl.col(name).sum() for name in outcomes)
            .sort(field, nulls_last=True)
        )
        ratios[field] = counts.select(
            field,
            *[
                ((pl.col(name) + SMOOTHING) / (total + SMOOTHING * counts.height)).log().alias(name)
                for name, total in zip(outcomes, totals, strict=True)
            ],
        )
    return NaiveBayes(tuple(classes), base, ratios)


_NOT = "_not"


def _outcomes(classes: tuple[str, ...]) -> tuple[str, ...]:
    return classes if len(classes) > 1 else (*classes, _NOT)
