from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from models.policy import DecisionPolicy
from training.confidence import firm_cut, firm_cuts, lower_bound, tau_of

POLICY = DecisionPolicy()


def test_the_bound_is_the_exact_binomial_one() -> None:
    assert lower_bound(30, 30, 0.90) == pytest.approx(0.1 ** (1 / 30))
    assert lower_bound(0, 30, 0.90) == 0.0


def test_at_a_true_precision_of_exactly_the_promise_firm_flags_are_rare() -> None:
    worlds = 300
    flagged = 0
    for world in range(worlds):
        generator = np.random.default_rng(world)
        p = generator.uniform(0.4, 1.0, size=400)
        is_right = generator.random(400) < POLICY.firm_precision
        flagged += firm_cut(p, is_right, POLICY) is not None

    assert flagged / worlds <= 0.12


def test_testing_stops_at_the_first_failure() -> None:
    p = np.concatenate([np.full(40, 0.97), np.full(40, 0.82), np.full(400, 0.62)])
    is_right = np.concatenate([np.ones(40, bool), np.zeros(40, bool), np.ones(400, bool)])

    found = firm_cut(p, is_right, POLICY)

    assert found is not None
    assert found.threshold == 0.85  # .80 fails, though .60 would pass again
    assert (found.accounts, found.precision) == (40, 1.0)


def test_testing_starts_where_thirty_accounts_are_flagged() -> None:
    p = np.concatenate([np.full(20, 0.97), np.full(20, 0.72)])
    is_right = np.concatenate([np.zeros(2, bool), np.ones(38, bool)])

    found = firm_cut(p, is_right, POLICY)

    assert found is not None
    assert found.accounts == 40
    assert firm_cut(p[:29], np.ones(29, bool), POLICY) is None


@pytest.mark.parametrize(("newest", "expected"), [("pain", 0.40), ("steady", None)])
def test_of_each_account_only_the_newest_labelled_row_counts(
    newest: str, expected: float | None
) -> None:
    older = "steady" if newest == "pain" else "pain"
    rows = pl.DataFrame(
        [
            {
                "account_id": f"a{number:02}",
                "as_of": datetime(2026, month, 1, tzinfo=UTC),
                "bucket": "pain",
                "label": label,
                "p_a_list": 0.02,
                "p_pain": 0.96,
                "p_walk_away": 0.01,
                "p_steady": 0.01,
            }
            for number in range(35)
            for month, label in ((2, newest), (1, older), (3, None))
        ],
        schema_overrides={"label": pl.String},
    )

    found = firm_cuts(rows, POLICY)

    assert tau_of(found).get("pain") == expected
