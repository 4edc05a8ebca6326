"""Loss reason fit: learnt from lost deals of which the seller said why, or shares of the book.

Sellers say why when a deal is closed, if at all. So a reason teaches from the day of the loss on,
every landmark of a deal says the same and counts a part of one, and a deal without a reason is
not a class of its own. A head must have beaten the shares of the book at past origins, with a
90 % interval above nothing, before any deal is told another mix than the book's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from features.book import Book
from features.calendar import Calendar
from features.schema import ACCOUNT_ID, ENTITY_ID, OPPORTUNITY_ID
from models.booster import Booster, BoosterParams, Nature, fit_boosters
from models.loss_reason import OTHER, LossReasonModel
from training.folds import Fold
from training.forecasts import FitPlan
from training.heads import COLUMNS_A_TREE, MOST_COLUMN_SHARE, SEEDS
from training.intervals import Gain, paired_gain
from training.matrix import Examples
from training.metrics import class_losses

LEAST_CODED = 100
"""Lost deals with a reason below which only shares are told."""
LEAST_OF_REASON = 30
"""Lost deals below which a reason is pooled with the other rare ones."""

_SOME = 400
_CASES_IN_LEAF = 15


@dataclass(frozen=True, slots=True)
class Shares:
    """The reasons told apart, most frequent first, and their shares of the deals with one."""

    reasons: tuple[str, ...]
    shares: tuple[float, ...]

    def codes(self, reasons: pl.Series) -> pl.Series:
        """Their places; what is not told apart is `other`, or null where there is no such class."""
        places = {reason: place for place, reason in enumerate(self.reasons)}
        return reasons.replace_strict(places, default=places.get(OTHER), return_dtype=pl.Int64)


@dataclass(frozen=True, slots=True)
class _Trial:
    """How the head stood against the shares; `gain` is None where it was not tried."""

    gain: Gain | None
    note: str


def lost_deals(book: Book, calendar: Calendar) -> pl.DataFrame:
    """Every deal lost by `observed_until`: entity_id, lost_on (local day), reason.

    A reason is taken in small letters without spaces around it; null where none was recorded.
    """
    reason = pl.col("loss_reason").str.strip_chars().str.to_lowercase()
    return (
        book["opportunities"]
        .filter((pl.col("outcome") == "lost") & (pl.col("closed_at") < book.observed_until))
        .select(
            pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
            calendar.local_day(pl.col("closed_at")).alias("lost_on"),
            pl.when(reason != "").then(reason).alias("reason"),
        )
        .sort(ENTITY_ID)
        .collect()
    )


def fit_loss_reason(
    deals: Examples,
    lost: pl.DataFrame,
    *,
    folds: Sequence[Fold],
    calendar: Calendar,
    cut: date,
    plan: FitPlan,
) -> LossReasonModel | None:
    """Fit the reasons on what was known before the day of the cut; None where none is known.

    Args:
        deals: described landmarks with what became of them.
        lost: as `lost_deals` gives it.
        folds: past origins, at each of which the head is held against the shares.
        calendar: for the days of the origins.
        cut: deals lost from this day on are not known.
        plan: seed and threads.
    """
    known = lost.filter(pl.col("lost_on") < cut)
    coded = known.drop_nulls("reason")
    if coded.is_empty():
        return None
    told = shares_of(coded["reason"])
    trial = _tried(deals, coded, folds=folds, calendar=calendar, plan=plan)
    boosters: tuple[Booster, ...] = ()
    if trial.gain is not None and trial.gain.is_sure and _can_teach(coded, told):
        boosters = _grown(_lost(deals, coded), told, plan=plan)
    return LossReasonModel(
        names=tuple(deals.X.columns),
        reasons=told.reasons,
        shares=told.shares,
        boosters=boosters,
        lost=known.height,
        coded=coded.height,
        note=trial.note,
    )


def shares_of(reasons: pl.Series) -> Shares:
    """The reasons of lost deals, one each; rare ones pooled where that leaves two or more.

    Below `LEAST_CODED` deals, and where every reason is rare, they stay as they are: nobody
    learns from them, and "other" tells nothing.
    """
    counts = reasons.alias("reason").value_counts(name="deals")
    is_frequent = pl.col("deals") >= LEAST_OF_REASON
    pooled = (
        counts.with_columns(pl.when(is_frequent).then("reason").otherwise(pl.lit(OTHER)))
        .group_by("reason")
        .agg(pl.col("deals").sum())
    )
    if reasons.len() >= LEAST_CODED and pooled.height > 1:
        counts = pooled
    counts = counts.sort("deals", "reason", descending=[True, False])
    shares = counts["deals"] / reasons.len()
    return Shares(tuple(counts["reason"].to_list()), tuple(shares.to_list()))


def sentence_of(model: LossReasonModel) -> str:
    """What the card says of it: how many lost deals say why, and what is served."""
    served = "a head" if model.is_fitted else "the shares of the book"
    return (
        f"loss reasons: {model.coded} of {model.lost} lost deals say why ({model.coverage:.0%}); "
        f"served: {served}; {model.note}"
    )


def _tried(
    deals: Examples,
    coded: pl.DataFrame,
    *,
    folds: Sequence[Fold],
    calendar: Calendar,
    plan: FitPlan,
) -> _Trial:
    """Fit at every origin that can teach, and predict why the deals of its test block were lost."""
    losses: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    accounts: list[pl.Series] = []
    for fold in folds:
        past = coded.filter(pl.col("lost_on") < calendar.day_of(fold.origin))
        told = shares_of(past["reason"])
        if not _can_teach(past, told):
            continue
        train = _lost(deals.at(fold.landmarks), past)
        test = _lost(deals.at(fold.test_as_ofs), coded)
        test = test.where(pl.lit(told.codes(test.rows["reason"]).is_not_null()))
        if train.rows.is_empty() or test.rows.is_empty():
            continue
        # one seed tells well enough whether a head is worth its while, in a third of the time
        boosters, n = _grown(train, told, plan=plan, seeds=1), past.height
        head = LossReasonModel(tuple(deals.X.columns), told.reasons, told.shares, boosters, n, n)
        outcome = told.codes(test.rows["reason"]).to_numpy()
        book = np.tile(np.array(told.shares), (len(outcome), 1))
        said = head.predict(test.X).to_numpy()
        losses.append((class_losses(outcome, said), class_losses(outcome, book)))
        accounts.append(test.rows[ACCOUNT_ID])
    if not losses:
        return _Trial(None, f"no origin had {LEAST_CODED} lost deals with a reason, and some after")
    ours, theirs = (np.concatenate(side) for side in zip(*losses, strict=True))
    gain = paired_gain(ours, theirs, pl.concat(accounts), seed=plan.seed)
    return _Trial(gain, _note(ours, theirs, gain))


def _note(ours: NDArray[np.float64], theirs: NDArray[np.float64], gain: Gain) -> str:
    low, high = gain.figure.low, gain.figure.high
    span = "no interval" if low is None or high is None else f"90 % {low:+.3f} to {high:+.3f}"
    return (
        f"a head had a log loss of {ours.mean():.3f} against {theirs.mean():.3f} of the shares "
        f"of the book, out of time over {gain.rows} rows of {gain.accounts} accounts (gain {span})"
    )


def _can_teach(coded: pl.DataFrame, told: Shares) -> bool:
    return coded.height >= LEAST_CODED and len(told.reasons) > 1


def _lost(deals: Examples, coded: pl.DataFrame) -> Examples:
    """The landmarks of these lost deals, each with its reason."""
    rows = deals.rows.join(
        coded.select(ENTITY_ID, "reason"), on=ENTITY_ID, how="left", maintain_order="left"
    )
    told = Examples(deals.entity, deals.X, rows, deals.features, deals.left_out)
    return told.where(pl.col("reason").is_not_null())


def _grown(
    train: Examples, told: Shares, *, plan: FitPlan, seeds: int = SEEDS
) -> tuple[Booster, ...]:
    """Boosters over all reasons; a deal counts for one, however many landmarks it has."""
    outcome = told.codes(train.rows["reason"]).to_numpy()
    weight = train.rows.select(1.0 / pl.len().over(ENTITY_ID)).to_series().to_numpy()
    deals = train.rows[ENTITY_ID].n_unique()
    in_leaf = round(_CASES_IN_LEAF * train.rows.height / deals)
    sizes = [
        BoosterParams(
            objective="multiclass",
            classes=len(told.reasons),
            leaves=4,
            rounds=60 if deals < _SOME else 120,
            min_leaf=max(min(in_leaf, train.rows.height // 10), 5),
            seed=plan.seed + member,
            threads=plan.threads,
            column_share=min(MOST_COLUMN_SHARE, COLUMNS_A_TREE / max(train.X.width, 1)),
        )
        for member in range(seeds)
    ]
    categories = frozenset(feature.name for feature in train.features if feature.vocabulary)
    nature = Nature(categories=categories)
    return fit_boosters(train.X, outcome, sizes=sizes, weight=weight, nature=nature)
