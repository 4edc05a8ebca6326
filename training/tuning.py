"""Tuning: settings searched inside a fit's own past, and kept only where they are better there.

The past of a fit is split in time as the walk splits the whole log: a fit ends at an inner cut,
on windows that had ended by then, and the moments from the cut on judge it. No row reaches the
search that the fit may not learn from. Heads before the cut are sized as those of the whole past
will be: sized for their own rows, which are fewer, the search would find the trees that more rows
bring by themselves, and the fit would have them twice.

The three heads share their settings. A search on the loss of the whole chain weighs the heads as
the judged loss does and costs one search; one for each head would choose among a third of the
evidence each time. Boosters and logistic are searched apart, for neither loss depends on the
other's settings, and the blend takes both.

Source: Bergstra et al. 2011, Algorithms for hyper-parameter optimization (TPE).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from features.schema import ACCOUNT_ID, AS_OF
from models.bucket import Kind
from models.policy import BUCKETS
from training.fit import FitError, fit_bucket
from training.forecasts import FitPlan
from training.intervals import Codes, Floats, paired_gain
from training.matrix import Examples
from training.metrics import class_losses
from training.settings import AS_SIZED, SIDE_OF, Attempt, Settings, Side, Tuned

RANGES: Mapping[str, tuple[float, float]] = {
    "rounds": (0.5, 2.0),
    "leaves": (0.5, 2.0),
    "min_leaf": (0.5, 3.0),
    "row_share": (0.6, 2.0),
    "column_share": (0.4, 2.0),
    "l2": (0.2, 10.0),
    "ridge": (0.1, 30.0),
}
"""Setting → the least and the largest factor tried, evenly spread in logs."""

SIDES: Mapping[str, tuple[Side, ...]] = {
    "lightgbm": ("trees",),
    "logistic": ("ridge",),
    "blend": ("trees", "ridge"),
    "ensemble": ("trees",),
}
"""Kind of chain → the sides whose settings it takes."""

JUDGED_BY: Mapping[Side, Kind] = {"trees": "lightgbm", "ridge": "logistic"}
_JUDGING_SHARE = 4
"""One in so many training moments judges."""


@dataclass(frozen=True, slots=True)
class InnerSplit:
    """The moments of a fit's past: those that teach, and from the cut on those that judge."""

    train_as_ofs: tuple[datetime, ...]
    test_as_ofs: tuple[datetime, ...]

    @property
    def cut(self) -> datetime:
        """The inner origin."""
        return self.test_as_ofs[0]


def inner_split(moments: Sequence[datetime], horizon: timedelta) -> InnerSplit | None:
    """Let the newest quarter of the moments judge those whose windows had ended before it.

    None where fewer moments would teach than judge.

    >>> from datetime import UTC
    >>> days = [datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 9)]
    >>> split = inner_split(days, timedelta(days=3))
    >>> [day.day for day in split.train_as_ofs], [day.day for day in split.test_as_ofs]
    ([1, 2, 3, 4], [7, 8])
    """
    ordered = sorted(set(moments))
    judging = max(1, len(ordered) // _JUDGING_SHARE)
    test = tuple(ordered[-judging:])
    train = tuple(moment for moment in ordered if moment + horizon <= test[0]) if test else ()
    return InnerSplit(train, test) if len(train) >= judging else None


def tune_bucket(
    train: Examples, *, horizon: timedelta, plan: FitPlan, kind: str = "blend"
) -> Tuned:
    """Search the settings of a kind of chain on the newest part of its training rows.

    Args:
        train: every row that the fit may learn from, and no other.
        horizon: length of the label window.
        plan: seed, threads and the number of trials; its settings are not looked at.
        kind: which chain; "blend" searches what all kinds need.
    """
    split = inner_split(train.rows[AS_OF].unique().to_list(), horizon)
    if split is None or plan.trials == 0:
        return Tuned(plan.trials)
    is_judged = pl.col("label").is_not_null() & pl.col("label_mature")
    past, judged = train.at(split.train_as_ofs), train.at(split.test_as_ofs).where(is_judged)
    if judged.rows.height == 0:
        return Tuned(plan.trials)
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    outcome = judged.rows["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()
    growth = train.rows.height / max(past.rows.height, 1)
    attempts: dict[Side, Attempt] = {}
    for side in SIDES[kind]:
        trial = _Trial(past, judged, outcome, JUDGED_BY[side], growth, plan)
        try:
            attempts[side] = _attempt(side, trial.losses, judged.rows[ACCOUNT_ID], plan=plan)
        except FitError:  # a head without rows before the cut, though not before the origin
            return Tuned(plan.trials)
    return Tuned(plan.trials, split.cut, attempts)


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """One fit before the cut, judged after it."""

    past: Examples
    judged: Examples
    outcome: Codes
    kind: Kind
    growth: float
    plan: FitPlan

    def losses(self, settings: Settings) -> Floats:
        """Log loss by judged row."""
        model = fit_bucket(
            self.past.X,
            self.past.rows,
            features=self.past.features,
            kind=self.kind,
            seed=self.plan.seed,
            threads=self.plan.threads,
            settings=settings,
            growth=self.growth,
        )
        return class_losses(self.outcome, model.predict(self.judged.X).to_numpy())


def _attempt(
    side: Side, losses: Callable[[Settings], Floats], accounts: pl.Series, *, plan: FitPlan
) -> Attempt:
    """Try settings of one side beside those that change nothing; the first of the best wins."""
    # Only here: it takes longer to import than most trials, and most recipes try none.
    import optuna  # noqa: PLC0415

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    spread: dict[str, optuna.distributions.BaseDistribution] = {
        name: optuna.distributions.FloatDistribution(*ends, log=True)
        for name, ends in RANGES.items()
        if SIDE_OF[name] == side
    }
    sampler = optuna.samplers.TPESampler(seed=plan.seed, n_startup_trials=max(1, plan.trials // 3))
    study = optuna.create_study(sampler=sampler, direction="minimize")
    study.enqueue_trial(dict.fromkeys(spread, 1.0))
    untouched: Floats = np.zeros(0)
    best, least = AS_SIZED, untouched
    for number in range(plan.trials + 1):
        asked = study.ask(spread)
        settings = Settings(**asked.params)
        found = losses(settings)
        study.tell(asked, float(found.mean()))
        if number == 0:
            untouched = least = found
        elif found.mean() < least.mean():
            best, least = settings, found
    return Attempt(best, paired_gain(least, untouched, accounts, seed=plan.seed))
