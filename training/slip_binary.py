"""Slip binary: one forest that answers one question, won by the committed date, and nothing else.

It has no curve: what it says of a date moved by a week is another question to it, and may fall. It
competes to show what a curve costs, and is never served.
"""

import numpy as np
import polars as pl

from features.schema import ENTITY_ID
from models.logodds import sigmoid
from training.forecasts import FitPlan
from training.heads import Craft, FitError, Sample, fit_head
from training.matrix import Examples
from training.scores import WON

BINARY = "binary"
WEEKS = "weeks_ahead"


def forecast_binary(settled: Examples, test: Examples, *, plan: FitPlan) -> pl.DataFrame:
    """Fit on rows whose committed date has passed and answer for the rows of the test block.

    Args:
        settled: rows with `WON` as 0 or 1 and `WEEKS`, the weeks to the committed date.
        test: rows with `WEEKS`; without one they are answered all the same.
        plan: seed and threads.

    Raises:
        FitError: no settled rows.
    """
    if settled.rows.height == 0:
        raise FitError("binary: expected rows whose committed date has passed, found none")
    won = settled.rows[WON].to_numpy() > 0
    deals = [settled.rows.filter(pl.Series(mask))[ENTITY_ID].n_unique() for mask in (won, ~won)]
    sample = Sample(
        X=_inputs(settled),
        y=won,
        weight=np.ones(settled.rows.height),
        rarer=min(deals),
        overlap=settled.rows.height / settled.rows[ENTITY_ID].n_unique(),
    )
    head = fit_head(sample, "win", Craft("lightgbm", settled.features, plan.seed, plan.threads))
    rows = _inputs(test).to_numpy(order="c").astype(np.float32)
    return pl.DataFrame({WON: sigmoid(head.log_odds(rows))})


def _inputs(examples: Examples) -> pl.DataFrame:
    weeks = examples.rows[WEEKS].cast(pl.Float32).fill_null(float("nan"))
    return examples.X.with_columns(pl.all().fill_null(float("nan")), weeks.alias(WEEKS))
