from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from training.compare import Evidence, gate
from training.scores import score_frame

ROWS = 900
START = datetime(2026, 1, 1, tzinfo=UTC)


def evidence(
    said: np.ndarray, outcome: np.ndarray, *, recipe: str = "default", **beside: Any
) -> Evidence:
    places = np.arange(said.size)
    moments = [START + timedelta(weeks=13) * int(place % 3) for place in places]
    table = beside.get("stage_age", np.full(said.size, 0.5))
    scores = pl.DataFrame(
        {
            "entity": ["deal"] * said.size,
            "entity_id": [f"d{place}" for place in places],
            "account_id": [f"a{place % 150}" for place in places],
            "as_of": moments,
            "origin": moments,
            "label_mature": [True] * said.size,
            "weight": [1.0] * said.size,
            "p_won_by_committed": said,
            "label_won_by_committed": outcome == 1,
            "baseline_constant_p_won_by_committed": np.full(said.size, 0.5),
            "baseline_stage_age_p_won_by_committed": table,
        }
    )
    metrics = {
        "slip": {"served": "hazard"},
        "leak_gate": {"verdict": beside.get("leaks", "passed"), "leaking": ["deal.stage"]},
        "experiment": {"name": recipe},
        "horizon": {"by_part": {"slip": {"standing": beside.get("standing", "full")}}},
    }
    return Evidence(score_frame([scores]), metrics)


def world(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.beta(1, 1, size=ROWS).clip(0.02, 0.98)
    return truth, (generator.random(ROWS) < truth).astype(np.int64)


def test_a_first_champion_that_beats_the_constant_and_the_step_below_is_promoted() -> None:
    truth, outcome = world()

    verdict = gate(evidence(truth, outcome))

    assert verdict.decision == "promote"
    assert any("against stage_age" in reason for reason in verdict.reasons)
    assert "latency" in verdict.not_checked


def test_a_first_champion_that_loses_to_the_step_below_is_refused() -> None:
    truth, outcome = world()
    blurred = 0.5 + (truth - 0.5) * 0.3

    verdict = gate(evidence(blurred, outcome, stage_age=truth))

    assert verdict.decision == "refuse"
    assert any("sure to be worse" in reason for reason in verdict.reasons)


def test_a_first_champion_no_better_than_the_step_below_lacks_evidence() -> None:
    truth, outcome = world()

    verdict = gate(evidence(truth, outcome, stage_age=truth))

    assert verdict.decision == "not_enough_evidence"


def test_a_leak_refuses_whatever_the_numbers() -> None:
    truth, outcome = world()

    verdict = gate(evidence(truth, outcome, leaks="failed"))

    assert verdict.decision == "refuse"
    assert any("deal.stage" in reason for reason in verdict.reasons)


def test_one_or_two_origins_are_not_enough_for_a_first_champion() -> None:
    truth, outcome = world()

    assert gate(evidence(truth, outcome, standing="indicative")).decision == "not_enough_evidence"


def test_another_recipe_has_to_beat_the_champion_on_shared_rows() -> None:
    truth, outcome = world()
    blurred = 0.5 + (truth - 0.5) * 0.4

    better = gate(evidence(truth, outcome, recipe="new"), evidence(blurred, outcome))
    worse = gate(evidence(blurred, outcome, recipe="new"), evidence(truth, outcome))

    assert better.decision == "promote"
    assert worse.decision == "refuse"


def test_another_recipe_with_a_bias_is_refused() -> None:
    truth, outcome = world()
    blurred = 0.5 + (truth - 0.5) * 0.3
    biased = np.clip(truth + 0.06, 0.0, 0.99)

    verdict = gate(evidence(biased, outcome, recipe="new"), evidence(blurred, outcome))

    assert verdict.decision == "refuse"
    assert any("bias" in reason for reason in verdict.reasons)


def test_the_same_recipe_on_newer_data_need_only_not_be_worse() -> None:
    truth, outcome = world()
    blurred = 0.5 + (truth - 0.5) * 0.4

    assert gate(evidence(truth, outcome), evidence(truth, outcome)).decision == "promote"
    assert gate(evidence(blurred, outcome), evidence(truth, outcome)).decision == "refuse"


def test_too_few_shared_origins_decide_nothing() -> None:
    truth, outcome = world()
    old = evidence(truth, outcome)
    moved = old.scores.filter(pl.col("as_of") == START)

    verdict = gate(evidence(truth, outcome, recipe="new"), Evidence(moved, old.metrics))

    assert verdict.decision == "not_enough_evidence"


def test_equal_recipes_under_another_name_are_seldom_promoted() -> None:
    promoted = 0
    for seed in range(25):
        truth, outcome = world(seed)
        noise = np.random.default_rng(seed + 100).normal(scale=0.05, size=(2, ROWS))
        one, two = np.clip(truth + noise, 0.02, 0.98)
        verdict = gate(evidence(one, outcome, recipe="new"), evidence(two, outcome))
        promoted += verdict.decision == "promote"

    assert promoted <= 4


def test_a_challenger_without_a_part_that_is_served_is_refused() -> None:
    truth, outcome = world()
    both = evidence(truth, outcome)
    champion = Evidence(both.scores, {**both.metrics, "bucket": {"served": "lightgbm"}})

    assert gate(evidence(truth, outcome), champion).decision == "refuse"
