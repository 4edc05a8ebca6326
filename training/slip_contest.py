"""Slip contest: deals walked through the folds, from examples to judged forecasts."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from features.book import Book
from features.calendar import Calendar
from models.policy import Policy
from training.close_dates import close_dates
from training.confidence import FirmRule
from training.config import Experiment
from training.contest import Contest, described, fit_plan, mean_losses, refuse_one_answer, scored
from training.folds import Fold, NotEnoughDataError
from training.forecasts import Forecasts
from training.intervals import Codes
from training.judgement import judge
from training.ladder import closed_deals, rung_of
from training.matrix import Asked, deal_examples
from training.scores import WON
from training.slip_binary import BINARY
from training.slip_forecasts import as_served, forecast_slip, slip_past
from training.slip_slices import RIVAL, SERVED, slip_slices
from training.slip_slices import WON as WON_IN_TIME
from training.span import plan_of
from training.walk import Progress, walk

SLICE_RIVAL = "stage_age"
"""What the served curve is held against, slice by slice."""


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
    curves = rung_of(*closed_deals(book)).curves
    fit = fit_plan(experiment)

    def forecast(fold: Fold) -> Forecasts:
        return forecast_slip(
            examples,
            past,
            fold,
            calendar=calendar,
            plan=fit,
            curves=curves,
            ablations=experiment.ablations,
        )

    told = walk(
        plan.folds,
        forecast,
        lambda found: _slip_losses(found, curves),
        part="slip",
        threads=experiment.threads,
        progress=progress,
    )
    judged = told.where(_is_judged_deal(told, curves[0]))
    outcome = judged.rows["label_won_by_committed"].cast(pl.Int64).to_numpy()
    judgement = judge(judged, outcome, servable=curves, seed=experiment.seeds.bootstrap)
    served = judgement.served
    told, judged = (replace(one, rows=as_served(one.rows, served)) for one in (told, judged))
    shown = told.rows.with_columns(told.by_model[served])
    columns = (
        "committed_on", "period_end", WON, "p_won_by_period_end", "p_lost", "p_slip",
        "label_won_by_committed", "label_period", "age_days",
    )  # fmt: skip
    scores = scored(shown, told, "deal", columns)
    seed = experiment.seeds.bootstrap
    return Contest(
        "slip",
        plan,
        examples,
        policy,
        judged,
        outcome,
        judgement,
        scores,
        FirmRule(),
        slices=slip_slices(_beside_rival(judged, served, outcome), seed=seed),
        close_dates=close_dates(told.rows, seed=seed),
    )


def _beside_rival(judged: Forecasts, served: str, outcome: Codes) -> pl.DataFrame:
    """The judged rows with what the served curve and the stage table say of each."""
    return judged.rows.with_columns(
        judged.by_model[served].to_series().alias(SERVED),
        judged.by_model[SLICE_RIVAL].to_series().alias(RIVAL),
        pl.Series(WON_IN_TIME, outcome, dtype=pl.Float64),
    )


def _slip_losses(told: Forecasts, curves: Sequence[str]) -> dict[str, float]:
    judged = told.where(_is_judged_deal(told, curves[0]))
    outcome = judged.rows["label_won_by_committed"].cast(pl.Int64).to_numpy()
    return mean_losses(judged, outcome, (*curves, BINARY, "logistic", "stage_age"))


def _is_judged_deal(told: Forecasts, curve: str) -> pl.Series:
    """A committed date ahead, passed since, and on the grid, which all curves share."""
    asked = (pl.col("weight") > 0) & pl.col("label_won_by_committed").is_not_null()
    is_known = told.by_model[curve][WON].is_not_null()
    return told.rows.select(asked.fill_null(value=False)).to_series() & is_known
