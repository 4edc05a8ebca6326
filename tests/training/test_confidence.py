from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from models.policy import DecisionPolicy
from training.confidence import bookings_cut, firm_cut, firm_rule, lower_bound
from training.intervals import Floats

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
                "bookings": 0.0,
                "expected_bookings": 0.0,
            }
            for number in range(35)
            for month, label in ((2, newest), (1, older), (3, None))
        ],
        schema_overrides={"label": pl.String},
    )

    found = firm_rule(rows, POLICY, seed=1)

    assert found.tau.get("pain") == expected
    assert found.bookings_below is None  # nothing was booked, so money cannot be asked


def walk_aways(
    expected: Floats, booked: Floats, *, rest: float = 1_000.0, right: float = 0.8
) -> pl.DataFrame:
    """Accounts shown as walk-aways, and as many steady ones that book `rest` each."""
    count = len(expected)
    is_right = np.arange(count) < right * count
    return pl.DataFrame(
        {
            "account_id": [f"a{number:03}" for number in range(2 * count)],
            "as_of": [datetime(2026, 1, 1, tzinfo=UTC)] * (2 * count),
            "bucket": ["walk_away"] * count + ["steady"] * count,
            "label": [
                *np.where(is_right, "walk_away", "steady").tolist(),
                *["steady"] * count,
            ],
            "p_a_list": [0.02] * (2 * count),
            "p_pain": [0.02] * (2 * count),
            "p_walk_away": [0.90] * count + [0.06] * count,
            "p_steady": [0.06] * count + [0.90] * count,
            "bookings": [*booked.tolist(), *[rest] * count],
            "expected_bookings": [*expected.tolist(), *[rest] * count],
        }
    )


def test_walk_aways_expected_to_book_much_are_left_out_of_firm() -> None:
    expected = np.linspace(1.0, 200.0, 200)
    booked = np.where(expected > 150.0, 1_000.0, 0.0)

    found = firm_rule(walk_aways(expected, booked), POLICY, seed=1)

    assert found.bookings is not None
    assert 130.0 <= found.bookings.below <= 161.0
    assert found.bookings.upper_bound <= POLICY.firm_forgone
    assert found.cuts["walk_away"].accounts == found.bookings.accounts == 150


def test_money_stops_at_the_first_sum_that_is_not_surely_allowed() -> None:
    expected = np.linspace(1.0, 200.0, 200)
    dear = (expected > 60.0) & (expected <= 80.0)

    found = bookings_cut(walk_aways(expected, np.where(dear, 2_000.0, 0.0)), POLICY, seed=1)

    assert found is not None
    assert found.below <= 71.0  # though what lies above 80 books nothing


def test_where_the_cheapest_book_too_much_no_walk_away_is_firm() -> None:
    expected = np.linspace(1.0, 200.0, 200)

    found = firm_rule(walk_aways(expected, np.full(200, 900.0)), POLICY, seed=1)

    assert found.bookings_below == 0.0
    assert "walk_away" not in found.cuts
    assert "steady" in found.cuts


def test_a_share_forgone_of_exactly_what_is_allowed_seldom_passes() -> None:
    worlds, passed = 100, 0
    for world in range(worlds):
        generator = np.random.default_rng(world)
        # every sum of expected bookings forgoes the same: the fortieth part books 1,000
        pays = generator.random(400) < POLICY.firm_forgone / (1.0 - POLICY.firm_forgone)
        rows = walk_aways(np.full(400, 10.0), np.where(pays, 1_000.0, 0.0))
        found = bookings_cut(rows, POLICY, seed=world)
        passed += found is not None and found.below > 0.0

    assert passed / worlds <= 0.17  # one in ten, and what chance may add to 100 worlds
