"""The heart of the oracle: what it foretells comes about as often as it says.

Every gap is in standard errors: binomial by rows, and of the draws. The last two tests break the
oracle and see the gap, so that a small one means something.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from bucketlist import oracle
from features.crm.synthetic import pursuit, regime
from models.policy import BUCKETS
from tests.bucketlist.fresh_worlds import (
    DEAL_COLUMNS,
    accounts_foretold,
    asked,
    deals_foretold,
    gap,
    log_loss,
)

DRAWS = 60
WORLDS = [regime("baseline", accounts=150, seed=seed, years=3) for seed in (201, 202, 203)]
ACCOUNTS_AS_OF = datetime(2026, 5, 1, tzinfo=UTC)
DEALS_AS_OF = tuple(
    datetime(*day, tzinfo=UTC) for day in ((2025, 6, 30), (2025, 11, 3), (2026, 3, 30))
)
BAND = 4.0


@pytest.fixture(scope="module")
def accounts() -> pl.DataFrame:
    return accounts_of(DRAWS)


@pytest.fixture(scope="module")
def deals() -> pl.DataFrame:
    return deals_of()


def accounts_of(draws: int, **horizon: timedelta) -> pl.DataFrame:
    question = asked(draws, **horizon)
    return pl.concat(accounts_foretold(world, ACCOUNTS_AS_OF, question) for world in WORLDS)


def deals_of() -> pl.DataFrame:
    return pl.concat(deals_foretold(world, DEALS_AS_OF, asked(DRAWS)) for world in WORLDS)


def deal_gap(rows: pl.DataFrame, target: str) -> float:
    return gap(rows[target], rows[f"is_{target}"], DRAWS)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_each_label_comes_about_as_often_as_foretold(accounts: pl.DataFrame, bucket: str) -> None:
    happened = accounts["label"] == bucket

    assert accounts.height > 300
    assert happened.sum() > 30
    assert gap(accounts[bucket], happened, DRAWS) < BAND


@pytest.mark.parametrize("target", [column[2:] for column in DEAL_COLUMNS])
def test_each_end_of_a_deal_comes_about_as_often_as_foretold(
    deals: pl.DataFrame, target: str
) -> None:
    assert deals.height > 300
    assert deals[f"is_{target}"].sum() > 30
    assert deal_gap(deals, target) < BAND


def test_renewals_alone_are_won_as_often_as_foretold(deals: pl.DataFrame) -> None:
    renewals = deals.filter(pl.col("type") == "renewal")

    assert renewals.height > 100
    assert deal_gap(renewals, "won_by_period_end") < BAND


def test_the_oracle_of_accounts_beats_the_shares_and_the_label_before(
    accounts: pl.DataFrame,
) -> None:
    said = pl.coalesce(pl.when(pl.col("label") == bucket).then(f"p_{bucket}") for bucket in BUCKETS)
    # Both have seen the outcomes that they are judged by; the oracle has not.
    constant = pl.len().over("label") / pl.len()
    persistence = pl.len().over("before", "label") / pl.len().over("before")

    losses = [
        log_loss(accounts.select(one.alias("p"))["p"]) for one in (said, constant, persistence)
    ]

    assert losses[0] < losses[1] - 0.2
    assert losses[0] < losses[2] - 0.2


def test_the_oracle_of_deals_beats_the_share_and_the_share_by_stage(deals: pl.DataFrame) -> None:
    happened, chance = "is_won_by_committed", pl.col("p_won_by_committed")
    said = pl.when(happened).then(chance).otherwise(1.0 - chance)
    constant = pl.len().over(happened) / pl.len()
    by_stage = pl.len().over("stage", happened) / pl.len().over("stage")

    losses = [log_loss(deals.select(one.alias("p"))["p"]) for one in (said, constant, by_stage)]

    assert losses[0] < losses[1] - 0.1
    assert losses[0] < losses[2] - 0.1


def test_forward_worlds_that_win_half_as_much_again_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true, run = pursuit.hazards, oracle.run_forward

    def eager(*given: Any) -> Any:
        found = true(*given)
        return replace(found, win=1.5 * found.win)

    def run_eagerly(*given: Any, **named: Any) -> Any:
        with monkeypatch.context() as ahead:
            ahead.setattr(pursuit, "hazards", eager)
            return run(*given, **named)

    monkeypatch.setattr(oracle, "run_forward", run_eagerly)

    assert deal_gap(deals_of(), "won_by_committed") > BAND


def test_labels_of_half_the_window_are_seen() -> None:
    rows = accounts_of(DRAWS, horizon=timedelta(weeks=13))

    for bucket in ("pain", "walk_away"):
        assert gap(rows[bucket], rows["label"] == bucket, DRAWS) > BAND
