"""Contest: one part's walk through its folds, from examples to judged forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from models.policy import BUCKETS, Policy, confidence, display_bucket
from training.bucket_forecasts import CANDIDATES, bucket_past, forecast_buckets
from training.confidence import FirmCut, firm_cuts, tau_of
from training.config import Experiment, Part
from training.folds import Fold, NotEnoughDataError
from training.forecasts import FitPlan, Forecasts
from training.intervals import Codes
from training.judgement import Judgement, judge, row_losses
from training.labels import growth_floor
from training.matrix import Asked, Examples, account_examples, deal_examples
from training.scores import BUCKET_COLUMNS, WON
from training.slip_forecasts import MODEL, forecast_slip, slip_past
from training.span import Plan, plan_of
from training.walk import Progress, walk


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """What one part came to.

    Attributes:
        part: bucket or slip.
        plan: grid, horizon and folds.
        examples: every described row with its outcome.
        policy: with the growth floor frozen to the number that was used.
        judged: forecasts of the rows that metrics are about.
        outcome: class number by judged row.
        judgement: who stands where.
        scores: one row per prediction in the columns of scores.parquet.
        cuts: bucket → firm cut; empty for slip.
    """

    part: Part
    plan: Plan
    examples: Examples
    policy: Policy
    judged: Forecasts
    outcome: Codes
    judgement: Judgement
    scores: pl.DataFrame
    cuts: Mapping[str, FirmCut]


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
    _refuse_one_answer("bucket", "label", examples)
    past = bucket_past(book, examples, horizon=length, policy=policy.label, calendar=calendar)
    progress(_described("bucket", examples, plan))

    def forecast(fold: Fold) -> Forecasts:
        return forecast_buckets(examples, past, fold, horizon=length, plan=_fit_plan(experiment))

    told = walk(
        plan.folds,
        forecast,
        _bucket_losses,
        part="bucket",
        threads=experiment.threads,
        progress=progress,
    )
    is_judged = told.rows.select(
        (pl.col("label_mature") & pl.col("label").is_not_null()).fill_null(value=False)
    ).to_series()
    judged = told.where(is_judged)
    outcome = _bucket_outcome(judged.rows)
    judgement = judge(judged, outcome, servable=CANDIDATES, seed=experiment.seeds.bootstrap)
    shown = pl.concat([told.rows, told.by_model[judgement.served]], how="horizontal").with_columns(
        display_bucket(policy.decision)
    )
    cuts = firm_cuts(shown, policy.decision)
    shown = shown.with_columns(confidence(policy.decision, tau_of(cuts)))
    columns = (*BUCKET_COLUMNS, "bucket", "confidence", "label")
    scores = _scored(shown, told, "account", columns)
    return Contest("bucket", plan, examples, policy, judged, outcome, judgement, scores, cuts)


def with_floor(policy: Policy, book: Book, plan: Plan, calendar: Calendar) -> Policy:
    """Freeze the growth floor to the number of the first origin, unless the policy has one."""
    if policy.label.growth_floor is not None:
        return policy
    origin, length = plan.folds[0].origin, plan.horizon.length
    floor = growth_floor(book, origin, length, policy=policy.label, calendar=calendar)
    return replace(policy, label=replace(policy.label, growth_floor=floor or None))


def slip_contest(
    book: Book, experiment: Experiment, policy: Policy, *, calendar: Calendar, progress: Progress
) -> Contest:
    """Describe deals, fit a win curve at every origin, judge.

    Raises:
        NotEnoughDataError: when there are no deals, no committed dates, or too short a history.
    """
    for need in ("opportunities", "opportunities.closed_at"):
        if not book.has(need):
            raise NotEnoughDataError(f"slip: expected {need}, the source has none")
    plan = plan_of("slip", book, experiment, calendar)
    asked = Asked(plan.grid, commitment=experiment.commitment, exclude=experiment.features.exclude)
    examples = deal_examples(book, asked, calendar)
    if examples.rows["committed_on"].null_count() == examples.rows.height:
        raise NotEnoughDataError(
            "slip: expected committed dates (opportunities.close_date with its history, or a "
            "commitment in the experiment), found none as of any past moment"
        )
    _refuse_one_answer("slip", "label_won_by_committed", examples)
    past = slip_past(book, examples, calendar)
    progress(_described("slip", examples, plan))

    def forecast(fold: Fold) -> Forecasts:
        return forecast_slip(examples, past, fold, calendar=calendar, plan=_fit_plan(experiment))

    told = walk(
        plan.folds,
        forecast,
        _slip_losses,
        part="slip",
        threads=experiment.threads,
        progress=progress,
    )
    is_judged = _is_judged_deal(told)
    judged = told.where(is_judged)
    outcome = judged.rows["label_won_by_committed"].cast(pl.Int64).to_numpy()
    judgement = judge(judged, outcome, servable=(MODEL,), seed=experiment.seeds.bootstrap)
    shown = told.rows.with_columns(told.by_model[MODEL])
    columns = (
        "committed_on", "period_end", WON, "p_won_by_period_end", "p_lost", "p_slip",
        "label_won_by_committed", "label_period", "age_days",
    )  # fmt: skip
    scores = _scored(shown, told, "deal", columns)
    return Contest("slip", plan, examples, policy, judged, outcome, judgement, scores, {})


def _fit_plan(experiment: Experiment) -> FitPlan:
    return FitPlan(experiment.seeds.models, experiment.threads)


def _bucket_losses(told: Forecasts) -> dict[str, float]:
    judged = told.where(
        told.rows.select(pl.col("label").is_not_null() & pl.col("label_mature")).to_series()
    )
    return _mean_losses(judged, _bucket_outcome(judged.rows), ("lightgbm", "blend", "persistence"))


def _slip_losses(told: Forecasts) -> dict[str, float]:
    judged = told.where(_is_judged_deal(told))
    outcome = judged.rows["label_won_by_committed"].cast(pl.Int64).to_numpy()
    return _mean_losses(judged, outcome, (MODEL, "logistic", "stage_age"))


def _mean_losses(judged: Forecasts, outcome: Codes, names: tuple[str, ...]) -> dict[str, float]:
    if outcome.size == 0:
        return {}
    return {
        name: float(row_losses(outcome, judged.by_model[name].to_numpy()).mean())
        for name in names
        if name in judged.by_model
    }


def _bucket_outcome(rows: pl.DataFrame) -> Codes:
    numbers = {bucket: number for number, bucket in enumerate(BUCKETS)}
    codes = rows["label"].replace_strict(numbers, return_dtype=pl.Int64)
    return np.asarray(codes.to_numpy(), dtype=np.int64)


def _is_judged_deal(told: Forecasts) -> pl.Series:
    """A committed date ahead, passed since, and on the model's grid."""
    asked = (pl.col("weight") > 0) & pl.col("label_won_by_committed").is_not_null()
    is_known = told.by_model[MODEL][WON].is_not_null()
    return told.rows.select(asked.fill_null(value=False)).to_series() & is_known


def _refuse_one_answer(part: Part, column: str, examples: Examples) -> None:
    kinds = examples.rows[column].drop_nulls().unique().sort().to_list()
    if len(kinds) < 2:
        raise NotEnoughDataError(
            f"{part}: expected outcomes of two kinds or more, found {kinds or 'none'}"
        )


def _scored(
    shown: pl.DataFrame, told: Forecasts, entity: str, columns: tuple[str, ...]
) -> pl.DataFrame:
    baselines = [
        frame.rename({column: f"baseline_{name}_{column}" for column in told.classes})
        for name, frame in told.by_model.items()
        if name not in {"lightgbm", "blend", MODEL}
    ]
    first = ("entity_id", "account_id", "as_of", "origin", "label_mature", "weight")
    plain = shown.select(pl.lit(entity).alias("entity"), *first, *columns)
    return pl.concat([plain, *baselines], how="horizontal")


def _described(part: Part, examples: Examples, plan: Plan) -> str:
    return (
        f"{part}: {examples.rows.height} rows of {examples.rows['entity_id'].n_unique()} "
        f"{examples.entity}s, {len(examples.features)} features, horizon "
        f"{plan.horizon.weeks} weeks, {len(plan.folds)} origins ({plan.horizon.standing})"
    )
