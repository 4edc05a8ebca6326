"""All of the mess at once: independent parts, and tables that the product reads."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.calendar import Calendar
from features.crm.accounting import Rulebook
from features.crm.given import from_frame
from features.crm.reading import Reading, read_tables
from features.crm.synthetic import WorldParams, make_world
from features.crm.synthetic.mess import (
    MESS_PARTS,
    CurrencyParams,
    DuplicateParams,
    GapParams,
    GroupParams,
    MessParams,
    apply_mess,
)
from features.schema import conform
from tests.features.crm.synthetic.mess.small_crm import END, Tables, small_crm

WORLD_END = datetime(2026, 11, 21, tzinfo=UTC)
NOTHING = MessParams(
    DuplicateParams(share=0.0),
    CurrencyParams(share=0.0),
    GapParams(no_contacts=0.0, employees=0.0, annual_revenue=0.0, industry=0.0),
    GroupParams(share=0.0, fiscal_known=0.0),
)
MUCH = MessParams(
    DuplicateParams(share=0.5),
    CurrencyParams(share=0.7),
    GapParams(no_contacts=0.3, employees=0.3, annual_revenue=0.3, industry=0.3),
    GroupParams(share=0.3),
)


def streams(seed: int = 5) -> Mapping[str, np.random.Generator]:
    return {part: np.random.default_rng([seed, place]) for place, part in enumerate(MESS_PARTS)}


def messed(
    tables: Tables, params: MessParams = MUCH, *, end: datetime = END
) -> dict[str, pl.DataFrame]:
    return apply_mess(streams(), tables, params, end=end)


def read(tables: Tables, now: datetime) -> Reading:
    given = [from_frame(name, f"messed {name}", rows) for name, rows in tables.items()]
    return read_tables(given, Rulebook(Calendar(), now), source="messed")


@pytest.fixture(scope="module")
def world() -> Tables:
    until = WORLD_END.date()
    return make_world(WorldParams(accounts=120, seed=3, years=2, until=until, mess=NOTHING))


def test_no_mess_leaves_the_very_same_tables() -> None:
    tables = small_crm()

    done = messed(tables, NOTHING)

    assert list(done) == list(tables)
    assert all(done[name] is tables[name] for name in tables)


def test_the_tables_that_went_in_are_untouched() -> None:
    tables = small_crm()
    before = {name: rows.clone() for name, rows in tables.items()}

    messed(tables)

    assert all(tables[name].equals(before[name]) for name in before)


def test_the_same_streams_make_the_same_mess() -> None:
    one, two = messed(small_crm()), messed(small_crm())

    same = [name for name, rows in one.items() if name not in ("activities", "invoices")]
    for name in same:
        # The factories number activities and invoices on and on.
        assert_frame_equal(one[name], two[name], check_exact=True)


@pytest.mark.parametrize("part", ["duplicates", "currencies", "gaps", "groups"])
def test_switching_one_part_off_leaves_the_effects_of_the_others(part: str) -> None:
    tables = small_crm(80)
    whole = messed(tables)
    less = messed(tables, replace(MUCH, **{part: getattr(NOTHING, part)}))

    effects = {
        "groups": ("accounts", ["parent_account_id", "fiscal_year_start_month"]),
        "gaps": ("accounts", ["employees", "annual_revenue", "industry"]),
        "currencies": ("opportunities", ["amount", "currency"]),
    }
    for other, (name, columns) in effects.items():
        rows = tables[name].height
        changed = not whole[name].head(rows)[columns].equals(tables[name][columns])
        assert changed
        same = less[name].head(rows)[columns].equals(whole[name].head(rows)[columns])
        assert same == (other != part), other
    seconds = [name for name in less["accounts"]["account_id"] if name.endswith("-2")]
    assert seconds == (
        [] if part == "duplicates" else whole["accounts"]["account_id"].to_list()[80:]
    )


def test_a_messed_small_crm_is_read_without_a_row_set_aside() -> None:
    done = messed(small_crm(80))

    reading = read(done, END)

    assert reading.report.quarantined.select("code", "table", "column", "found").rows() == []
    assert reading.report.count("accounts").accepted > 80
    assert reading.report.count("exchange_rates").accepted > 0


def test_a_messed_world_is_read_without_a_row_set_aside(world: Tables) -> None:
    done = messed(world, end=WORLD_END)

    report = read(done, WORLD_END).report

    assert report.quarantined.select("code", "table", "column", "found").rows() == []
    assert report.warnings.height == read(world, WORLD_END).report.warnings.height
    for count in report.counts:
        assert count.rows_in == count.accepted + count.duplicates + count.quarantined
        assert count.rows_in == done[count.table].height > 0


def test_a_messed_world_keeps_the_form_of_the_contract(world: Tables) -> None:
    done = messed(world, end=WORLD_END)

    for name, rows in done.items():
        conform(name, rows.lazy())
    assert set(done) == {*world, "exchange_rates"}


def test_a_messed_world_still_adds_up(world: Tables) -> None:
    done = messed(world, end=WORLD_END)

    homes = done["contacts"].select("contact_id", "created_at", home="account_id")
    named = done["activities"].join(homes, on="contact_id")
    changes = done["opportunity_changes"].filter(pl.col("field") == "amount")
    last = changes.sort("changed_at", maintain_order=True).group_by("opportunity_id").last()
    deals = done["opportunities"].join(last, on="opportunity_id")
    born = done["accounts"].select("account_id", born="created_at")
    assert named.height > 0
    assert named.filter(pl.col("home") != pl.col("account_id")).height == 0
    assert named.filter(pl.col("occurred_at") <= pl.col("created_at")).height == 0
    assert deals.height > 100
    assert deals.filter(pl.col("amount") != pl.col("new").cast(pl.Float64)).height == 0
    assert deals.filter(pl.col("currency") != "EUR").height > 10
    for name, moment in (("activities", "occurred_at"), ("contacts", "created_at")):
        rows = done[name].join(born, on="account_id")
        assert rows.height == done[name].height
        assert rows.filter(pl.col(moment) < pl.col("born")).height == 0


def test_accounts_and_invoices_are_enough() -> None:
    tables = {name: small_crm()[name] for name in ("accounts", "invoices")}

    done = messed(tables)

    assert set(done) == {"accounts", "invoices", "exchange_rates"}
    assert read(done, END).report.quarantined.height == 0


def test_a_missing_stream_is_named() -> None:
    few = {name: rng for name, rng in streams().items() if name != "rates"}

    with pytest.raises(ValueError, match=r"duplicates, .*, rates, missing rates"):
        apply_mess(few, small_crm(1), MUCH, end=END)


def test_an_end_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an end with a time zone"):
        messed(small_crm(1), end=END.replace(tzinfo=None))
