"""Shuffled labels: where outcomes are dealt out by chance, no forecast may tell them.

The outcomes of whole accounts change hands, those that were certain at the origin and those that
were not apart; the newest origin is fitted anew and judged on its test block by the outcomes as
they were dealt. What is seen is whether the way from rows to forecasts read an outcome that it is
judged by: test rows among the training rows, windows that had not ended at the origin, an order,
a weight or an encoding of rows made out of their labels. A fit that reads none of these tells
nothing, whatever its features: its AUC is one half but for chance.

What is not seen is a feature that was built out of the label's own rows: it was built before, from
the true outcomes, and knows nothing of those that were dealt. The disturbances find that one.

Test labels are dealt too. Judged by the true ones, a head with monotone constraints would tell
them however its training labels were dealt: it knows the direction beforehand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from features.calendar import Calendar
from features.feature import Entity
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from training.bucket_forecasts import CHAINS, CLASS_OF
from training.folds import Fold
from training.intervals import Codes, Floats, Mask
from training.matrix import Examples
from training.refit import STATE, Forecast
from training.scores import WON
from training.span import Plan

SHUFFLES = 20
AUC_WITHIN = 0.02
ERRORS_WITHIN = 3.0
ROWS, COLUMNS = 2_000, 24
"""Most training rows and features of one fit, unless one moment has more rows: the path from rows
to forecasts is the same with fewer, and twenty fits stay affordable."""
TESTED_MOMENTS = 3
CASES_AT_LEAST = 10

_ENDS = ("event", "event_on", "label_won_by_committed", "label_period", "label_mature")
_Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Guess:
    """How well one prediction told labels that were dealt by chance.

    Attributes:
        prediction: its column.
        auc: mean over the shuffles.
        standard_error: of that mean, clustered by account.
        shuffles: those in which both answers stood in the test block.
        rows: judged ones, of the last shuffle.
        first_auc: mean of the first shuffles, where that lay beyond both borders and the labels
            were dealt anew; the other figures are then those of the fresh shuffles alone.
    """

    prediction: str
    auc: float
    standard_error: float
    shuffles: int
    rows: int
    first_auc: float | None = None

    @property
    def is_finding(self) -> bool:
        """Whether it lies further from one half than chance and .02 explain, each alone."""
        return self._is_beyond_error and self._is_beyond_band

    @property
    def doubt(self) -> str:
        """What is not clear about a prediction that is no finding; empty where all is."""
        if self.is_finding:
            return ""
        if self.first_auc is not None:
            return f"the first {SHUFFLES} shuffles gave {self.first_auc:.3f}, fresh ones did not"
        if self._is_beyond_error:
            return f"more than {ERRORS_WITHIN:.0f} standard errors from 0.50"
        return ""

    @property
    def _is_beyond_error(self) -> bool:
        return abs(self.auc - 0.5) > ERRORS_WITHIN * self.standard_error

    @property
    def _is_beyond_band(self) -> bool:
        return abs(self.auc - 0.5) > AUC_WITHIN

    def __str__(self) -> str:
        """One line with the figures; where chance alone may stray beyond .02, it says so."""
        is_wide = ERRORS_WITHIN * self.standard_error > AUC_WITHIN
        return (
            f"{self.prediction} tells shuffled labels with AUC {self.auc:.3f} "
            f"± {self.standard_error:.3f} (mean of {self.shuffles} shuffles"
            + (f"; too few accounts to tell it to {AUC_WITHIN})" if is_wide else ")")
        )


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A fit to be tried on shuffled labels.

    Attributes:
        fold: the origin; its moments are thinned out before the fits.
        forecast: how a fold is fitted and what it predicts.
        answers: prediction → whether what it foretells came about; null where it is not asked.
        is_certain: whether a row's outcome was known at the origin.
    """

    fold: Fold
    forecast: Forecast
    answers: Mapping[str, pl.Expr]
    is_certain: pl.Expr


