"""Companies that belong to one another, and their fiscal years."""

import polars as pl
import pytest

from features.crm.synthetic.mess import GroupParams, groups
from tests.factories import account
from tests.features.crm.synthetic.mess.small_crm import rng, small_crm, table

FISCAL = "fiscal_year_start_month"
PARENT = "parent_account_id"


def messed(
    accounts: pl.DataFrame, *, share: float = 0.3, fiscal_known: float = 0.0
) -> pl.DataFrame:
    params = GroupParams(share=share, fiscal_known=fiscal_known)
    return groups(rng(), {"accounts": accounts}, params)["accounts"]


def test_shares_of_nothing_leave_the_very_same_tables() -> None:
    tables = small_crm()

    done = groups(rng(), tables, GroupParams(share=0.0, fiscal_known=0.0))

    assert list(done) == list(tables)
    assert all(done[name] is tables[name] for name in tables)


def test_a_daughter_and_its_parent_are_in_one_industry() -> None:
    accounts = messed(small_crm(400)["accounts"])

    parents = accounts.select(pl.col("account_id").alias(PARENT), of="industry")
    daughters = accounts.join(parents, on=PARENT)
    assert 90 <= daughters.height <= 150
    assert daughters.height == accounts[PARENT].count()
    assert daughters.filter(pl.col("industry") != pl.col("of")).height == 0


def test_a_parent_has_no_parent_itself() -> None:
    accounts = messed(small_crm(400)["accounts"], share=0.9)

    used = accounts.filter(pl.col("account_id").is_in(accounts[PARENT].implode()))
    assert used.height > 0
    assert used[PARENT].count() == 0
    assert accounts[PARENT].count() > 300


def test_the_larger_a_company_the_more_daughters_it_has() -> None:
    accounts = messed(small_crm(400)["accounts"])

    size = dict(accounts.select("account_id", "employees").rows())
    mothers = [size[name] for name in accounts[PARENT].drop_nulls()]
    possible = accounts.filter(pl.col(PARENT).is_null())["employees"]
    assert sum(mothers) / len(mothers) > possible.mean() + 30
    assert min(mothers) < possible.mean()


def test_without_a_possible_parent_an_account_stays_alone() -> None:
    accounts = small_crm()["accounts"]
    unlike = accounts.with_columns(industry=pl.col("account_id"))

    assert messed(accounts, share=1.0)[PARENT].count() == 0
    assert messed(unlike)[PARENT].count() == 0
    assert messed(accounts.with_columns(industry=pl.lit(None, pl.String)))[PARENT].count() == 0


def test_what_the_table_tells_already_is_kept() -> None:
    told = [
        account("A1", industry="retail", parent_account_id="A3", **{FISCAL: 2.0}),
        account("A2", industry="retail", merged_into="A3"),
        account("A3", industry="retail"),
    ]
    accounts = table("accounts", told)

    done = messed(accounts, share=1.0, fiscal_known=1.0)

    assert done[PARENT].to_list() == ["A3", None, None]
    assert done[FISCAL][0] == 2.0


@pytest.mark.parametrize("seed", range(10))
def test_neither_a_daughter_nor_a_merged_record_becomes_a_parent(seed: int) -> None:
    told = [
        account("A1", industry="retail", parent_account_id="A9"),
        account("A2", industry="retail", merged_into="A1"),
        *(account(f"B{i}", industry="retail") for i in range(20)),
    ]
    params = GroupParams(share=0.6)

    done = groups(rng(seed), {"accounts": table("accounts", told)}, params)["accounts"]

    assert done[PARENT].count() > 3
    assert not set(done[PARENT]) & {"A1", "A2"}


def test_most_known_fiscal_years_begin_in_january() -> None:
    accounts = messed(small_crm(2000)["accounts"], fiscal_known=0.6)

    months = accounts[FISCAL].drop_nulls()
    assert 0.55 < len(months) / 2000 < 0.65
    assert set(months) == {1.0, 4.0, 7.0, 10.0}
    assert 0.65 < (months == 1.0).mean() < 0.75
    assert accounts.schema[FISCAL] == pl.Float64


def test_fiscal_years_do_not_depend_on_groups() -> None:
    accounts = small_crm()["accounts"]

    alone = messed(accounts, share=0.0, fiscal_known=0.6)

    assert alone[PARENT].count() == 0
    assert alone[FISCAL].equals(messed(accounts, fiscal_known=0.6)[FISCAL])
    assert alone.drop(FISCAL).equals(accounts.drop(FISCAL))


def test_whether_a_fiscal_year_is_known_says_nothing_about_a_parent() -> None:
    accounts = messed(small_crm(400)["accounts"], share=0.5, fiscal_known=0.5)

    told = accounts.filter(pl.col(FISCAL).is_not_null())
    assert 0.35 < told[PARENT].count() / told.height < 0.65
