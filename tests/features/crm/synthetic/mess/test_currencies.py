"""Deals and invoices in the customer's own money."""

from collections.abc import Mapping
from datetime import date

import polars as pl
import pytest

from features.book import make_book
from features.calendar import Calendar
from features.crm.synthetic.mess import CurrencyParams, currencies
from tests.factories import day
from tests.features.crm.synthetic.mess.small_crm import END, Tables, rng, small_crm
from training.labels.money import in_base

OWN = {"GB": "GBP", "US": "USD", "SE": "SEK", "DE": "EUR"}
ALL = CurrencyParams(share=1.0)


def messed(tables: Tables, params: CurrencyParams = ALL, seed: int = 1) -> dict[str, pl.DataFrame]:
    return currencies(rng(seed), tables, params, rates=rng(99), end=END)


def with_country(tables: Mapping[str, pl.DataFrame], name: str) -> pl.DataFrame:
    return tables[name].join(tables["accounts"].select("account_id", "country"), on="account_id")


def test_a_share_of_nothing_leaves_the_very_same_tables() -> None:
    tables = small_crm()

    done = messed(tables, CurrencyParams(share=0.0))

    assert list(done) == list(tables)
    assert all(done[name] is tables[name] for name in tables)


@pytest.mark.parametrize("name", ["opportunities", "invoices"])
def test_every_row_of_money_names_the_currency_of_its_account(name: str) -> None:
    done = messed(small_crm())

    rows = with_country(done, name)
    expected = rows["country"].replace_strict(OWN)
    assert rows["currency"].equals(expected.alias("currency"))
    assert rows["currency"].n_unique() == 4


def test_an_account_has_one_currency_and_a_share_of_the_foreign_ones_has_its_own() -> None:
    done = messed(small_crm(400), CurrencyParams(share=0.3))

    both = pl.concat(
        done[name].select("account_id", "currency") for name in ("opportunities", "invoices")
    )
    own = both.unique()
    assert own.height == 400
    assert 60 < own.filter(pl.col("currency") != "EUR").height < 120


def test_deals_are_converted_at_the_rate_of_their_creation() -> None:
    tables = small_crm()
    done = messed(tables)

    table = done["exchange_rates"]
    rows = done["opportunities"].with_columns(
        was=tables["opportunities"]["amount"],
        valid_from=pl.col("created_at").dt.date().dt.month_start(),
    )
    rated = rows.join(table, on=["currency", "valid_from"])
    foreign = rated.filter(pl.col("currency") != "EUR")
    cents = (pl.col("amount") - pl.col("was") / pl.col("rate_to_base")).abs()
    assert foreign["rate_to_base"].n_unique() > 6
    assert foreign.filter(cents > 0.0050001).height == 0
    assert foreign.filter(pl.col("amount") != pl.col("amount").round(2)).height == 0
    assert rated.filter(
        (pl.col("currency") == "EUR") & (pl.col("amount") != pl.col("was"))
    ).is_empty()


def test_the_history_of_an_amount_leads_to_the_amount() -> None:
    tables = small_crm()
    done = messed(tables)

    told = done["opportunity_changes"].filter(pl.col("field") == "amount")
    last = told.filter(pl.col("old").is_not_null()).join(done["opportunities"], on="opportunity_id")
    first = told.filter(pl.col("old").is_null()).select("opportunity_id", start="new")
    assert last.height == 40
    assert last["new"].to_list() == last["amount"].cast(pl.String).to_list()
    both = last.join(first, on="opportunity_id")
    assert both.height == 40
    assert both["old"].to_list() == both["start"].to_list()


def test_the_steps_of_an_amount_stay_as_steep_as_they_were() -> None:
    tables = small_crm()
    steepness = (pl.col("old").cast(pl.Float64) / pl.col("new").cast(pl.Float64)).alias("steepness")

    steps = [
        book["opportunity_changes"].filter(pl.col("old").is_not_null()).select(steepness)
        for book in (messed(tables), tables)
    ]

    now, was = (step["steepness"].to_list() for step in steps)
    assert now == pytest.approx(was, rel=1e-5)
    assert now != was


