"""Plain: a logistic that reads what any list of applications shows, fitted again as a rival.

Which columns the reference models read is not known; these are ours, and nobody tuned them.
"""

from datetime import date

import numpy as np
import polars as pl

from benchmarks.bpi.rows import LEARNT, last_certain, on_days
from benchmarks.reference.labels import LABEL
from benchmarks.reference.rivals import rival
from training.intervals import Floats
from training.matrix import Examples

_LOGS = ("age_days", "stage_days", "days_since_touch", "touches_30d", "stage_moves")
_OFFER_DAYS = 21.0
"""From an offer to the day to which it is committed."""

_NEVER_DAYS = 90.0
"""Stands for "days since" where there was none."""


def plain(examples: Examples) -> pl.DataFrame:
    """Stage, age, time in the stage, touches, amount and the age of the first offer, no nulls.

    Returns:
        Float64 columns, rows as in the examples.
    """
    days = pl.col("committed_on") - pl.col("on")
    since_offer = (_OFFER_DAYS - days.dt.total_days()).fill_null(_NEVER_DAYS).clip(lower_bound=0.0)
    stages = examples.rows["stage"].cast(pl.String).fill_null("none").rename("stage").to_dummies()
    counts = examples.X.select(
        pl.col(name).cast(pl.Float64).fill_null(_NEVER_DAYS).clip(lower_bound=0.0).log1p()
        for name in _LOGS
    )
    own = examples.rows.select(
        since_offer.log1p().alias("since_offer"),
        pl.col("amount").fill_null(0.0).clip(lower_bound=0.0).log1p().alias("amount"),
    )
    return pl.concat([stages.cast(pl.Float64), counts, own], how="horizontal")


def logistic(examples: Examples, label: str, *, cut: date, judged: tuple[date, ...]) -> Floats:
    """Probabilities of the judged rows, learnt from Mondays whose answers were certain at the cut.

    Args:
        label: column of the rows.
    """
    table = plain(examples).with_columns(examples.rows[label].alias(LABEL))
    certain = tuple(day for day in LEARNT if day <= last_certain(cut))
    train, test = (
        table.filter(examples.rows.select(on_days(days)).to_series()) for days in (certain, judged)
    )
    columns = [name for name in table.columns if name != LABEL and train[name].n_unique() > 1]
    return np.asarray(rival(train, test, columns))
