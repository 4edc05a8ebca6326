"""What nobody entered."""

import polars as pl
import pytest

from features.crm.synthetic.mess import GapParams, gaps
from tests.factories import account_change, day
from tests.features.crm.synthetic.mess.small_crm import Tables, rng, small_crm, table

NONE = GapParams(no_contacts=0.0, employees=0.0, annual_revenue=0.0, industry=0.0)
FACTS = ("employees", "annual_revenue", "industry")


def messed(tables: Tables, **shares: float) -> dict[str, pl.DataFrame]:
    whole = {"no_contacts": 0.0, **dict.fromkeys(FACTS, 0.0), **shares}
    return gaps(rng(), tables, GapParams(**whole))


def alone(tables: Tables, done: Tables) -> set[str]:
    """Accounts that have lost their contacts."""
    return set(tables["contacts"]["account_id"]) - set(done["contacts"]["account_id"])


def test_shares_of_nothing_leave_the_very_same_tables() -> None:
    tables = small_crm()

    done = gaps(rng(), tables, NONE)

    assert list(done) == list(tables)
    assert all(done[name] is tables[name] for name in tables)


def test_a_share_of_the_accounts_has_no_contact_at_all() -> None:
    tables = small_crm(200)

    done = messed(tables, no_contacts=0.3)

    gone = alone(tables, done)
    assert 40 <= len(gone) <= 80
    others = ~pl.col("account_id").is_in(list(gone))
    assert done["contacts"].equals(tables["contacts"].filter(others))


def test_nothing_names_a_contact_who_is_gone() -> None:
    tables = small_crm(200)

    done = messed(tables, no_contacts=0.3)

    left = done["contacts"]["contact_id"].implode()
    is_left = pl.col("contact_id").is_in(left)
    was = tables["opportunity_contacts"]
    assert done["opportunity_contacts"].equals(was.filter(is_left))
    touches = done["activities"]
    assert touches.filter(~is_left).height == 0
    assert touches.height == tables["activities"].height
    assert touches.filter(is_left).equals(tables["activities"].filter(is_left))
    assert touches.drop("contact_id").equals(tables["activities"].drop("contact_id"))


def test_everybody_may_be_without_contacts() -> None:
    done = messed(small_crm(), no_contacts=1.0)

    assert done["contacts"].height == done["opportunity_contacts"].height == 0
    assert done["activities"]["contact_id"].count() == 0


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_not_known_of_a_share_of_the_accounts(fact: str) -> None:
    tables = small_crm(200)

    done = messed(tables, **{fact: 0.3})

    assert 40 <= done["accounts"][fact].null_count() <= 80
    assert done["accounts"].drop(fact).equals(tables["accounts"].drop(fact))
    kept = pl.col(fact).is_not_null()
    expected = tables["accounts"].filter(done["accounts"][fact].is_not_null())
    assert done["accounts"].filter(kept).equals(expected)
    assert done["contacts"] is tables["contacts"]


def test_a_fact_that_is_not_known_now_is_not_in_the_history_either() -> None:
    tables = dict(small_crm(2))
    told = [
        account_change(field, None, "5", at=day(-9), account_id="A00001")
        for field in ("employees", "segment")
    ]
    tables["account_changes"] = table("account_changes", told)

    done = messed(tables, employees=1.0)

    assert done["account_changes"]["field"].to_list() == ["segment"]


def test_the_gaps_strike_independently() -> None:
    tables = small_crm(400)

    done = messed(tables, no_contacts=0.5, employees=0.5, annual_revenue=0.5, industry=0.5)

    gone = done["accounts"].select(
        pl.col(FACTS).is_null(), contacts=pl.col("account_id").is_in(list(alone(tables, done)))
    )
    for one in gone.columns:
        for other in gone.columns:
            both = (gone[one] & gone[other]).mean()
            assert one == other or 0.18 < both < 0.32, (one, other)


def test_switching_one_gap_off_leaves_the_others_where_they_were() -> None:
    tables = small_crm(200)

    whole = messed(tables, no_contacts=0.3, employees=0.3, industry=0.3)
    less = messed(tables, no_contacts=0.3, industry=0.3)

    assert less["contacts"].equals(whole["contacts"])
    assert less["accounts"]["industry"].equals(whole["accounts"]["industry"])
    assert less["accounts"]["employees"].null_count() == 0


@pytest.mark.parametrize("absent", ["contacts", "opportunity_contacts", "activities"])
def test_a_missing_table_stays_missing(absent: str) -> None:
    tables = {name: rows for name, rows in small_crm().items() if name != absent}

    done = messed(tables, no_contacts=0.5, employees=0.5)

    assert set(done) == set(tables)
    assert done["accounts"]["employees"].null_count() > 0