def trial_of(entity: Entity, plan: Plan, forecast: Forecast, calendar: Calendar) -> Trial:
    """The newest origin of a plan: every kind of bucket model, or the win curve.

    Of accounts, each bucket is told from the rest; of deals, whether they were won by the
    committed date, where that lies ahead.
    """
    fold = plan.folds[-1]
    if entity == "account":
        asked = pl.when(pl.col("label_mature"))
        answers = {
            f"{kind}.{column}": asked.then(pl.col("label") == bucket)
            for kind in CHAINS
            for column, bucket in CLASS_OF.items()
        }
        return Trial(fold, forecast, answers, pl.col(AS_OF) + plan.horizon.length <= fold.origin)
    is_ahead = pl.col("committed_on") >= calendar.local_day(pl.col(AS_OF))
    won = pl.when(is_ahead).then(pl.col("label_won_by_committed"))
    has_ended = (pl.col("event") != "open") & (pl.col("event_on") < calendar.day_of(fold.origin))
    return Trial(fold, forecast, {WON: won}, has_ended & (pl.col(AS_OF) < fold.origin))


def guesses(
    examples: Examples, trial: Trial, *, seed: int, progress: Callable[[str], None]
) -> list[Guess]:
    """Fit the origin on shuffled labels, twenty times, and measure what each prediction tells.

    Where one lies beyond both borders, twenty fresh shuffles decide: a dozen predictions, each
    allowed its three standard errors, would otherwise cry wolf over a sound fit now and then.
    Each fit reads other features, so that all have their turn. A prediction whose answers are too
    few in every shuffle is left out.

    Raises:
        FitError: when the thinned fold has nothing to learn from.
    """
    draws = np.random.default_rng(seed)
    found = _round(examples, trial, draws, progress)
    if not any(guess.is_finding for guess in found.values()):
        return list(found.values())
    progress(f"{examples.entity}: something was told; dealing the labels anew")
    fresh = _round(examples, trial, draws, progress)
    return [
        replace(fresh[name], first_auc=guess.auc) if guess.is_finding and name in fresh else guess
        for name, guess in found.items()
    ]


def shuffled(examples: Examples, is_certain: pl.Expr, *, draws: np.random.Generator) -> Examples:
    """Every account gets the outcomes of another one, in their order from a drawn place on.

    Certain rows get certain outcomes, the others the others; so an account's test rows and its
    rows from just before the origin, whose end is not known there, go to the same account. A
    certain end of a deal stays as many days after its row; any other one keeps its date, so that
    it stays unknown at the origin.
    """
    rows = examples.rows
    certain = rows.select(is_certain.fill_null(value=False)).to_series().to_numpy()
    account = rows[ACCOUNT_ID].rank("dense").to_numpy().astype(np.int64)
    donors = np.arange(rows.height)
    for block in (np.flatnonzero(certain), np.flatnonzero(~certain)):
        donors[block] = block[_dealt(account[block], draws)]
    is_account = examples.entity == "account"
    outcome = [c for c in rows.columns if (c not in STATE if is_account else c in _ENDS)]
    given = rows.select(outcome)[donors]
    if not is_account:
        later = rows[AS_OF].dt.date() - rows[AS_OF].dt.date().gather(donors)
        moved = pl.when(pl.Series(certain)).then(pl.col("event_on") + later).otherwise("event_on")
        given = given.with_columns(moved)
    return replace(examples, rows=rows.with_columns(given))


def _round(
    examples: Examples, trial: Trial, draws: np.random.Generator, say: Callable[[str], None]
) -> dict[str, Guess]:
    fold = _thinned(trial.fold, examples.rows)
    account = (examples.rows[ACCOUNT_ID].rank("dense").cast(pl.Int64) - 1).alias("_account")
    asked = [answer.alias(f"_{name}") for name, answer in trial.answers.items()]
    told: dict[str, list[_Told]] = {name: [] for name in trial.answers}
    for number in range(1, SHUFFLES + 1):
        dealt = shuffled(_narrowed(examples, draws), trial.is_certain, draws=draws)
        truth = dealt.rows.select(ENTITY_ID, AS_OF, account, *asked)
        forecast = trial.forecast(dealt, fold)
        judged = forecast.join(truth, on=[ENTITY_ID, AS_OF], how="left", maintain_order="left")
        for name in trial.answers:
            told[name] += _told(judged.drop_nulls([name, f"_{name}"]), name)
        if number % 5 == 0:
            say(f"{examples.entity}: {number} of {SHUFFLES} fits on shuffled labels")
    return {name: _guess(name, found) for name, found in told.items() if found}


