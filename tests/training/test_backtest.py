import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.book import make_book
from training.backtest import BacktestResult, walk_forward, write_backtest
from training.config import Experiment, Origins
from training.folds import NotEnoughDataError
from training.scores import BUCKET_COLUMNS, SCORE_SCHEMA, judged_buckets, judged_deals

FIGURES = {
    "prevalence", "auc", "average_precision", "log_loss", "brier", "ece", "excess_ece", "bias",
    "lift_at_k", "precision_at_k",
}  # fmt: skip


@pytest.fixture(scope="module")
def result(walked: tuple[BacktestResult, list[str]]) -> BacktestResult:
    return walked[0]


def test_both_parts_are_judged_beside_their_baselines(result: BacktestResult) -> None:
    bucket, slip = result.contests["bucket"], result.contests["slip"]

    assert set(bucket.judgement.standings) == {
        "lightgbm", "blend", "logistic", "ensemble", "multiclass", "constant", "persistence",
        "owner_rate", "customer_rate", "recency_frequency", "naive_bayes",
    }  # fmt: skip
    assert set(slip.judgement.standings) == {
        "hazard_logistic", "hazard_blend", "binary", "logistic", "constant", "stage_age",
        "owner_rate", "customer_rate", "crm_probability", "naive_bayes",
    }  # fmt: skip
    assert set(bucket.judgement.not_applicable) == {"stage_age", "crm_probability"}
    assert set(slip.judgement.not_applicable) == {"persistence", "recency_frequency"}


def test_probabilities_add_up_and_the_label_stands_beside_them(result: BacktestResult) -> None:
    accounts = judged_buckets(result.scores)
    deals = judged_deals(result.scores)
    period = deals.select(pl.sum_horizontal("p_won_by_period_end", "p_lost", "p_slip"))

    assert dict(result.scores.schema) == SCORE_SCHEMA
    assert accounts.select(pl.sum_horizontal(BUCKET_COLUMNS)).to_series().is_between(
        1 - 1e-9, 1 + 1e-9
    ).all()  # fmt: skip
    assert period.to_series().drop_nulls().is_between(1 - 1e-9, 1 + 1e-9).all()
    assert set(accounts["label"].unique()) <= {"a_list", "pain", "walk_away", "steady"}
    assert accounts["confidence"].null_count() == 0
    assert deals["p_won_by_committed"].is_between(0, 1).all()


def test_no_row_is_predicted_twice_and_none_before_its_origin(result: BacktestResult) -> None:
    scores = result.scores

    assert scores.select("entity", "entity_id", "as_of").is_duplicated().sum() == 0
    assert (scores["as_of"] >= scores["origin"]).all()


def test_a_deal_past_its_date_is_certain_to_slip_and_not_judged(result: BacktestResult) -> None:
    deals = result.scores.filter(pl.col("entity") == "deal")
    past = deals.filter(pl.col("committed_on") < pl.col("as_of").dt.date())

    assert past.height > 0
    for said in ("p_won_by_committed", "baseline_stage_age_p_won_by_committed"):
        assert set(past[said].to_list()) == {0.0}
    assert set(past["weight"].to_list()) == {0.0}
    assert not past["label_won_by_committed"].any()


def test_the_files_hold_what_scripts_look_for(result: BacktestResult, tmp_path: Path) -> None:
    write_backtest(result, tmp_path)

    found: dict[str, Any] = json.loads((tmp_path / "metrics.json").read_text())
    assert set(found) == {
        "schema", "bucket", "slip", "leak_gate", "data_used", "experiment", "horizon",
    }  # fmt: skip
    assert found["schema"] == 1
    for part in ("bucket", "slip"):
        assert found[part]["winner"] in found[part]["models"]
        for model in found[part]["models"].values():
            assert {"overall", "by_origin", "by_segment", "by_age"} <= set(model)
            assert set(model["overall"]) == {"n", "accounts", *FIGURES}
            assert all(set(model["overall"][name]) == {"value", "low", "high"} for name in FIGURES)
    assert pl.read_parquet(tmp_path / "scores.parquet").height == result.scores.height
    assert {file.name for file in tmp_path.iterdir()} == {"metrics.json", "scores.parquet"}


def test_the_future_reaches_no_feature(result: BacktestResult) -> None:
    assert result.leak_gate.has_passed
    assert len(result.leak_gate.checked) == 4


def test_progress_names_every_origin(walked: tuple[BacktestResult, list[str]]) -> None:
    said = "\n".join(walked[1])

    for part in ("bucket", "slip"):
        for number in (1, 2):
            assert f"{part} {number}/2  origin " in said


def test_a_part_without_its_data_is_named_and_the_other_one_runs(company: Any) -> None:
    tables = {name: frame for name, frame in company.book.tables.items() if name != "opportunities"}
    deals = ("opportunity_changes", "opportunity_contacts", "quotes", "covenants")
    kept = {name: frame for name, frame in tables.items() if name not in deals}
    book = make_book(kept, observed_until=company.book.observed_until)
    recipe = Experiment(horizon=13, origins=Origins(max_count=1))

    found = walk_forward(book, recipe, company.calendar, progress=lambda _: None)

    assert set(found.contests) == {"bucket"}
    assert "opportunities" in found.missing["slip"]
    with pytest.raises(NotEnoughDataError, match="slip: expected opportunities"):
        walk_forward(
            book, replace(recipe, heads=("slip",)), company.calendar, progress=lambda _: None
        )


def test_too_short_a_history_ends_with_weeks_required_and_found(company: Any) -> None:
    book = replace(company.book, observed_until=company.book.observed_until - timedelta(weeks=150))

    with pytest.raises(NotEnoughDataError, match="weeks found"):
        walk_forward(book, Experiment(), company.calendar, progress=lambda _: None)
