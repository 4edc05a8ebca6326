import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from features.schema import AS_OF
from models.bucket import BucketModel
from models.logodds import sigmoid
from tests.training.learnable import FEATURES, table, values
from training.bucket_forecasts import (
    fit_candidates,
)
from training.fit import fit_bucket
from training.forecasts import FitPlan
from training.matrix import Examples
from training.settings import AS_SIZED, Settings, Tuned
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
