"""Which contacts and touches end up under a second record."""

import polars as pl

from features.crm.synthetic.mess.filing import refiled
from tests.factories import day
from tests.features.crm.synthetic.mess.small_crm import Tables, account_id, rng, small_crm

BORN = day(-50)


def second(number: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "account_id": [account_id(number) + "-2"],
            "first_id": [account_id(number)],
            "created_at": [BORN],
        }
    )


def filed(tables: Tables, share: float = 1.0) -> dict[str, pl.DataFrame]:
    return refiled(rng(), tables, second(), share=share)


def moved(tables: Tables, name: str) -> pl.DataFrame:
    return tables[name].filter(pl.col("account_id") == "A00001-2")


def test_what_comes_in_later_by_itself_goes_to_the_second_record() -> None:
    found = moved(filed(small_crm(3)), "activities")

    loose = found.filter(pl.col("contact_id").is_null())
    assert loose.sort("occurred_at")["occurred_at"].to_list() == [day(-45), day(-6), day(-5)]
    assert set(loose["kind"]) == {"email", "newsletter"}


def test_a_newer_contact_goes_over_with_all_its_touches() -> None:
    done = filed(small_crm(3))

    assert moved(done, "contacts")["contact_id"].to_list() == ["P1-new"]
    named = moved(done, "activities").filter(pl.col("contact_id").is_not_null())
    assert named.select("kind", "contact_id").rows() == [("new friend", "P1-new")]


def test_a_newer_contact_on_a_deal_stays() -> None:
    tables = dict(small_crm(3))
    on_deal = pl.col("contact_id").str.replace("old", "new")
    tables["opportunity_contacts"] = tables["opportunity_contacts"].with_columns(on_deal)

    done = filed(tables)

    assert done["contacts"].equals(tables["contacts"])
    assert "new friend" not in moved(done, "activities")["kind"]


def test_a_newer_contact_with_a_touch_of_a_deal_stays() -> None:
    tables = dict(small_crm(3))
    is_deal_call = pl.col("kind") == "deal call"
    caller = pl.when(is_deal_call).then(pl.lit("P1-new")).otherwise("contact_id")
    tables["activities"] = tables["activities"].with_columns(caller.alias("contact_id"))

    done = filed(tables)

    assert done["contacts"].equals(tables["contacts"])
    assert "deal call" not in moved(done, "activities")["kind"]


def test_other_accounts_and_all_other_cells_stay_as_they_are() -> None:
    tables = small_crm(3)

    done = filed(tables)

    for name in ("activities", "contacts"):
        assert done[name].drop("account_id").equals(tables[name].drop("account_id"))
        others = pl.col("account_id").str.contains("A0000[23]")
        assert done[name].filter(others).equals(tables[name].filter(others))
    for name in set(tables) - {"activities", "contacts"}:
        assert done[name] is tables[name]


def test_a_share_of_what_could_move_does() -> None:
    tables = small_crm(3)
    # Six hundred touches that came in by themselves.
    loose = moved(filed(tables), "activities").filter(pl.col("contact_id").is_null()).head(1)
    many = pl.concat([loose.with_columns(account_id=pl.lit("A00001"))] * 600)

    done = filed({**tables, "activities": many}, share=0.4)

    assert 200 <= moved(done, "activities").height <= 280
    assert moved(filed(tables, share=0.0), "activities").height == 0


def test_touches_are_filed_the_same_way_without_a_table_of_contacts() -> None:
    tables = small_crm(3)
    bare = {name: tables[name] for name in ("accounts", "activities")}

    done = filed(bare, share=0.5)

    loose = pl.col("contact_id").is_null()
    was = filed(tables, share=0.5)["activities"].filter(loose)
    assert done["activities"].filter(loose).equals(was)
    assert set(done) == set(bare)
