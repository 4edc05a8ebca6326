"""Leak hunt: the whole gate over one book, at several moments, with what it found in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.catalogue import features_of, switched_off
from features.feature import Entity
from features.schema import AS_OF, ENTITY_ID
from models.policy import BUCKETS, load_policy
from training.bucket_contest import with_floor
from training.bucket_forecasts import CHAINS, bucket_past, forecast_buckets
from training.config import Experiment, Part
from training.disturbance import DISTURBANCES
from training.folds import Fold, NotEnoughDataError
from training.forecasts import FitPlan
from training.heads import FitError
from training.intervals import Mask
from training.ladder import CURVES
from training.leaks import Movement, Probe, movements
from training.matrix import Asked, Examples, account_examples, deal_examples, excluded, unsafe
from training.refit import Forecast, Shift, shifts
from training.shuffled import Guess, guesses, trial_of
from training.slip_forecasts import MODEL, forecast_slip, slip_past
from training.span import Plan, plan_of
from training.suspicion import (
    correlation_warnings,
    feature_warnings,
    fill_warnings,
    late_field_warnings,
    model_warnings,
)

PART_OF: Mapping[Entity, Part] = {"account": "bucket", "deal": "slip"}
COMPARED = 200
"""Entities compared per moment at most."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What a hunt looks at.

    Attributes:
        entities: account, deal or both.
        as_ofs: moments of the feature check; the oldest, middle and newest tested moment of the
            walk-forward where none is given.
        model_aucs: entity → AUC of the served model, for the warnings that compare with it.
        is_refit: whether the newest origin is fitted twice.
        is_shuffled: whether it is fitted on shuffled labels.
    """

    entities: tuple[Entity, ...] = ("account", "deal")
    as_ofs: tuple[datetime, ...] = ()
    model_aucs: Mapping[Entity, float] = field(default_factory=dict)
    is_refit: bool = True
    is_shuffled: bool = True

    def __post_init__(self) -> None:
        if not self.entities:
            raise ValueError("expected account, deal or both, got no entity")


class Checked(NamedTuple):
    """One moment that was checked."""

    entity: Entity
    as_of: datetime
    entities: int
    features: int


@dataclass(slots=True)
class Hunt:
    """What a hunt found; filled while it goes on.

    Attributes:
        checked: entity, moment, entities and features compared.
        movements: features that moved when only the future had.
        shifts: entity → forecasts that moved so.
        refitted: entity → the origin that was fitted twice.
        guesses: entity → what each prediction told of shuffled labels.
        warnings: what looks too good, in words.
        left_out: entity → feature → why no training reads it; not checked.
        not_run: what could not be checked → why.
    """

    checked: list[Checked] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    shifts: dict[Entity, list[Shift]] = field(default_factory=dict)
    refitted: dict[Entity, datetime] = field(default_factory=dict)
    guesses: dict[Entity, list[Guess]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    left_out: dict[Entity, dict[str, str]] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)

    @property
    def has_passed(self) -> bool:
        """Whether neither a feature nor a forecast moved, and none told shuffled labels."""
        told = any(one.is_finding for found in self.guesses.values() for one in found)
        return not self.movements and not any(self.shifts.values()) and not told


def hunt(
    book: Book,
    experiment: Experiment,
    question: Question,
    calendar: Calendar,
    *,
    progress: Progress,
) -> Hunt:
    """Disturb the future, refit the newest origin, shuffle labels, name what looks too good.

    Raises:
        NotEnoughDataError: when not one moment of one entity could be checked.
    """
    found, ground = Hunt(), _Ground(book, experiment, calendar)
    for entity in question.entities:
        part = PART_OF[entity]
        try:
            plan = plan_of(part, book, experiment, calendar)
        except NotEnoughDataError as error:
            found.not_run[f"{entity}: warnings and refit"] = str(error).split("\n", maxsplit=1)[0]
            plan = None
        moments = question.as_ofs or _standing(plan)
        _probe(ground, found, entity, moments=moments, say=progress)
        if plan is not None:
            progress(f"{entity}: describing {len(plan.grid)} moments for warnings and refit")
            _look_closer(ground, plan, found, entity, question=question, progress=progress)
    if not found.checked:
        why = "; ".join(f"{what}: {reason}" for what, reason in found.not_run.items())
        raise NotEnoughDataError(f"leaks: expected a moment with entities to describe; {why}")
    if "deal" in question.entities:
        found.warnings += late_field_warnings(book)
    return found


class _Ground(NamedTuple):
    book: Book
    experiment: Experiment
    calendar: Calendar


def _standing(plan: Plan | None) -> tuple[datetime, ...]:
    """The oldest, middle and newest tested moment."""
    if plan is None:
        return ()
    tested = [moment for fold in plan.folds for moment in fold.test_as_ofs]
    return tuple(dict.fromkeys((tested[0], tested[len(tested) // 2], tested[-1])))


def _probe(
    ground: _Ground, found: Hunt, entity: Entity, *, moments: Sequence[datetime], say: Progress
) -> None:
    book, experiment, calendar = ground
    catalogue = features_of(entity)
    lacking = switched_off(entity, book).items()
    asked_out = excluded(entity, experiment.features.exclude)
    out = {
        **{name: f"the source lacks {', '.join(n)}" for name, n in lacking},
        **unsafe(book, catalogue),
        **dict.fromkeys(asked_out, "left out by the experiment"),
    }
    names = tuple(one.name for one in catalogue if one.name not in out)
    found.left_out[entity] = {one.name: out[one.name] for one in catalogue if one.name in out}
    for number, moment in enumerate(moments):
        probe = Probe(entity, moment, names, experiment.commitment, sample=COMPARED)
        there = min(probe.spine(book).height, COMPARED)
        if there == 0:
            found.not_run[f"{entity} at {moment:%Y-%m-%d}"] = f"no {entity} was known then"
            continue
        seed = experiment.seeds.bootstrap + number
        moved = movements(book, probe, calendar, seed=seed)
        found.checked.append(Checked(entity, moment, there, len(names)))
        found.movements += moved
        leaking = {one.feature for one in moved}
        verdict = f"LEAK in {', '.join(sorted(leaking))}" if leaking else "nothing moved"
        say(
            f"{entity} {moment:%Y-%m-%d}: {len(names)} features of {there} {entity}s under "
            f"{len(DISTURBANCES) + 1} disturbances: {verdict}"
        )


def _look_closer(
    ground: _Ground,
    plan: Plan,
    found: Hunt,
    entity: Entity,
    *,
    question: Question,
    progress: Progress,
) -> None:
    """Warnings about the out-of-time rows; the newest origin fitted twice, and on chance."""
    maker = _account_ground if entity == "account" else _deal_ground
    examples, judged, answers, forecast = maker(ground, plan)
    auc = question.model_aucs.get(entity)
    main = "a_list" if entity == "account" else next(iter(answers))
    aucs = {} if auc is None else {main: auc}
    found.warnings += model_warnings(PART_OF[entity], {"the served model": auc})
    found.warnings += feature_warnings(judged, answers, aucs)
    found.warnings += correlation_warnings(judged, answers) + fill_warnings(judged, answers)
    if question.is_refit:
        _refit(ground, plan, found, examples, forecast=forecast, say=progress)
    else:
        found.not_run[f"{entity}: refit"] = "not asked for"
    if question.is_shuffled:
        _shuffle(ground, plan, found, examples, forecast=forecast, say=progress)
    else:
        found.not_run[f"{entity}: shuffled labels"] = "not asked for"


def _refit(
    ground: _Ground, plan: Plan, found: Hunt, rows: Examples, *, forecast: Forecast, say: Progress
) -> None:
    entity, fold = rows.entity, plan.folds[-1]
    say(f"{entity}: fitting the origin {fold.origin:%Y-%m-%d} twice")
    seed, length = ground.experiment.seeds.bootstrap, plan.horizon.length
    try:
        moved = shifts(rows, fold, forecast, seed=seed, horizon=length, calendar=ground.calendar)
    except FitError as error:
        found.not_run[f"{entity}: refit"] = str(error)
        return
    found.shifts[entity], found.refitted[entity] = moved, fold.origin


def _shuffle(
    ground: _Ground, plan: Plan, found: Hunt, rows: Examples, *, forecast: Forecast, say: Progress
) -> None:
    entity, origin = rows.entity, plan.folds[-1].origin
    trial = trial_of(entity, plan, forecast, ground.calendar)
    say(f"{entity}: fitting the origin {origin:%Y-%m-%d} on shuffled labels")
    try:
        told = guesses(rows, trial, seed=ground.experiment.seeds.bootstrap, progress=say)
    except FitError as error:
        found.not_run[f"{entity}: shuffled labels"] = str(error)
        return
    if not told:
        found.not_run[f"{entity}: shuffled labels"] = "too few tested rows of either answer"
    found.guesses[entity] = told
    found.warnings += [f"{entity}: {one}, {one.doubt}" for one in told if one.doubt]


_Made = tuple[Examples, Examples, dict[str, Mask], Forecast]


def _account_ground(ground: _Ground, plan: Plan) -> _Made:
    book, experiment, calendar = ground
    length = plan.horizon.length
    policy = with_floor(load_policy(experiment.policy), book, plan, calendar).label
    asked = Asked(plan.matured, length, policy, exclude=experiment.features.exclude)
    examples = account_examples(book, asked, calendar)
    past = bucket_past(book, examples, horizon=length, policy=policy, calendar=calendar)
    fit = FitPlan(experiment.seeds.models, experiment.threads, experiment.tuning.trials)

    def forecast(rows: Examples, fold: Fold) -> pl.DataFrame:
        told = forecast_buckets(rows, past, fold, horizon=length, plan=fit)
        parts = [
            told.by_model[kind].rename({name: f"{kind}.{name}" for name in told.classes})
            for kind in CHAINS
        ]
        return pl.concat([told.rows.select(ENTITY_ID, AS_OF), *parts], how="horizontal")

    is_judged = pl.col("label_mature") & pl.col("label").is_not_null()
    judged = examples.at(_tested(plan)).where(is_judged)
    answers = {name: _mask(judged, pl.col("label") == name) for name in BUCKETS}
    return examples, judged, answers, forecast


def _deal_ground(ground: _Ground, plan: Plan) -> _Made:
    book, experiment, calendar = ground
    asked = Asked(plan.grid, commitment=experiment.commitment, exclude=experiment.features.exclude)
    examples = deal_examples(book, asked, calendar)
    past = slip_past(book, examples, calendar)
    fit = FitPlan(experiment.seeds.models, experiment.threads)

    def forecast(rows: Examples, fold: Fold) -> pl.DataFrame:
        told = forecast_slip(rows, past, fold, calendar=calendar, plan=fit)
        said = [told.by_model[name].to_series().alias(f"p_won_{name}") for name in CURVES]
        known = ("p_won_by_period_end", "p_lost", "p_slip", told.by_model[MODEL].to_series())
        return told.rows.select(ENTITY_ID, AS_OF, *known, *said)

    today = calendar.local_day(pl.col(AS_OF))
    won = pl.col("label_won_by_committed")
    judged = examples.at(_tested(plan)).where(won.is_not_null() & (pl.col("committed_on") >= today))
    return examples, judged, {"won by the committed date": _mask(judged, won)}, forecast


def _tested(plan: Plan) -> list[datetime]:
    return [moment for fold in plan.folds for moment in fold.test_as_ofs]


def _mask(examples: Examples, answer: pl.Expr) -> Mask:
    return np.asarray(examples.rows.select(answer).to_series().to_numpy(), dtype=np.bool_)
