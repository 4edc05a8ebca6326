from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from tests.factories import book, change, closed, day, deal
from training.matrix import Examples
from training.suspicion import (
    correlation_warnings,
    feature_warnings,
    fill_warnings,
    late_field_warnings,
)

TRUTH = np.arange(200) % 2 == 0


def examples(**columns: Any) -> Examples:
    X = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Float32))
    return Examples("deal", X, pl.DataFrame({"row": range(200)}), (), {})


def noisy(share: float) -> list[float]:
    """The answer itself, but for a share of the rows where it is turned round."""
    wrong = np.random.default_rng(1).random(200) < share
    return np.where(wrong, ~TRUTH, TRUTH).astype(float).tolist()


def test_a_feature_with_most_of_the_skill_of_the_model_is_warned_of() -> None:
    told = examples(most=noisy(0.3))

    assert feature_warnings(told, {"won": TRUTH}) == []
    assert feature_warnings(told, {"won": TRUTH}, {"won": 0.90}) == []
    assert "over 85%" in feature_warnings(told, {"won": TRUTH}, {"won": 0.70})[0]


def test_a_correlation_above_six_tenths_is_warned_of_with_its_sign() -> None:
    told = examples(against=[-one for one in noisy(0.05)], some=noisy(0.3), same=[1.0] * 200)

    found = correlation_warnings(told, {"won": TRUTH})

    assert len(found) == 1
    assert "against correlates with won at -0." in found[0]


def test_a_feature_filled_in_one_class_only_is_warned_of() -> None:
    values = [1.0 if truth else None for truth in TRUTH]

    found = fill_warnings(examples(given=values, always=[1.0] * 200), {"won": TRUTH})

    assert len(found) == 1
    assert "given is filled in 100% of the rows with won and in 0%" in found[0]


def test_a_field_whose_changes_follow_the_close_is_warned_of() -> None:
    ends = [closed(f"d{n}", "won", at=day(-40)) for n in range(40)]
    late = [
        change("amount", "1", "2", at=day(-40) + timedelta(days=1), opportunity_id=f"d{n}")
        for n in range(40)
    ]
    early = [change("stage", "a", "b", at=day(-60), opportunity_id=f"d{n}") for n in range(40)]

    found = late_field_warnings(book(opportunities=ends, opportunity_changes=late + early))

    assert found == ["deal: field amount is written after the outcome in 100% of its 40 changes"]


def test_a_field_that_only_closed_deals_have_is_warned_of() -> None:
    ends = [closed(f"d{n}", "won", at=day(-40), next_step="done") for n in range(40)]
    still = [deal(f"o{n}") for n in range(40)]

    found = late_field_warnings(book(opportunities=[*ends, *still]))

    assert len(found) == 1
    assert "field next_step is filled in 100% of the closed deals and in 0%" in found[0]