def test_other_fields_other_cells_and_the_order_stay() -> None:
    tables = small_crm()

    done = messed(tables)

    is_amount = pl.col("field") == "amount"
    changes, was = done["opportunity_changes"], tables["opportunity_changes"]
    assert changes.filter(~is_amount).equals(was.filter(~is_amount))
    assert changes.drop("old", "new").equals(was.drop("old", "new"))
    for name in ("opportunities", "invoices"):
        money = ["amount", "currency"]
        assert done[name].drop(money).equals(tables[name].drop(money))
    for name in set(tables) - {"opportunities", "invoices", "opportunity_changes"}:
        assert done[name] is tables[name]


def test_what_training_brings_back_to_base_is_what_was_there() -> None:
    tables = small_crm()
    done = messed(tables)
    book = make_book({name: rows.lazy() for name, rows in done.items()}, observed_until=END)

    for name, moment in (("invoices", "issued_at"), ("opportunities", "created_at")):
        key = done[name].columns[0]
        back = in_base(book[name], book, Calendar(), moment=moment).collect()
        pairs = back.join(tables[name].select(key, was="amount"), on=key)
        assert pairs.height == tables[name].height
        assert pairs["amount"].to_list() == pytest.approx(pairs["was"].to_list(), abs=0.01)


def test_a_credit_note_stays_negative() -> None:
    done = messed(small_crm())

    credit = done["invoices"].filter(pl.col("amount") < 0)
    assert credit.height == 40
    assert credit["amount"].n_unique() == 4


def test_two_blocks_have_the_same_rates() -> None:
    one, two = (messed(small_crm(size), seed=size) for size in (8, 40))

    assert one["exchange_rates"].equals(two["exchange_rates"])
    # The accounts are from 2024, all money from 2025 on.
    assert one["exchange_rates"]["valid_from"].min() == date(2023, 1, 1)


def test_a_deal_entered_late_keeps_the_rate_of_its_creation() -> None:
    tables = small_crm()
    late = tables["opportunities"].with_columns(recorded_at=pl.lit(day(-1)))

    done = messed({**tables, "opportunities": late})

    amounts = messed(tables)["opportunities"]["amount"]
    assert done["opportunities"]["amount"].to_list() == amounts.to_list()


def test_money_is_not_converted_twice() -> None:
    with pytest.raises(ValueError, match="expected tables in one currency"):
        messed(messed(small_crm(4)))


def test_another_base_currency_is_left_unconverted() -> None:
    tables = small_crm()

    done = messed(tables, CurrencyParams(share=1.0, base="USD"))

    home = with_country(done, "invoices")["country"].is_in(["US", "DE"])
    assert set(done["invoices"].filter(home)["currency"]) == {"USD"}
    assert done["invoices"].filter(home)["amount"].equals(tables["invoices"].filter(home)["amount"])


def test_an_amount_that_is_not_known_stays_unknown() -> None:
    tables = dict(small_crm())
    empty = tables["opportunities"].with_columns(pl.lit(None, pl.Float64).alias("amount"))
    tables["opportunities"] = empty

    done = messed(tables)

    assert done["opportunities"]["amount"].null_count() == 40


@pytest.mark.parametrize("absent", ["opportunities", "opportunity_changes", "invoices"])
def test_a_missing_table_stays_missing(absent: str) -> None:
    tables = {name: rows for name, rows in small_crm().items() if name != absent}

    done = messed(tables)

    assert set(done) == {*tables, "exchange_rates"}


def test_a_book_without_priced_rows_needs_no_rates() -> None:
    tables = {"accounts": small_crm()["accounts"]}

    assert list(messed(tables)) == ["accounts"]


def test_no_first_day_is_needed_where_nothing_has_one() -> None:
    tables = dict(small_crm())
    ageless = tables["accounts"].with_columns(
        pl.lit(None, pl.Datetime("us", "UTC")).alias("created_at")
    )
    tables = {"accounts": ageless, "invoices": tables["invoices"].head(0)}

    done = messed(tables)

    assert done["invoices"].height == 0
    assert done["exchange_rates"].height > 0
