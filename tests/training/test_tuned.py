"""Forecasts, contests and last fits whose settings were searched in their own past."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from features.schema import AS_OF, ENTITY_ID
from models.policy import Policy
from tests.training.conftest import RECIPE
from training.backtest import BacktestResult
from training.bucket_contest import bucket_contest, with_floor
from training.bucket_forecasts import (
    BucketPast,
    bucket_past,
    fit_kind,
    forecast_buckets,
)
from training.config import Origins
from training.contest import Contest
from training.folds import Fold
from training.forecasts import FitPlan
from training.leaks import LeakGate
from training.matrix import Asked, Examples, account_examples
from training.refit import Forecast, shifts
from training.release import make_release
from training.settings import AS_SIZED, Tuned, Tuning
from training.span import Plan, plan_of
from training.tuning import tune_bucket

START = datetime(2024, 1, 1, tzinfo=UTC)
PLAN = FitPlan(5, 1, trials=3)


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """Accounts of the room's company, with what their forecasts need."""

    examples: Examples
    past: BucketPast
    plan: Plan
    company: Any

    def forecast(self, examples: Examples, fold: Fold) -> pl.DataFrame:
        """The chain as the backtest fits it, with what its search came to."""
        length = self.plan.horizon.length
        told = forecast_buckets(examples, self.past, fold, horizon=length, plan=PLAN)
        parts = [
            told.by_model[kind].rename({name: f"{kind}.{name}" for name in told.classes})
            for kind in ("lightgbm", "blend", "logistic")
        ]
        keys = told.rows.select(ENTITY_ID, AS_OF)
        return pl.concat([keys, *parts], how="horizontal").with_columns(
            found_columns(told.tuned[fold.origin])
        )

    def shifted(self, forecast: Forecast) -> set[str]:
        found = shifts(
            self.examples,
            self.plan.folds[-1],
            forecast,
            seed=1,
            horizon=self.plan.horizon.length,
            calendar=self.company.calendar,
        )
        return {one.prediction for one in found}


def found_columns(tuned: Tuned) -> list[pl.Expr]:
    """What a search found, kept or not, so that a search that moves is seen in any case."""
    return [
        pl.lit(attempt.gain.figure.value).alias(f"gain_{side}")
        for side, attempt in tuned.attempts.items()
    ] + [
        pl.lit(attempt.best.to_mapping()[name]).alias(f"{side}.{name}")
        for side, attempt in tuned.attempts.items()
        for name in ("rounds", "ridge")
    ]


@pytest.fixture(scope="module")
def accounts(company: Any) -> Bench:
    book, calendar = company.book, company.calendar
    plan = plan_of("bucket", book, RECIPE, calendar)
    length = plan.horizon.length
    policy = with_floor(Policy(), book, plan, calendar).label
    examples = account_examples(book, Asked(plan.matured, length, policy), calendar)
    past = bucket_past(book, examples, horizon=length, policy=policy, calendar=calendar)
    return Bench(examples, past, plan, company)


def test_a_tuned_forecast_does_not_know_what_came_after_its_origin(accounts: Bench) -> None:
    said: list[pl.DataFrame] = []

    def forecast(examples: Examples, fold: Fold) -> pl.DataFrame:
        said.append(accounts.forecast(examples, fold))
        return said[-1]

    assert accounts.shifted(forecast) == set()
    assert {"gain_trees", "gain_ridge", "trees.rounds", "ridge.ridge"} <= set(said[0].columns)


def test_a_search_that_looks_at_the_test_block_is_caught(accounts: Bench) -> None:
    def forecast(examples: Examples, fold: Fold) -> pl.DataFrame:
        length = accounts.plan.horizon.length
        seen = examples.at((*fold.train_as_ofs, *fold.test_as_ofs))
        tuned = tune_bucket(seen, horizon=length, plan=PLAN, kind="lightgbm")
        keys = examples.at(fold.test_as_ofs).rows.select(ENTITY_ID, AS_OF)
        return keys.with_columns(found_columns(tuned))

    assert "gain_trees" in accounts.shifted(forecast)


RECIPE_TUNED = replace(
    RECIPE, heads=("bucket",), origins=Origins(max_count=1), tuning=Tuning(trials=1)
)


@pytest.fixture(scope="module")
def tuned_contest(company: Any) -> tuple[Contest, list[str]]:
    said: list[str] = []
    contest = bucket_contest(
        company.book, RECIPE_TUNED, Policy(), calendar=company.calendar, progress=said.append
    )
    return contest, said


def test_a_contest_keeps_and_says_what_was_found_at_each_origin(
    tuned_contest: tuple[Contest, list[str]],
) -> None:
    contest, said = tuned_contest
    (origin,) = (fold.origin for fold in contest.plan.folds)

    found = contest.judged.tuned[origin]

    assert found.trials == 1
    assert found.cut is not None
    assert found.cut + contest.plan.horizon.length <= origin
    assert set(found.attempts) == {"trees", "ridge"}
    assert f"bucket: tuning at {origin:%Y-%m-%d}, {found}" in said
    assert contest.to_mapping()["tuning"] == {origin.isoformat(): found.to_mapping()}


def test_the_last_fit_searches_in_its_own_past_and_its_card_says_so(
    company: Any, tuned_contest: tuple[Contest, list[str]]
) -> None:
    served = replace(tuned_contest[0].judgement, served="logistic")
    contest = replace(tuned_contest[0], judgement=served)
    recipe = replace(RECIPE_TUNED, tuning=Tuning(trials=4))
    result = BacktestResult(
        recipe, {"bucket": contest}, {}, contest.scores, {}, LeakGate({}, (), ())
    )
    said: list[str] = []

    release = make_release(
        company.book, result, company.calendar, trained_at=START, progress=said.append
    )

    assert release.accounts is not None
    found = tune_bucket(
        release.accounts,
        horizon=contest.plan.horizon.length,
        plan=FitPlan(RECIPE.seeds.models, 1, trials=4),
        kind="logistic",
    )
    plan = FitPlan(RECIPE.seeds.models, 1, settings=found.settings)
    again = fit_kind(release.accounts, "logistic", plan=plan)
    assert found.settings != AS_SIZED
    assert said == [f"bucket: tuning of the last fit, {found}"]
    assert release.card.notes[-1] == f"bucket settings of the last fit: {found}"
    assert release.bucket is not None
    assert replace(release.bucket, calibration=None).to_document() == again.to_document()
