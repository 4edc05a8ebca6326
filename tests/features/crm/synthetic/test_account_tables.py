"""Accounts and their people: histories that lead to the values of the end."""

import polars as pl

from tests.features.crm.small_world import PARAMS, World


def test_the_history_of_an_account_leads_to_its_current_values(world: World) -> None:
    changes = world["account_changes"].sort("changed_at", maintain_order=True)
    wide = (
        changes.group_by("account_id", "field")
        .agg(pl.col("new").last())
        .pivot("field", index="account_id", values="new")
    )
    accounts = world["accounts"].join(wide, on="account_id", suffix="_told")

    assert accounts.height == PARAMS.accounts
    assert accounts.filter(pl.col("owner_rep_id") != pl.col("owner")).height == 0
    assert accounts.filter(pl.col("segment") != pl.col("segment_told")).height == 0
    assert accounts.filter(pl.col("account_type") != pl.col("account_type_told")).height == 0
    assert changes.filter(pl.col("old").is_not_null())["field"].n_unique() == 3


def test_the_history_of_a_messy_account_leads_to_its_current_owner(messy: World) -> None:
    changes = messy["account_changes"].sort("changed_at", maintain_order=True)
    owner = (
        changes.filter(pl.col("field") == "owner").group_by("account_id").agg(pl.col("new").last())
    )
    accounts = messy["accounts"].join(owner, on="account_id")

    assert messy["accounts"].height > PARAMS.accounts
    assert accounts.height >= PARAMS.accounts
    assert accounts.filter(pl.col("owner_rep_id") != pl.col("new")).height == 0


def test_every_owner_is_on_the_team(messy: World) -> None:
    team = messy["reps"].select(owner_rep_id="rep_id")

    for name in ("accounts", "opportunities"):
        assert messy[name].join(team, on="owner_rep_id", how="anti").height == 0
    sellers = messy["reps"].filter(pl.col("manager_id").is_not_null())
    assert set(messy["accounts"]["owner_rep_id"]) <= set(sellers["rep_id"])


def test_names_are_unique_and_reps_have_example_addresses(world: World) -> None:
    assert world["accounts"]["name"].n_unique() == PARAMS.accounts
    assert world["reps"]["name"].n_unique() == world["reps"].height
    assert world["reps"]["email"].n_unique() == world["reps"].height
    assert world["reps"]["email"].str.ends_with("@example.com").all()
    assert world["reps"]["manager_id"].null_count() == 2


def test_a_target_spans_a_fiscal_quarter_and_is_for_a_seller(world: World) -> None:
    targets = world["targets"]
    days = (targets["period_end"] - targets["period_start"]).dt.total_days() + 1
    managers = world["reps"].filter(pl.col("manager_id").is_null())

    assert days.is_between(90, 92).all()
    assert (targets["amount"] > 0).all()
    assert targets.select("rep_id", "period_start").is_duplicated().sum() == 0
    assert targets.join(managers, on="rep_id", how="semi").height == 0
