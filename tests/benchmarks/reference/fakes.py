"""Rows and results that the tests of the reference labels share."""

from typing import Any

import polars as pl

from features.schema import TIME
from tests.factories import Row, day, frame


def spine(*accounts: str) -> pl.LazyFrame:
    return pl.LazyFrame(
        {"entity_id": accounts, "as_of": [day(0)] * len(accounts)},
        schema_overrides={"as_of": TIME},
    )


def invoices(*rows: Row) -> pl.LazyFrame:
    return frame("invoices", rows)


def figure(value: float, spread: float = 0.01) -> dict[str, float]:
    return {"value": value, "low": value - spread, "high": value + spread}


def recipe(auc: float, loss: float, *, earlier: float, gain: float = 0.02) -> dict[str, Any]:
    refit = {
        "auc": figure(0.7),
        "log_loss": figure(0.5),
        "auc_difference": figure(auc - 0.7),
        "gain": {**figure(gain), "share": 0.1},
    }
    return {
        "table": "whole catalogue",
        "kind": "blend",
        "company": "alone",
        "earlier_log_loss": earlier,
        "auc": figure(auc),
        "log_loss": figure(loss),
        "against": {"logistic": refit, "rule: recency": refit},
    }


def question_told(*recipes: dict[str, Any], loss: float | None = 0.6) -> dict[str, Any]:
    return {
        "name": "buys again",
        "train_rows": 2_767,
        "rows": 3_360,
        "accounts": 3_360,
        "earlier_splits": 1,
        "base_rate": {"train": 0.49, "test": 0.55},
        "printed": {"auc": 0.75, "log_loss": loss},
        "recipes": list(recipes),
        "standings": [{}, {}],
    }
