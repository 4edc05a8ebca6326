"""Slip contest: deals walked through the folds, from examples to judged forecasts."""

import polars as pl

from features.book import Book
from features.calendar import Calendar
from models.policy import Policy
from training.confidence import FirmRule
from training.config import Experiment
from training.contest import Contest, described, fit_plan, mean_losses, refuse_one_answer, scored
from training.folds import Fold, NotEnoughDataError
from training.forecasts import Forecasts
from training.judgement import judge
from training.matrix import Asked, deal_examples
from training.scores import WON
from training.slip_forecasts import MODEL, forecast_slip, slip_past
from training.span import plan_of
from training.walk import Progress, walk


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
    refuse_one_answer("slip", "label_won_by_committed", examples)
    past = slip_past(book, examples, calendar)
    progress(described("slip", examples, plan))

    def forecast(fold: Fold) -> Forecasts:
        return forecast_slip(examples, past, fold, calendar=calendar, plan=fit_plan(experiment))

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
    scores = scored(shown, told, "deal", columns)
    return Contest("slip", plan, examples, policy, judged, outcome, judgement, scores, FirmRule())


def _slip_losses(told: Forecasts) -> dict[str, float]:
    judged = told.where(_is_judged_deal(told))
    outcome = judged.rows["label_won_by_committed"].cast(pl.Int64).to_numpy()
    return mean_losses(judged, outcome, (MODEL, "logistic", "stage_age"))


def _is_judged_deal(told: Forecasts) -> pl.Series:
    """A committed date ahead, passed since, and on the model's grid."""
    asked = (pl.col("weight") > 0) & pl.col("label_won_by_committed").is_not_null()
    is_known = told.by_model[MODEL][WON].is_not_null()
    return told.rows.select(asked.fill_null(value=False)).to_series() & is_known
