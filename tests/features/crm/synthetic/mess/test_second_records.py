"""The second records: who gets one, what stands in it, and when it is merged."""

from datetime import timedelta

import polars as pl
import pytest

from features.crm.synthetic.mess import DuplicateParams
from features.crm.synthetic.mess.second_records import second_records
from tests.factories import day
from tests.features.crm.synthetic.mess.small_crm import END, REPS, lone_account, rng, small_crm

ALL = DuplicateParams(share=1.0)


def seconds(accounts: pl.DataFrame, params: DuplicateParams = ALL, seed: int = 1) -> pl.DataFrame:
    return second_records(rng(seed), accounts, params, end=END)


def test_a_second_record_is_the_same_company_under_another_name_and_id() -> None:
    first = small_crm()["accounts"]

    second = seconds(first)

    same = ["segment", "industry", "country", "region"]
    assert second["first_id"].equals(first["account_id"].alias("first_id"))
    assert second["account_id"].to_list() == [f"{name}-2" for name in first["account_id"]]
    assert second.select(same).equals(first.select(same))
    assert (second["name"] != first["name"]).all()
    assert second["account_type"].unique().to_list() == ["prospect"]


def test_a_colleague_owns_it_not_the_owner_of_the_first() -> None:
    first = small_crm(200)["accounts"]

    second = seconds(first)

    assert (second["owner_rep_id"] != first["owner_rep_id"]).all()
    for own in REPS:
        others = second.filter(first["owner_rep_id"] == own)["owner_rep_id"]
        assert set(others) == set(REPS) - {own}


def test_a_lone_rep_owns_the_second_record_too() -> None:
    second = seconds(lone_account(owner_rep_id="R001"))

    assert second["owner_rep_id"].to_list() == ["R001"]


def test_a_web_form_asks_for_no_figures() -> None:
    first = small_crm(200)["accounts"]

    second = seconds(first)

    for name in ("employees", "annual_revenue"):
        assert second.filter("is_web")[name].null_count() == second["is_web"].sum()
        by_hand = ~second["is_web"]
        assert second.filter(by_hand)[name].equals(first.filter(by_hand)[name])
    assert 0.25 < second["is_web"].mean() < 0.55


def test_it_is_made_between_the_first_and_the_end_with_days_to_spare() -> None:
    first = small_crm(200)["accounts"]

    second = seconds(first)

    after = second["created_at"] - first["created_at"]
    assert after.min() > timedelta(days=29)
    assert second["created_at"].max() < END - timedelta(days=29)
    assert second["created_at"].dt.hour().is_between(8, 17).all()
    assert second["created_at"].equals(second["recorded_at"].alias("created_at"))
    assert after.max() - after.min() > timedelta(days=500)


def test_it_is_merged_after_it_was_made_and_before_the_end() -> None:
    second = seconds(small_crm(200)["accounts"])

    merged = second.filter(pl.col("merged_at").is_not_null())
    assert 70 <= merged.height <= 130
    assert (merged["merged_at"] > merged["created_at"]).all()
    assert (merged["merged_at"] < END).all()
    assert merged["merged_into"].equals(merged["first_id"].alias("merged_into"))
    assert second.filter(pl.col("merged_at").is_null())["merged_into"].null_count() == (
        200 - merged.height
    )


@pytest.mark.parametrize("seed", range(20))
def test_even_the_youngest_record_is_merged_before_the_end(seed: int) -> None:
    params = DuplicateParams(share=1.0, merged=1.0, settled_days=2)
    youngest = lone_account(at=END - timedelta(days=4, minutes=1))

    second = seconds(youngest, params, seed).row(0, named=True)

    assert youngest["created_at"][0] < second["created_at"] < second["merged_at"] < END


@pytest.mark.parametrize(
    "cells",
    [{"at": day(-60)}, {"created_at": None}, {"merged_into": "A00009"}],
    ids=["too young", "of unknown age", "merged"],
)
def test_some_accounts_never_get_one(cells: dict[str, object]) -> None:
    assert seconds(lone_account()).height == 1
    assert seconds(lone_account(**cells)).height == 0


def test_a_greater_share_keeps_the_records_of_the_smaller() -> None:
    accounts = small_crm(200)["accounts"]

    few = seconds(accounts, DuplicateParams(share=0.1))
    more = seconds(accounts, DuplicateParams(share=0.3))

    assert 8 <= few.height <= 36
    assert few.height < more.height <= 90
    assert more.join(few, on="account_id", how="semi").equals(few)
