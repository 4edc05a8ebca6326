"""Opening a CRM by its address."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from features.calendar import Calendar
from features.crm.accounting import Rulebook
from features.crm.files import FilesSource
from features.crm.source import SourceError, SyntheticSource, open_source
from features.crm.synthetic import REGIMES, WorldParams
from features.crm.synthetic.mess.second_records import SUFFIX
from features.schema import TABLES

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def opened(url: str) -> object:
    return open_source(url, calendar=Calendar(fiscal_year_start_month=2), now=NOW)


def test_an_unknown_scheme_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SourceError, match="one of files:, synthetic: got 'salesforce:x'"):
        opened("salesforce:x")


@pytest.mark.parametrize("url", ["", "files", "files:", "/somewhere"])
def test_an_address_that_says_too_little_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match="expected"):
        opened(url)


def test_files_are_opened_without_being_read() -> None:
    source = opened("files:not/there")

    assert isinstance(source, FilesSource)
    assert source.folder == Path("not/there")


def test_a_synthetic_world_ends_on_the_day_of_the_clock_unless_told() -> None:
    today = opened("synthetic:accounts=20,seed=3")
    told = opened("synthetic:until=2026-01-31,years=2.5")

    assert isinstance(today, SyntheticSource)
    assert isinstance(told, SyntheticSource)
    assert (today.params.accounts, today.params.seed) == (20, 3)
    assert (today.params.years, today.params.until) == (4, date(2026, 11, 21))
    assert today.params.fiscal_year_start_month == 2
    assert (told.params.years, told.params.until) == (2.5, date(2026, 1, 31))
    assert today.params.block == WorldParams().block
    assert today.name == "synthetic:regime=baseline,accounts=20,seed=3,years=4,until=2026-11-21"


def test_a_regime_brings_its_own_size_and_history_unless_told() -> None:
    tiny = opened("synthetic:regime=tiny")
    told = opened("synthetic:regime=tiny,accounts=9,years=1,block=4")

    assert isinstance(tiny, SyntheticSource)
    assert isinstance(told, SyntheticSource)
    assert (tiny.params.accounts, tiny.params.years) == (60, 2)
    assert (told.params.accounts, told.params.years, told.params.block) == (9, 1, 4)
    assert tiny.name == "synthetic:regime=tiny,accounts=60,seed=7,years=2,until=2026-11-21"
    assert told.name.endswith("accounts=9,seed=7,years=1,until=2026-11-21,block=4")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("size=3", "expected settings regime, accounts, seed, years, until, block"),
        ("accounts=many", "accounts: expected a whole number, got 'many'"),
        ("block=half", "block: expected a whole number, got 'half'"),
        ("regime=calm", "regime: expected a regime out of baseline, .*, got 'calm'"),
        ("years=x", "years: expected a number"),
        ("until=yesterday", "until: expected a date YYYY-MM-DD, got 'yesterday'"),
    ],
)
def test_a_synthetic_setting_that_makes_no_sense_is_named(settings: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        opened(f"synthetic:{settings}")


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a clock with a time zone"):
        Rulebook(Calendar(), NOW.replace(tzinfo=None))


@pytest.mark.parametrize("name", REGIMES)
def test_every_row_of_a_synthetic_world_is_accepted_or_told_again(name: str) -> None:
    url = f"synthetic:regime={name},accounts=60,seed=5,years=2"

    reading = open_source(url, calendar=Calendar(), now=NOW).read()

    assert reading.report.quarantined.select("code", "table", "column", "found").rows() == []
    for count in reading.report.counts:
        assert count.rows_in == count.accepted + count.duplicates + count.quarantined, count
        assert count.quarantined == 0
    firsts = ~pl.col("account_id").str.ends_with(SUFFIX)
    assert reading.book["accounts"].filter(firsts).collect().height == 60
    assert reading.book.observed_until <= NOW


def test_a_shop_without_opportunities_is_read_as_one() -> None:
    url = "synthetic:regime=transactional,accounts=60,seed=5,years=2"

    reading = open_source(url, calendar=Calendar(), now=NOW).read()

    assert {"invoices", "activities", "tickets"} <= set(reading.book.present)
    assert not {"opportunities", "contracts", "quotes"} & set(reading.book.present)
    assert reading.book["invoices"].collect().height > 100


def test_what_a_world_becomes_does_not_depend_on_the_way_through_files(tmp_path: Path) -> None:
    url = "synthetic:accounts=12,seed=5,years=1,until=2026-11-21"
    direct = open_source(url, calendar=Calendar(), now=NOW).read()
    for name, frame in direct.book.tables.items():
        rows = frame.collect()
        if name in direct.book.present:
            stamped = rows.with_columns(pl.selectors.float().cast(pl.String))
            stamped.write_csv(tmp_path / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")

    again = open_source(f"files:{tmp_path}", calendar=Calendar(), now=NOW).read()

    assert again.report.quarantined.height == 0
    for name in direct.book.present:
        order = list(TABLES[name].schema)
        was = direct.book[name].collect().sort(order)
        assert again.book[name].collect().sort(order).equals(was), name
