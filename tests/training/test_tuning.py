import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.schema import AS_OF, ENTITY_ID
from models.bucket import BucketModel
from models.logodds import sigmoid
from models.policy import Policy
from tests.training.conftest import RECIPE
from tests.training.learnable import FEATURES, table, values
from training.backtest import BacktestResult
from training.bucket_contest import bucket_contest, with_floor
from training.bucket_forecasts import (
    BucketPast,
    bucket_past,
    fit_candidates,
    fit_kind,
    forecast_buckets,
)
from training.config import Origins
from training.contest import Contest
from training.fit import fit_bucket
from training.folds import Fold
from training.forecasts import FitPlan
from training.leaks import LeakGate
from training.matrix import Asked, Examples, account_examples
from training.refit import Forecast, shifts
from training.release import make_release
from training.settings import AS_SIZED, Settings, Tuned, Tuning
from training.span import Plan, plan_of
from training.tuning import inner_split, tune_bucket

HORIZON = timedelta(days=91)
START = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = [START + timedelta(days=30 * number) for number in range(16)]
PLAN = FitPlan(5, 1, trials=3)


def described(rows: int = 1_600, steepness: float = 6.0, seed: int = 1) -> Examples:
    """Accounts in each of 16 moments whose walking away hangs on the first feature."""
    X = values(rows, seed)
    draws = np.random.default_rng(seed + 2).random(rows)
    walks = draws < sigmoid(steepness * X[:, 0].astype(np.float64))
    others = np.random.default_rng(seed + 3).choice(["a_list", "pain", "steady"], rows)
    moment = np.arange(rows) % len(MOMENTS)
    frame = pl.DataFrame(
        {
            "account_id": [f"a{row // len(MOMENTS)}" for row in range(rows)],
            "as_of": [MOMENTS[number] for number in moment],
            "label": np.where(walks, "walk_away", others),
            "label_mature": True,
            "horizon_days": 91,
        },
        schema_overrides={"as_of": pl.Datetime("us", "UTC")},
    ).with_columns(
        pl.col("account_id").alias("entity_id"), weight_walk=1.0, weight_pain=1.0, weight_a_list=1.0
    )
    return Examples("account", table(X), frame, FEATURES, {})


def relabelled(examples: Examples, where: pl.Expr) -> Examples:
    label = pl.when(where).then(pl.lit("pain")).otherwise(pl.col("label")).alias("label")
    return replace(examples, rows=examples.rows.with_columns(label))


def test_the_newest_quarter_judges_moments_whose_windows_had_ended_before_it() -> None:
    split = inner_split(MOMENTS, timedelta(days=90))

    assert split is not None
    assert split.test_as_ofs == tuple(MOMENTS[12:])
    assert split.cut == MOMENTS[12]
    assert split.train_as_ofs == tuple(MOMENTS[:10])  # the tenth window ends on the cut


def test_a_window_that_ends_after_the_cut_does_not_teach() -> None:
    split = inner_split(MOMENTS, timedelta(days=90, seconds=1))

    assert split is not None
    assert split.train_as_ofs == tuple(MOMENTS[:9])


def test_the_order_of_the_moments_and_their_number_of_rows_do_not_matter() -> None:
    assert inner_split([*MOMENTS[::-1], *MOMENTS], HORIZON) == inner_split(MOMENTS, HORIZON)


@pytest.mark.parametrize("moments", [[], MOMENTS[:1], MOMENTS[:8]])
def test_a_past_in_which_fewer_moments_teach_than_judge_is_not_split(
    moments: list[datetime],
) -> None:
    assert inner_split(moments, timedelta(days=180)) is None


def test_a_past_that_is_too_short_keeps_the_sizes_of_its_rows() -> None:
    found = tune_bucket(described(), horizon=timedelta(days=400), plan=PLAN)

    assert found == Tuned(3)
    assert found.settings == AS_SIZED


