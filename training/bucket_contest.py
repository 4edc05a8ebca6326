"""Bucket contest: accounts walked through the folds, from examples to judged forecasts."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.schema import ACCOUNT_ID
from models.analogs import Analogs, make_analogs
from models.policy import BUCKETS, Policy, confidence, display_bucket
from models.policy.relabel import FACTS
from training.bucket_forecasts import CANDIDATES, bucket_past, forecast_buckets
from training.calibration import Trial, tried
from training.components import EXPECTED
from training.confidence import firm_rule
from training.config import Experiment
from training.contest import Contest, described, fit_plan, mean_losses, refuse_one_answer, scored
from training.decisions import decisions_of, utilities
from training.folds import Fold
from training.forecasts import Forecasts
from training.intervals import Codes
from training.judgement import Judgement, judge, row_losses
from training.labels import growth_floor, possible_friction
from training.matrix import Asked, account_examples
from training.scores import BUCKET_COLUMNS
from training.span import Plan, plan_of
from training.walk import Progress, walk


def bucket_contest(
    book: Book, experiment: Experiment, policy: Policy, *, calendar: Calendar, progress: Progress
) -> Contest:
    """Describe accounts, fit at every origin, judge.

    Raises:
        NotEnoughDataError: when the history is too short or all labels are alike.
    """
    plan = plan_of("bucket", book, experiment, calendar)
    length = plan.horizon.length
    policy = with_floor(policy, book, plan, calendar)
    asked = Asked(plan.matured, length, policy.label, exclude=experiment.features.exclude)
    examples = account_examples(book, asked, calendar)
    refuse_one_answer("bucket", "label", examples)
    past = bucket_past(book, examples, horizon=length, policy=policy.label, calendar=calendar)
    progress(described("bucket", examples, plan))
    fits = replace(fit_plan(experiment), trials=experiment.tuning.trials)

    def forecast(fold: Fold) -> Forecasts:
        return forecast_buckets(examples, past, fold, horizon=length, plan=fits)

    told = walk(
        plan.folds,
        forecast,
        _bucket_losses,
        part="bucket",
        threads=experiment.threads,
        progress=progress,
    )
    for origin, tuned in told.tuned.items():
        progress(f"bucket: tuning at {origin:%Y-%m-%d}, {tuned}")
    is_judged = told.rows.select(
        (pl.col("label_mature") & pl.col("label").is_not_null()).fill_null(value=False)
    ).to_series()
    judged = told.where(is_judged)
    outcome = _bucket_outcome(judged.rows)
    told, trial = _calibrated(told, is_judged, outcome, horizon=length, experiment=experiment)
    judged = told.where(is_judged)
    judgement = judge(judged, outcome, servable=CANDIDATES, seed=experiment.seeds.bootstrap)
    progress(f"bucket: {_calibration_words(trial)}")
    shown = pl.concat([told.rows, told.by_model[judgement.served]], how="horizontal").with_columns(
        display_bucket(policy.decision)
    )
    rule = firm_rule(shown.filter(is_judged), policy.decision, seed=experiment.seeds.bootstrap)
    shown = shown.with_columns(
        confidence(policy.decision, rule.tau, bookings_below=rule.bookings_below)
    )
    columns = (*BUCKET_COLUMNS, "bucket", "confidence", "label")
    scores = scored(shown, told, "account", columns)
    seed = experiment.seeds.bootstrap
    past_periods = _analogs(judged, judgement, possible_items=possible_friction(book))
    return Contest(
        "bucket",
        plan,
        examples,
        policy,
        judged,
        outcome,
        judgement,
        scores,
        rule,
        past_periods,
        decisions_of(shown.filter(is_judged), policy.decision, seed=seed),
        utilities(
            judged.by_model,
            judged.rows["label"],
            judged.rows[ACCOUNT_ID],
            policy.decision,
            seed=seed,
        ),
        trial,
    )


def _calibrated(
    told: Forecasts,
    is_judged: pl.Series,
    outcome: Codes,
    *,
    horizon: timedelta,
    experiment: Experiment,
) -> tuple[Forecasts, Trial]:
    """The forecasts with the best servable model's probabilities calibrated, where that pays."""
    judged = told.where(is_judged)
    means = {
        name: float(row_losses(outcome, judged.by_model[name].to_numpy()).mean())
        for name in CANDIDATES
        if name in judged.by_model
    }
    best = min(means, key=lambda name: means[name])
    known = np.full(told.rows.height, -1, dtype=np.int64)
    known[is_judged.to_numpy()] = outcome
    p = told.by_model[best].to_numpy()
    trial = tried(told.rows, p, known, horizon=horizon, seed=experiment.seeds.bootstrap)
    if not trial.is_kept:
        return told, trial
    mapped = pl.DataFrame(trial.p, schema=list(told.classes))
    return replace(told, by_model={**told.by_model, best: mapped}), trial


def _calibration_words(trial: Trial) -> str:
    found = trial.gain.figure
    if found.value is None:
        return "too few matured forecasts to try a calibration"
    verdict = "kept" if trial.is_kept else "not kept"
    return (
        f"calibration {verdict}: gain in log loss {found.value:.4f} "
        f"({found.low:.4f} to {found.high:.4f})"
    )


def _analogs(judged: Forecasts, judgement: Judgement, *, possible_items: int) -> Analogs:
    """Forecasts made at origins beside what became of them: out of time, as scoring meets them."""
    names = {column: column.removeprefix(EXPECTED) for column in judged.rows.columns}
    expected = judged.rows.select(pl.col(f"^{EXPECTED}.*$")).rename(
        {column: name for column, name in names.items() if column != name}
    )
    told = judged.by_model[judgement.served].hstack(expected)
    return make_analogs(told, judged.rows.select(list(FACTS)), possible_items=possible_items)


def with_floor(policy: Policy, book: Book, plan: Plan, calendar: Calendar) -> Policy:
    """Freeze the growth floor to the number of the first origin, unless the policy has one."""
    if policy.label.growth_floor is not None:
        return policy
    origin, length = plan.folds[0].origin, plan.horizon.length
    floor = growth_floor(book, origin, length, policy=policy.label, calendar=calendar)
    return replace(policy, label=replace(policy.label, growth_floor=floor or None))


def _bucket_losses(told: Forecasts) -> dict[str, float]:
    judged = told.where(
        told.rows.select(pl.col("label").is_not_null() & pl.col("label_mature")).to_series()
    )
    return mean_losses(judged, _bucket_outcome(judged.rows), ("lightgbm", "blend", "persistence"))


def _bucket_outcome(rows: pl.DataFrame) -> Codes:
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    codes = rows["label"].replace_strict(numbers, return_dtype=pl.Int64)
    return np.asarray(codes.to_numpy(), dtype=np.int64)
