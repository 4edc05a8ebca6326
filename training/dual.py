"""Dual: the win curve beside one that cannot see what a rep types.

A rep types stage, amount, close date and forecast. A second curve reads the rest: answers,
meetings, contacts, covenants, quotes, the calendar and the account. Where the first says less than
the second, somebody plays the deal down (sandbagging); where deals keep falling short of the
first, somebody plays them up (happy ears). Both are means over many deals of one rep, beside their
errors, and never a verdict on a person.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from features.calendar import Calendar
from features.schema import ACCOUNT_ID, AS_OF, OWNER_REP_ID
from models.slip import SlipModel
from training.forecasts import FitPlan
from training.intervals import Figure, clusters_of, mean_figure
from training.matrix import Examples
from training.metrics import log_losses
from training.slip_fit import fit_slip

HORIZON_DAYS = 91
"""The date that both are asked about: a quarter ahead, which nobody types."""
ROWS_AT_LEAST = 20
TYPED, UNTYPED, CAME = "p_typed", "p_untyped", "won_in_quarter"


def fit_untyped(train: Examples, *, cut: date, calendar: Calendar, plan: FitPlan) -> SlipModel:
    """The win curve of what a rep does not type; it knows no committed date either.

    Raises:
        FitError: when no deal closed before the cut.
        ValueError: when everything that is left can be typed.
    """
    free = tuple(feature for feature in train.features if not feature.is_rep_editable)
    if not free:
        raise ValueError("expected features that a rep cannot type, found none")
    return fit_slip(
        train.X,
        without_dates(train.rows),
        features=free,
        calendar=calendar,
        seed=plan.seed,
        threads=plan.threads,
        cut=cut,
    )


def without_dates(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as if no close date had been typed."""
    return rows.with_columns(committed_on=pl.lit(None, pl.Date))


def both_told(
    typed: SlipModel, untyped: SlipModel, asked: Examples, calendar: Calendar
) -> pl.DataFrame:
    """What both curves say of a win within a quarter, and whether it came.

    Args:
        typed: the curve that is served.
        untyped: from `fit_untyped`.
        asked: deals at their landmarks, out of time.
        calendar: days.

    Returns:
        account_id, as_of, owner_rep_id, p_typed, p_untyped and won_in_quarter (null where the
        quarter had not passed); rows as asked.
    """
    curves = typed.curve(asked.X, asked.rows, calendar)
    free = untyped.curve(asked.X, without_dates(asked.rows), calendar)
    ahead = np.full(asked.rows.height, float(HORIZON_DAYS))
    day = calendar.local_day(pl.col(AS_OF))
    last = day + timedelta(days=HORIZON_DAYS - 1)
    came = (pl.col("event") == "won") & (pl.col("event_on") <= last).fill_null(value=False)
    return asked.rows.select(
        ACCOUNT_ID,
        AS_OF,
        OWNER_REP_ID,
        pl.Series(TYPED, curves.won_by(ahead)),
        pl.Series(UNTYPED, free.won_by(ahead)),
        pl.when(last < pl.col("censored_on")).then(came.cast(pl.Float64)).alias(CAME),
    )


def rep_deltas(told: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """By how much each rep's typing plays deals down, and how far deals fall short of it.

    Args:
        told: as from `both_told`.
        seed: of the bootstrap over accounts.

    Returns:
        owner_rep_id, rows, sandbagging (mean of p_untyped less p_typed), happy_ears (mean of
        p_typed less what came), each with _low and _high, 90 %; sorted by owner_rep_id. Reps with
        fewer than 20 rows are absent.
    """
    known = told.drop_nulls([OWNER_REP_ID, TYPED, UNTYPED, CAME])
    found = []
    for (owner,), mine in known.group_by(OWNER_REP_ID):
        if mine.height < ROWS_AT_LEAST:
            continue
        down, up = _mean(mine, UNTYPED, TYPED, seed=seed), _mean(mine, TYPED, CAME, seed=seed)
        found.append(
            {OWNER_REP_ID: owner, "rows": mine.height}
            | _columns("sandbagging", down)
            | _columns("happy_ears", up)
        )
    return pl.DataFrame(found, schema=_SCHEMA).sort(OWNER_REP_ID)


def editable_share(told: pl.DataFrame, base: float) -> float | None:
    """How much of the skill hangs on what a rep types; None where there is no skill.

    The gain in log loss over the base that is lost when nothing typed is read, as a share of the
    whole gain: 0 when typing adds nothing, 1 when it is all there is.

    Args:
        told: as from `both_told`.
        base: share of wins that a forecaster without any features would say.
    """
    known = told.drop_nulls([TYPED, UNTYPED, CAME])
    came = known[CAME].to_numpy()
    typed, untyped = (log_losses(came, known[name].to_numpy()).mean() for name in (TYPED, UNTYPED))
    gain = log_losses(came, np.full(came.size, base)).mean() - typed
    return float((untyped - typed) / gain) if gain > 0.0 else None


_SCHEMA = {
    OWNER_REP_ID: pl.String,
    "rows": pl.Int64,
    **{
        f"{name}{end}": pl.Float64
        for name in ("sandbagging", "happy_ears")
        for end in ("", "_low", "_high")
    },
}


def _mean(rows: pl.DataFrame, more: str, less: str, *, seed: int) -> Figure:
    clusters = clusters_of(rows[ACCOUNT_ID], seed=seed)
    return mean_figure((rows[more] - rows[less]).to_numpy(), clusters)


def _columns(name: str, found: Figure) -> dict[str, float | None]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
