"""Rivals: the reference models, fitted again so that differences are of the same rows.

The reference figures were left by a logistic, an untuned LightGBM and the best rule of one column;
their columns are not kept. Here the logistic stands on a plain table of recency, frequency and
money, or of how invoices were paid so far. Nobody tuned it.

Source: Hughes, Strategic Database Marketing, 1994 (recency, frequency, monetary value).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.reference.labels import DAYS_LATE, LABEL
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from training.intervals import Floats

_KEYS: Final = (ENTITY_ID, AS_OF)
_NEVER_DAYS = 365.0
"""Stands for "days since the last one" where there was none."""


def orders_so_far(rows: pl.LazyFrame, invoices: pl.LazyFrame) -> pl.LazyFrame:
    """Recency, age, frequency and money of each row, from invoices issued before its as_of.

    Returns:
        One row per row of `rows`: entity_id, as_of, then log1p of recency and age (days), orders,
        revenue, orders and revenue of the last 90 days, credit notes.
    """
    days = _days_since("issued_at")
    is_order, is_recent = pl.col("amount") > 0, days <= 90
    told = (
        _before(rows, invoices)
        .group_by(*_KEYS)
        .agg(
            days.filter(is_order).min().alias("recency"),
            days.filter(is_order).max().alias("age"),
            is_order.sum().alias("orders"),
            pl.col("amount").filter(is_order).sum().alias("revenue"),
            (is_order & is_recent).sum().alias("orders_90d"),
            pl.col("amount").filter(is_order & is_recent).sum().alias("revenue_90d"),
            (~is_order).sum().alias("credit_notes"),
        )
    )
    return _logs(rows, told, missing={"recency": _NEVER_DAYS, "age": _NEVER_DAYS})


def payments_so_far(rows: pl.LazyFrame, invoices: pl.LazyFrame) -> pl.LazyFrame:
    """How invoices were paid of each row, from payments before its as_of.

    Returns:
        One row per row of `rows`: entity_id, as_of, late_rate and ten_late_rate (share of the paid
        ones that were late, and by ten days or more; one more of each kind is counted in), then
        log1p of the mean days late, invoices, mean amount and recency (days).
    """
    is_paid = (pl.col("paid_at") < pl.col(AS_OF)).fill_null(value=False)

    def rate(least_days: int) -> pl.Expr:
        late = (is_paid & DAYS_LATE.ge(least_days)).sum()
        return (late + 1) / (is_paid.sum() + 2)

    told = (
        _before(rows, invoices)
        .group_by(*_KEYS)
        .agg(
            rate(1).alias("late_rate"),
            rate(10).alias("ten_late_rate"),
            DAYS_LATE.clip(lower_bound=0).filter(is_paid).mean().alias("days_late"),
            pl.len().alias("invoices"),
            pl.col("amount").clip(lower_bound=0.0).mean().alias("amount"),
            _days_since("issued_at").min().alias("recency"),
        )
    )
    unknown = {"late_rate": 0.5, "ten_late_rate": 0.5, "recency": _NEVER_DAYS}
    return _logs(rows, told, missing=unknown, plain=("late_rate", "ten_late_rate"))


def rival(train: pl.DataFrame, test: pl.DataFrame, columns: Sequence[str]) -> Floats:
    """Probabilities of a logistic on standardised columns; one column makes it a rule."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(train.select(columns).to_numpy(), train[LABEL].to_numpy())
    return np.asarray(model.predict_proba(test.select(columns).to_numpy())[:, 1])


def _before(rows: pl.LazyFrame, invoices: pl.LazyFrame) -> pl.LazyFrame:
    """One row per spine row and invoice issued before its as_of."""
    spine = rows.select(*_KEYS).unique()
    of_account = invoices.rename({ACCOUNT_ID: ENTITY_ID})
    return spine.join(of_account, on=ENTITY_ID).filter(pl.col("issued_at") < pl.col(AS_OF))


def _days_since(moment: str) -> pl.Expr:
    return (pl.col(AS_OF) - pl.col(moment)).dt.total_seconds() / 86_400


def _logs(
    rows: pl.LazyFrame,
    told: pl.LazyFrame,
    *,
    missing: dict[str, float],
    plain: Sequence[str] = (),
) -> pl.LazyFrame:
    """Put what is told beside each row, log1p but for the plain ones; 0 where nothing else is."""
    names = [name for name in told.collect_schema().names() if name not in _KEYS]
    filled = {
        name: pl.col(name).cast(pl.Float64).fill_null(missing.get(name, 0.0)) for name in names
    }
    columns = [filled[name] if name in plain else filled[name].log1p() for name in names]
    spine = rows.select(*_KEYS).unique()
    return spine.join(told, on=_KEYS, how="left").select(*_KEYS, *columns)