def test_a_pull_that_is_too_strong_for_its_rows_is_loosened() -> None:
    found = tune_bucket(described(), horizon=HORIZON, plan=replace(PLAN, trials=6))

    assert found.attempts["ridge"].is_kept
    assert found.settings.ridge < 1.0
    assert found.cut == MOMENTS[12]


def test_on_labels_that_nothing_tells_the_trees_are_held_back() -> None:
    found = tune_bucket(described(steepness=0.0), horizon=HORIZON, plan=replace(PLAN, trials=8))

    best = found.attempts["trees"].best
    assert best != AS_SIZED
    assert best.ridge == 1.0
    assert best.rounds < 1.0 or best.leaves < 1.0


def test_a_kind_searches_the_settings_that_it_takes() -> None:
    sides = {
        kind: set(tune_bucket(described(400), horizon=HORIZON, plan=PLAN, kind=kind).attempts)
        for kind in ("lightgbm", "logistic", "blend")
    }

    assert sides == {"lightgbm": {"trees"}, "logistic": {"ridge"}, "blend": {"trees", "ridge"}}


def test_the_same_seed_finds_the_same_settings() -> None:
    one, again, other = (
        tune_bucket(described(400), horizon=HORIZON, plan=replace(PLAN, seed=seed), kind="lightgbm")
        for seed in (5, 5, 6)
    )

    assert one == again
    assert one.attempts["trees"].best != other.attempts["trees"].best


def test_outcomes_that_were_not_certain_at_the_cut_teach_the_search_nothing() -> None:
    examples = described(400)
    between = (pl.col(AS_OF) + HORIZON > MOMENTS[12]) & (pl.col(AS_OF) < MOMENTS[12])

    found, other = (
        tune_bucket(rows, horizon=HORIZON, plan=PLAN, kind="lightgbm")
        for rows in (examples, relabelled(examples, between))
    )

    assert found == other


def test_outcomes_from_the_cut_on_judge() -> None:
    examples = described(400)

    found, other = (
        tune_bucket(rows, horizon=HORIZON, plan=PLAN, kind="lightgbm").attempts["trees"].gain
        for rows in (examples, relabelled(examples, pl.col(AS_OF) >= MOMENTS[12]))
    )

    assert found != other


def test_rows_without_a_label_do_not_judge() -> None:
    examples = described(400)
    unknown = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col("label")).alias("label")
    half = replace(examples, rows=examples.rows.with_columns(unknown))

    found = tune_bucket(half, horizon=HORIZON, plan=PLAN, kind="lightgbm")

    assert found.attempts["trees"].gain.rows == 50


def test_heads_before_the_cut_are_sized_as_those_of_the_whole_past(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trees: list[int] = []

    def fit(*rows: Any, **asked: Any) -> BucketModel:
        model = fit_bucket(*rows, **asked)
        trees.append(model.walk.boosters[0].text().count("Tree="))
        return model

    monkeypatch.setattr("training.tuning.fit_bucket", fit)
    examples = described(800)  # some 130 cases of the rarer answer; before the cut, some 75
    whole = fit_candidates(examples, plan=FitPlan(5, 1))["lightgbm"].walk

    tune_bucket(examples, horizon=HORIZON, plan=PLAN, kind="lightgbm")

    assert trees[0] == whole.boosters[0].text().count("Tree=") == 120


def test_a_fit_takes_the_settings_of_its_plan() -> None:
    examples = described(400)
    few = Settings(rounds=0.05, ridge=9.0)

    plain, held = (
        fit_candidates(examples, plan=FitPlan(5, 1, settings=settings))
        for settings in (AS_SIZED, few)
    )

    trees = [models["lightgbm"].walk.boosters[0].text().count("Tree=") for models in (plain, held)]
    pulls = [models["logistic"].walk.logistic for models in (plain, held)]
    largest = [max(map(abs, pull.coefficients)) for pull in pulls if pull is not None]
    assert trees == [60, 3]
    assert largest[1] < largest[0] / 2


def test_a_recipe_that_tries_no_settings_does_not_load_the_search() -> None:
    asked = "import sys, training.tuning; raise SystemExit('optuna' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


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
