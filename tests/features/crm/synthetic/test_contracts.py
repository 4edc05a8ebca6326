"""Contracts: signed by wins, billed while they run, and followed without a gap."""

from datetime import UTC, datetime

import polars as pl

from tests.features.crm.small_world import World, closed

LATELY = datetime(2026, 9, 1, tzinfo=UTC)


def test_a_renewed_contract_is_followed_by_the_next_without_a_gap(world: World) -> None:
    contracts = world["contracts"]
    renewed = contracts.filter(pl.col("renewed_at").is_not_null())
    following = renewed.with_columns(starts_on=pl.col("ends_on").dt.offset_by("1d")).join(
        contracts.select("account_id", "starts_on"), on=["account_id", "starts_on"], how="semi"
    )

    assert renewed.height > 50
    assert following.height == renewed.height
    assert contracts.filter(
        pl.col("renewed_at").is_not_null() & pl.col("cancelled_at").is_not_null()
    ).is_empty()


def test_a_won_sale_makes_a_contract_that_is_invoiced(world: World) -> None:
    won = closed(world).filter((pl.col("type") == "new") & (pl.col("outcome") == "won"))
    signed = won.join(
        world["contracts"],
        left_on=["account_id", "closed_at"],
        right_on=["account_id", "recorded_at"],
    )
    old = signed.filter(pl.col("closed_at") < LATELY)

    assert won.height > 20
    assert signed.height == won.height
    assert signed.filter(pl.col("amount") != pl.col("annual_value")).height == 0
    assert old.join(world["invoices"], on="account_id", how="anti").height == 0


def test_what_was_lost_bills_no_new_contract(world: World) -> None:
    never = world["accounts"].join(world["contracts"], on="account_id", how="anti")

    assert never.height > 5
    for name in ("invoices", "usage", "tickets", "referrals"):
        assert world[name].join(never, on="account_id", how="semi").height == 0


def test_a_lost_renewal_cancels_the_contract(world: World) -> None:
    lost = closed(world).filter((pl.col("type") == "renewal") & (pl.col("outcome") == "lost"))
    cancelled = lost.join(
        world["contracts"],
        left_on=["account_id", "closed_at"],
        right_on=["account_id", "cancelled_at"],
        how="semi",
    )

    assert lost.height > 10
    assert cancelled.height == lost.height
