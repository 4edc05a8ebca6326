"""Additivity: whether the contributions of a score add up to its log-odds."""

import numpy as np
import polars as pl

from benchmarks.reasons.trial import Trial
from features.schema import AS_OF
from models.bucket import BucketModel
from models.curve import ends_of
from models.grid import days_of, target_calendar
from models.head import Head
from models.logodds import logit
from models.matrix import Matrix, matrix_of
from models.slip import SlipModel

ROWS = 10_000


def gaps(trial: Trial, bucket: BucketModel, slip: SlipModel, rows: int = ROWS) -> dict[str, float]:
    """The largest |sum of contributions + base - log-odds| of each head, and of a deal's reasons.

    Rows are the newest of the training grid by id; with fewer than asked for, all there are. The
    last one compares the sum behind a deal's reasons with its own win curve, in the week asked.
    """
    X = matrix_of(trial.account_rows.X, bucket.names)[-rows:]
    found = {f"bucket {h.name}": _gap(h, X) for h in (bucket.walk, bucket.pain, bucket.a_list)}
    deals = matrix_of(trial.deal_rows.X, slip.names)[-rows:]
    state = trial.deal_rows.rows.select(AS_OF, "committed_on")[-rows:]
    week = _weeks(trial, slip, state)
    places = np.arange(len(deals))
    asked = np.hstack([deals, week[places, places % slip.grid.steps]])
    found |= {f"slip {head.name}": _gap(head, asked) for head in (slip.close, slip.win)}
    found["slip reasons"] = _reasons_gap(trial, slip, deals, state)
    return found


def rows_used(trial: Trial, rows: int = ROWS) -> tuple[int, int]:
    """Of accounts and of deals."""
    return min(rows, trial.account_rows.X.height), min(rows, trial.deal_rows.X.height)


def _gap(head: Head, X: Matrix) -> float:
    return float(np.abs(head.contributions(X).sum(axis=1) - head.log_odds(X)).max())


def _weeks(trial: Trial, slip: SlipModel, state: pl.DataFrame) -> Matrix:
    as_of, committed = state[AS_OF].dt.date(), state["committed_on"]
    return target_calendar(
        days_of(as_of.to_list()), days_of(committed.to_list()), slip.grid, trial.calendar
    )


def _reasons_gap(trial: Trial, slip: SlipModel, deals: Matrix, state: pl.DataFrame) -> float:
    explained = slip.explain(deals, state, trial.calendar)
    told = explained.base + explained.averaged().sum(axis=1)
    curves = slip.curve(deals, state, trial.calendar)
    ends = ends_of(state, trial.calendar)
    is_ahead = (ends["committed_on"] >= ends["as_of_on"]).fill_null(value=False)
    day = ends["committed_on"].zip_with(is_ahead, ends["period_end"])
    elapsed = (days_of(day.to_list()) - curves.as_of).astype(np.int64) + 1
    step = np.minimum(np.searchsorted(curves.days[1:], elapsed), slip.grid.steps - 1)
    place = np.arange(len(step))
    won_in_step = curves.won[place, step + 1] - curves.won[place, step]
    chance = won_in_step / curves.open[place, step]
    return float(np.abs(told - logit(np.clip(chance, 1e-12, 1.0 - 1e-12))).max())
