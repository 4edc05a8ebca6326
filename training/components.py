"""Components: one small booster for each thing that an account is expected to bring or to cost."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.booster import BoosterParams, Nature, fit_booster
from models.components import COMPONENTS, Component, ComponentHead, ComponentModel, Name
from models.matrix import Floats
from training.forecasts import FitPlan
from training.heads import COLUMNS_A_TREE, MOST_COLUMN_SHARE
from training.matrix import Examples

OUTCOMES: Mapping[Name, pl.Expr] = {
    "no_win": ~pl.col("is_won"),
    "growth": pl.col("growth"),
    "bookings": pl.col("bookings"),
    "hours": pl.col("hours"),
    "friction": pl.col("friction"),
    "advocate": pl.col("is_advocate"),
    "self_renewer": pl.col("is_self_renewer"),
}
"""Component → its outcome in the label frame; rows where it is null teach it nothing."""

EXPECTED = "expected_"
"""Prefix of a component's column among forecasts."""

_FEW, _SOME = 500, 2_000
_LEAST_CASES = 10


def fit_components(train: Examples, *, plan: FitPlan) -> ComponentModel:
    """Fit every component that the rows tell; the others are left out.

    Args:
        train: account rows with mature labels; those neither exposed nor active teach nothing.
        plan: seed and threads.
    """
    asked = train.where(pl.col("label_mature") & (pl.col("weight_walk") > 0))
    heads: dict[str, ComponentHead] = {}
    for number, component in enumerate(COMPONENTS):
        outcome = asked.rows.select(OUTCOMES[component.name].cast(pl.Float64)).to_series()
        known = outcome.is_not_null()
        if not known.any():
            continue
        y = outcome.filter(known).to_numpy().clip(component.low, component.high)
        X = asked.X.filter(known)
        heads[component.name] = _head(X, y, component, asked, plan=plan, number=number)
    return ComponentModel(tuple(train.X.columns), heads)


def expected_columns(model: ComponentModel, X: pl.DataFrame) -> pl.DataFrame:
    """What the components say of each row, each under its name with `expected_` before it."""
    told = model.predict(X)
    return told.rename({name: f"{EXPECTED}{name}" for name in told.columns})


def _head(
    X: pl.DataFrame,
    y: Floats,
    component: Component,
    asked: Examples,
    *,
    plan: FitPlan,
    number: int,
) -> ComponentHead:
    why = _too_little(y, component)
    if why:
        return ComponentHead(None, constant=_constant(y, component), note=why)
    scale = _mean(y) if component.objective == "tweedie" else 1.0
    categories = frozenset(feature.name for feature in asked.features if feature.vocabulary)
    params = BoosterParams(
        objective=component.objective,
        leaves=4 if len(y) < _SOME else 8,
        rounds=60 if len(y) < _FEW else 120,
        min_leaf=min(max(len(y) // 50, 10), 100),
        seed=plan.seed + number,
        threads=plan.threads,
        column_share=min(MOST_COLUMN_SHARE, COLUMNS_A_TREE / max(X.width, 1)),
    )
    booster = fit_booster(X, y / scale, params=params, nature=Nature(categories=categories))
    return ComponentHead(booster, scale=scale)


def _too_little(y: NDArray[np.float64], component: Component) -> str:
    """Why no booster is fitted; empty where there is enough."""
    if component.objective == "binary":
        rarer = int(min(y.sum(), len(y) - y.sum()))
        return f"{rarer} of {len(y)} rows say otherwise" if rarer < _LEAST_CASES else ""
    kinds = len(np.unique(y))
    return f"{kinds} kinds of outcome in {len(y)} rows" if kinds < _LEAST_CASES else ""


def _constant(y: Floats, component: Component) -> float:
    if component.objective == "binary":
        return float((y.sum() + 0.5) / (len(y) + 1.0))
    return _mean(y)


def _mean(y: Floats) -> float:
    """The mean without its last bits: in those, sums of the CRM differ from run to run."""
    return float(np.float32(y.mean()))
