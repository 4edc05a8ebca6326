from datetime import UTC, datetime
from math import log

import numpy as np
import polars as pl
import pytest

from benchmarks.grid.skill import said_by_all, share_of, skill
from tests.benchmarks.grid.fakes import ORIGINS, accounts_scored
from training.intervals import clusters_of
from training.scores import BUCKET_COLUMNS, WON, score_frame

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


def four_deals() -> pl.DataFrame:
    """Four deals of four accounts: won, won, lost, lost."""
    return score_frame(
        [
            pl.DataFrame(
                {
                    "entity": ["deal"] * 4,
                    "entity_id": ["a", "b", "c", "d"],
                    "account_id": ["A", "B", "C", "D"],
                    "as_of": pl.Series([AS_OF] * 4, dtype=pl.Datetime("us", "UTC")),
                    "label_mature": [True] * 4,
                    "weight": [1.0] * 4,
                    WON: [0.8, 0.5, 0.5, 0.2],
                    "label_won_by_committed": [True, True, False, False],
                    f"baseline_stage_age_{WON}": [0.5, 0.5, 0.5, 0.5],
                    f"baseline_constant_{WON}": [0.3, 0.3, 0.3, 0.3],
                }
            )
        ]
    )


def oracle(*won: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "entity": ["deal"] * 4,
            "entity_id": ["a", "b", "c", "d"],
            "as_of": pl.Series([AS_OF] * 4, dtype=pl.Datetime("us", "UTC")),
            WON: won,
        }
    )


def test_the_share_is_the_models_gain_over_the_oracles() -> None:
    said = said_by_all(four_deals(), "slip", oracle(0.9, 0.9, 0.1, 0.1), "oracle")

    found = skill(said, "oracle")

    model = -(2 * log(0.8) + 2 * log(0.5)) / 4
    best, base = -log(0.9), -log(0.5)
    assert found["rows"] == 4
    assert found["log_loss"]["model"]["value"] == pytest.approx(model)
    assert found["log_loss"]["base"]["value"] == pytest.approx(base)
    assert found["log_loss"]["oracle"]["value"] == pytest.approx(best)
    assert found["gain"]["oracle"]["value"] == pytest.approx(base - best)
    assert found["share"]["value"] == pytest.approx((base - model) / (base - best))
    assert found["auc"]["model"]["value"] == pytest.approx(0.875)
    assert found["auc"]["oracle"]["value"] == pytest.approx(1.0)


def test_rows_that_the_oracle_says_nothing_about_count_for_nobody() -> None:
    said = said_by_all(four_deals(), "slip", oracle(0.9, None, 0.1, 0.1), "oracle")

    found = skill(said, "oracle")

    assert (found["rows"], found["left_out"]) == (3, 1)
    assert found["log_loss"]["model"]["value"] == pytest.approx(-(2 * log(0.8) + log(0.5)) / 3)


def test_a_base_without_an_opinion_says_what_the_constant_says() -> None:
    scores = four_deals().with_columns(
        pl.when(pl.col("entity_id") == "a")
        .then(None)
        .otherwise(pl.col(f"baseline_stage_age_{WON}"))
        .alias(f"baseline_stage_age_{WON}")
    )

    said = said_by_all(scores, "slip", oracle(0.9, 0.9, 0.1, 0.1), "oracle")

    assert said.by_name["base"][:, 0].tolist() == [0.3, 0.5, 0.5, 0.5]


def test_a_past_date_and_an_open_label_are_not_judged() -> None:
    scores = four_deals().with_columns(
        pl.Series("weight", [0.0, 1.0, 1.0, 1.0]),
        pl.Series("label_mature", [True, False, True, True]),
    )

    said = said_by_all(scores, "slip", oracle(0.9, 0.9, 0.1, 0.1), "oracle")

    assert said.accounts.to_list() == ["C", "D"]
    assert said.left_out == 0


def test_a_certainty_that_fails_costs_much_and_is_no_infinity() -> None:
    said = said_by_all(four_deals(), "slip", oracle(0.0, 0.9, 0.1, 0.1), "oracle")

    found = skill(said, "oracle")

    assert found["log_loss"]["oracle"]["high"] < 20.0


def test_buckets_are_judged_on_the_first_moments_that_the_oracle_saw() -> None:
    scores = score_frame([accounts_scored()])
    first = accounts_scored().filter(pl.col("as_of").is_in(list(ORIGINS)))
    best = first.select("entity", "entity_id", "as_of", *BUCKET_COLUMNS)

    said = said_by_all(scores, "bucket", best, "oracle")
    found = skill(said, "oracle")

    assert (said.outcome.size, said.left_out) == (60, 0)
    assert found["log_loss"]["model"]["value"] == pytest.approx(-log(0.4))
    assert found["log_loss"]["base"]["value"] == pytest.approx(-log(0.25))
    assert found["share"]["value"] == pytest.approx(1.0)


def test_without_a_shared_row_the_reason_is_given() -> None:
    said = said_by_all(four_deals(), "slip", oracle(None, None, None, None), "oracle")

    assert skill(said, "oracle") == {
        "rows": 0,
        "left_out": 4,
        "why": "no row was predicted by all",
    }


def test_an_oracle_no_better_than_the_base_leaves_no_share() -> None:
    said = said_by_all(four_deals(), "slip", oracle(0.4, 0.4, 0.6, 0.6), "oracle")

    found = skill(said, "oracle")

    assert found["share"]["value"] is None
    assert "does not lie below" in found["share"]["why"]


def test_a_gain_that_is_often_negative_has_a_share_without_an_interval() -> None:
    accounts = pl.Series([str(number) for number in range(20)])
    clusters = clusters_of(accounts, seed=1, repeats=500)
    best = np.array([1.0] + [-0.04] * 19)

    found = share_of(np.full(20, 0.01), best, clusters)

    assert found.figure.value == pytest.approx(0.2 / best.sum())
    assert found.figure.low is None
    assert "no interval" in (found.why or "")


def test_the_interval_covers_the_true_share_nine_times_in_ten() -> None:
    rng = np.random.default_rng(3)
    accounts = pl.Series(np.repeat(np.arange(120), 4).astype(str))
    covered, worlds = 0, 300
    for _ in range(worlds):
        lasting = np.repeat(rng.normal(0.0, 0.3, 120), 4)
        best = 0.5 + lasting + rng.normal(0.0, 0.3, 480)
        own = 0.6 * best + rng.normal(0.0, 0.2, 480) + np.repeat(rng.normal(0.0, 0.2, 120), 4)
        found = share_of(own, best, clusters_of(accounts, seed=1, repeats=200)).figure
        covered += found.low <= 0.6 <= found.high

    assert 0.85 <= covered / worlds <= 0.94


def test_rows_of_one_account_do_not_count_as_many() -> None:
    rng = np.random.default_rng(4)
    by_account = rng.normal(0.3, 0.5, 40)
    own, best = np.repeat(by_account, 10), np.ones(400)
    together = pl.Series(np.repeat(np.arange(40), 10).astype(str))
    apart = pl.Series(np.arange(400).astype(str))

    wide = share_of(own, best, clusters_of(together, seed=1)).figure
    narrow = share_of(own, best, clusters_of(apart, seed=1)).figure

    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