def _dealt(accounts: Codes, draws: np.random.Generator) -> _Places:
    """For each row the place of the row whose outcome it gets."""
    order = np.argsort(accounts, kind="stable")
    _, starts, counts = np.unique(accounts[order], return_index=True, return_counts=True)
    donor = np.repeat(draws.permutation(starts.size), counts)
    first = np.repeat(draws.integers(0, 2**31, starts.size), counts)
    within = np.arange(order.size) - np.repeat(starts, counts)
    places = np.empty(order.size, dtype=np.intp)
    places[order] = order[starts[donor] + (first + within) % counts[donor]]
    return places


def _narrowed(examples: Examples, draws: np.random.Generator) -> Examples:
    width = len(examples.features)
    if width <= COLUMNS:
        return examples
    chosen = np.sort(draws.choice(width, COLUMNS, replace=False))
    features = tuple(examples.features[place] for place in chosen)
    return replace(examples, X=examples.X.select(f.name for f in features), features=features)


def _thinned(fold: Fold, rows: pl.DataFrame) -> Fold:
    """Fewer moments, spread evenly, the newest of the training and the first tested among them."""

    def fewer(moments: Sequence[datetime]) -> tuple[datetime, ...]:
        count = max(rows.select(pl.col(AS_OF).is_in(list(moments)).sum()).item(), 1)
        most = max(1, min(len(moments), ROWS * len(moments) // count))
        return tuple(reversed(_spread(moments[::-1], most)))

    return replace(
        fold,
        train_as_ofs=fewer(fold.train_as_ofs),
        landmarks=fewer(fold.landmarks),
        test_as_ofs=tuple(_spread(fold.test_as_ofs, TESTED_MOMENTS)),
    )


def _spread(moments: Sequence[datetime], most: int) -> Sequence[datetime]:
    if len(moments) <= most:
        return moments
    return [moments[place * len(moments) // most] for place in range(most)]


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """AUC of one shuffle, and each account's pull on it."""

    auc: float
    pulls: pl.DataFrame
    rows: int


def _told(judged: pl.DataFrame, name: str) -> list[_Told]:
    truth = judged[f"_{name}"].to_numpy()
    if min(int(truth.sum()), int((~truth).sum())) < CASES_AT_LEAST:
        return []
    auc, pull = auc_with_pulls(judged[name], truth)
    pulls = judged.select("_account", pl.Series("pull", pull)).group_by("_account").sum()
    return [_Told(auc, pulls, judged.height)]


def auc_with_pulls(values: pl.Series, is_true: Mask) -> tuple[float, Floats]:
    """The AUC, and by how much each row pulls it up.

    The squares of the pulls, summed by account first, add up to the clustered variance.
    Source: Obuchowski 1997, Nonparametric analysis of clustered ROC curve data.
    """
    ranks = values.rank("average").to_numpy()
    share = np.empty(ranks.size)
    for mine in (is_true, ~is_true):
        own = values.filter(pl.Series(mine)).rank("average").to_numpy()
        below = (ranks[mine] - own) / (~mine).sum()
        share[mine] = below if mine is is_true else 1.0 - below
    auc = float(share[is_true].mean())
    counts = np.where(is_true, is_true.sum(), (~is_true).sum())
    return auc, (share - auc) / counts


def _guess(name: str, told: Sequence[_Told]) -> Guess:
    aucs = [one.auc for one in told]
    return Guess(name, float(np.mean(aucs)), _error(told), len(told), told[-1].rows)


def _error(told: Sequence[_Told]) -> float:
    """Standard error of the mean: an account's pulls are added over the shuffles first."""
    summed = (
        pl.concat(one.pulls for one in told)
        .group_by("_account")
        .agg(pl.col("pull").sum() / len(told))
    )
    return float(np.linalg.norm(summed["pull"].to_numpy()))
