"""Customers who stand in the CRM twice, as the tables show them."""

from datetime import timedelta

import polars as pl
import pytest

from features.book import make_book
from features.calendar import Calendar
from features.checks.accounts import likely_duplicates, merged_accounts
from features.crm.synthetic.mess import DuplicateParams, duplicates
from features.schema import TABLES
from features.snapshot import account_spine
from tests.features.crm.synthetic.mess.small_crm import (
    END,
    GROWN_AT,
    Tables,
    born,
    rng,
    small_crm,
)

STANDING = DuplicateParams(share=1.0, merged=0.0, filed=1.0)
MERGED = DuplicateParams(share=1.0, merged=1.0, filed=1.0)
IS_SECOND = pl.col("account_id").str.ends_with("-2")


def messed(tables: Tables, params: DuplicateParams) -> dict[str, pl.DataFrame]:
    return duplicates(rng(), tables, params, end=END)


def test_a_share_of_nothing_leaves_the_very_same_tables() -> None:
    tables = small_crm()

    done = messed(tables, DuplicateParams(share=0.0))

    assert list(done) == list(tables)
    assert all(done[name] is tables[name] for name in tables)


def test_second_records_stand_behind_the_accounts_that_were_there() -> None:
    tables = small_crm()

    accounts = messed(tables, STANDING)["accounts"]

    assert accounts.head(40).equals(tables["accounts"])
    assert accounts.tail(40).filter(IS_SECOND).height == accounts.height - 40 == 40


def test_the_history_of_a_second_record_begins_with_it() -> None:
    done = messed(small_crm(), STANDING)

    second = done["accounts"].filter(IS_SECOND)
    told = done["account_changes"].filter(IS_SECOND).join(second, on="account_id")
    assert told.filter(pl.col("changed_at") != pl.col("created_at")).height == 0
    assert told["old"].null_count() == told.height == 3 * second.height
    for field, column in (("owner", "owner_rep_id"), ("segment", "segment")):
        rows = told.filter(pl.col("field") == field)
        assert rows.filter(pl.col("new") != pl.col(column)).height == 0
        assert rows.height == second.height
    assert done["account_changes"]["recorded_at"].is_sorted()


def test_a_second_record_is_in_the_segment_of_its_time() -> None:
    second = messed(small_crm(200), STANDING)["accounts"].filter(IS_SECOND)

    early = pl.col("created_at") < GROWN_AT
    assert set(second.filter(early)["segment"]) == {"small"}
    assert set(second.filter(~early)["segment"]) == {"mid_market"}


def test_nobody_signs_for_a_web_form() -> None:
    by_web = DuplicateParams(share=1.0, merged=0.0, web=1.0)
    by_hand = DuplicateParams(share=1.0, merged=0.0, web=0.0)

    web = messed(small_crm(), by_web)["account_changes"].filter(IS_SECOND)
    hand = messed(small_crm(), by_hand)["account_changes"].filter(IS_SECOND)

    assert web["changed_by"].null_count() == web.height > 0
    owners = hand.filter(pl.col("field") == "owner")
    assert owners["changed_by"].equals(owners["new"].alias("changed_by"))


def test_no_row_is_older_than_its_account() -> None:
    done = messed(small_crm(), STANDING)

    homes = done["accounts"].select("account_id", home="created_at")
    for name in ("account_changes", "activities", "contacts", "opportunities", "invoices"):
        moment = pl.col(str(TABLES[name].moment))
        rows = done[name].join(homes, on="account_id")
        assert rows.height == done[name].height
        assert rows.filter(moment < pl.col("home")).height == 0, name
    assert done["activities"].filter(IS_SECOND).height > 40


def test_a_touch_and_its_contact_stand_under_the_same_record() -> None:
    done = messed(small_crm(), STANDING)

    homes = done["contacts"].select("contact_id", home="account_id")
    named = done["activities"].join(homes, on="contact_id")
    assert named.filter(pl.col("account_id") != pl.col("home")).height == 0
    assert named.filter(IS_SECOND).height == 40


def test_deals_and_money_stay_with_the_first_record() -> None:
    tables = small_crm()

    done = messed(tables, STANDING)

    for name in ("opportunities", "invoices", "opportunity_changes", "opportunity_contacts"):
        assert done[name] is tables[name]
    assert done["activities"].filter(IS_SECOND)["opportunity_id"].count() == 0


def test_a_merge_brings_everything_back_to_the_survivor() -> None:
    tables = small_crm()

    done = messed(tables, MERGED)

    second = done["accounts"].filter(IS_SECOND)
    assert done["activities"].equals(tables["activities"])
    assert done["contacts"].equals(tables["contacts"])
    assert (second["merged_into"] + "-2").equals(second["account_id"].alias("merged_into"))


def test_a_merge_is_on_record_with_its_day() -> None:
    done = messed(small_crm(), MERGED)

    merges = done["account_changes"].filter(pl.col("field") == "merged_into")
    rows = merges.join(done["accounts"], on="account_id")
    assert rows.height == 40
    assert rows.filter(pl.col("new") != pl.col("merged_into")).height == 0
    assert rows.filter(pl.col("changed_at") <= pl.col("created_at")).height == 0
    assert merges["old"].null_count() == 40
    assert merges["changed_at"].max() < END


def test_a_merged_record_is_an_account_between_its_making_and_its_merge() -> None:
    done = messed(small_crm(1), MERGED)
    book = make_book({name: rows.lazy() for name, rows in done.items()}, observed_until=END)
    made = done["accounts"].filter(IS_SECOND)["created_at"][0]
    merge = pl.col("field") == "merged_into"
    merged = done["account_changes"].filter(merge)["changed_at"][0]
    second = timedelta(seconds=1)

    spine = account_spine(book, [made, made + second, merged, merged + second]).collect()

    twice = spine.filter(pl.col("entity_id") == "A00001-2").sort("as_of")
    assert twice["as_of"].to_list() == [made + second, merged]
    assert spine.filter(pl.col("entity_id") == "A00001").height == 4


def test_the_product_finds_other_forms_and_cases_but_not_typing_errors() -> None:
    done = messed(small_crm(200), DuplicateParams(share=1.0, merged=0.5))
    book = make_book({name: rows.lazy() for name, rows in done.items()}, observed_until=END)

    (likely,) = likely_duplicates(book, Calendar())
    (merged,) = merged_accounts(book, Calendar())

    standing = 400 - 200 - merged.rows
    assert 0.5 * 2 * standing < likely.rows < 0.9 * 2 * standing
    assert "0 into an account that is not there, 0 into one that is itself merged" in merged.text


@pytest.mark.parametrize("absent", ["account_changes", "activities", "contacts", "opportunities"])
def test_a_missing_table_stays_missing_and_nothing_fails(absent: str) -> None:
    tables = {name: rows for name, rows in small_crm().items() if name != absent}

    done = messed(tables, STANDING)

    assert set(done) == set(tables)
    assert done["accounts"].height == 80


def test_accounts_alone_are_enough() -> None:
    done = messed({"accounts": small_crm()["accounts"]}, MERGED)

    assert set(done) == {"accounts"}
    assert done["accounts"]["merged_into"].count() == 40
    assert done["accounts"]["created_at"].min() == born(7)
