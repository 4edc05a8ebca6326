"""The forms of exports: quotes, encodings, Parquet, dirt, and folders that are no CRM."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.crm.source import open_source
from features.schema import TABLES, SchemaError
from tests.features.crm.exports import (
    ACCOUNTS,
    BERLIN,
    INVOICES,
    NOW,
    deals,
    faults,
    folder,
    ids,
    read,
)


def test_quoted_line_ends_keep_the_line_numbers_of_the_file(tmp_path: Path) -> None:
    header = "opportunity_id,account_id,created_at,name"
    reading = deals(
        tmp_path,
        'O1,A1,2026-01-05,"two\r\nlines, ""quoted"""',
        "",
        "O2,A1,wrong,plain",
        header=header,
    )

    assert faults(reading) == [("E04", 5, "created_at")]
    assert reading.book["opportunities"].collect()["name"].to_list() == ['two\r\nlines, "quoted"']


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    header = "opportunity_id,account_id,created_at,name"
    reading = deals(
        tmp_path,
        'O1,A1,2026-01-05,"never closed',
        "O2,A1,2026-01-05,plain",
        'O3,A1,2026-01-05,5" pipe',
        'O4,A1,2026-01-05,"fine"',
        header=header,
    )

    assert faults(reading) == [("E13", 2, None)]
    assert ids(reading) == ["O2", "O3", "O4"]


def test_an_inch_sign_in_plain_text_costs_no_row(tmp_path: Path) -> None:
    header = "opportunity_id,account_id,created_at,name"
    reading = deals(
        tmp_path,
        'O1,A1,2026-01-05,5" pipe',
        'O2,A1,2026-01-05,"a, b"',
        'O3,A1,2026-01-05,6" pipe',
        'O4,A1,2026-01-05,"two\nlines"',
        header=header,
    )

    names = reading.book["opportunities"].sort("opportunity_id").collect()["name"].to_list()
    assert names == ['5" pipe', "a, b", '6" pipe', "two\nlines"]


def test_bytes_that_are_not_utf8_cost_their_row_and_a_mark_in_front_none(tmp_path: Path) -> None:
    accounts = b"\xef\xbb\xbfaccount_id,name\r\nA1,Caf\xc3\xa9\r\nA2,Caf\xe9\r\nA3,x\x00y\r\n"

    reading = read(tmp_path, {"accounts.csv": accounts, "invoices.csv": INVOICES})

    assert faults(reading, "accounts") == [("E12", 3, None), ("E12", 4, None)]
    assert reading.book["accounts"].collect()["name"].to_list() == ["Café"]


def test_a_missing_required_column_is_named_with_the_nearest_ones(tmp_path: Path) -> None:
    text = "opportunity_id,acount_id,created,createdate,name\nO1,A1,2026-01-05,,x\n"

    with pytest.raises(SchemaError) as error:
        read(tmp_path, {"accounts.csv": ACCOUNTS, "opportunities.csv": text})

    said = str(error.value)
    assert "table opportunities" in said
    assert "column account_id (nearest: acount_id, " in said
    assert "column created_at (nearest: createdate, created, " in said


def test_unknown_columns_and_files_are_listed_and_not_read(tmp_path: Path) -> None:
    accounts = "account_id,colour\nA1,red\n"

    reading = read(
        tmp_path, {"accounts.csv": accounts, "invoices.csv": INVOICES, "deals.csv": "x\n"}
    )

    assert dict(reading.report.unknown_columns) == {"accounts": ("colour",)}
    assert reading.report.unknown_files == ("deals.csv",)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({}, "an empty folder"),
        ({"account.csv": ACCOUNTS}, "expected tables such as accounts.csv"),
        ({"invoices.csv": INVOICES}, "expected the table accounts, found invoices"),
        ({"accounts.csv": ACCOUNTS}, "at least one of the tables opportunities, invoices"),
        ({"accounts.csv": "", "invoices.csv": INVOICES}, "expected a header row"),
        (
            {"accounts.csv": "account_id;name\nA1;x\n", "invoices.csv": INVOICES},
            "separated by commas",
        ),
        (
            {"accounts.csv": "account_id,account_id\n", "invoices.csv": INVOICES},
            "once in the header",
        ),
        ({"accounts.csv": b"\xff\xfea\x00", "invoices.csv": INVOICES}, "UTF-16"),
        ({"accounts.parquet": b"PAR1", "invoices.csv": INVOICES}, "file accounts.parquet"),
        ({"accounts.csv": ACCOUNTS, "accounts.parquet": b"", "invoices.csv": INVOICES}, "one file"),
    ],
)
def test_a_folder_that_is_no_crm_says_why(
    tmp_path: Path, tables: dict[str, str | bytes], said: str
) -> None:
    with pytest.raises(SchemaError, match=said):
        read(tmp_path, tables)


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="expected a folder of tables, found nothing"):
        open_source(f"files:{tmp_path / 'no'}", calendar=BERLIN, now=NOW).read()


def test_tables_without_rows_are_refused_where_they_are_needed_and_noted_elsewhere(
    tmp_path: Path,
) -> None:
    reading = read(
        tmp_path,
        {
            "accounts.csv": "account_id\n",
            "invoices.csv": "invoice_id,account_id,issued_at,amount\n",
            "tickets.csv": "ticket_id,account_id,opened_at\n",
        },
    )

    assert (
        "table tickets: expected at least one row, found 0 in tickets.csv" in reading.report.notes
    )
    first, second = reading.report.refusals()
    assert first == "table accounts: expected at least one accepted row, found 0 of 0 rows"
    assert "found invoices 0 of 0" in second


def test_parquet_of_other_types_passes_through_the_same_rules(tmp_path: Path) -> None:
    place = folder(tmp_path, {})
    pl.DataFrame({"account_id": [1, 2], "employees": [10, None]}).write_parquet(
        place / "accounts.parquet"
    )
    pl.DataFrame(
        {
            "opportunity_id": ["O1", "O2", "O3", None],
            "account_id": [1, 2, 3, 1],
            "amount": [Decimal("10.50"), Decimal(-1), Decimal(1), Decimal(1)],
            "created_at": [datetime(2026, 7, 1, 10)] * 4,  # noqa: DTZ001  naive on purpose
            "closed_at": ["2026-07-02", None, None, None],
            "outcome": ["won", None, None, None],
        },
        schema_overrides={"outcome": pl.Categorical},
    ).write_parquet(place / "opportunities.parquet")

    reading = open_source(f"files:{place}", calendar=BERLIN, now=NOW).read()

    row = reading.book["opportunities"].collect().row(0, named=True)
    assert (row["account_id"], row["amount"], row["outcome"]) == ("1", 10.5, "won")
    assert row["created_at"] == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert faults(reading) == [
        ("E11", 2, "amount"),
        ("E03", 3, "account_id"),
        ("E01", 4, "opportunity_id"),
    ]
    raw = reading.report.quarantined["raw"][0]
    assert raw.startswith('{"opportunity_id":"O2","account_id":"2"')


def test_a_parquet_day_in_a_column_of_times_is_the_end_of_that_day(tmp_path: Path) -> None:
    place = folder(tmp_path, {"accounts.csv": ACCOUNTS})
    row = {"invoice_id": "I1", "account_id": "A1", "amount": 5, "issued_at": date(2026, 7, 1)}
    pl.DataFrame([row]).write_parquet(place / "invoices.parquet")

    reading = open_source(f"files:{place}", calendar=BERLIN, now=NOW).read()

    issued = reading.book["invoices"].collect()["issued_at"].to_list()
    assert issued == [datetime(2026, 7, 1, 21, 59, 59, 999999, tzinfo=UTC)]


def test_the_order_of_rows_does_not_change_what_is_accepted(tmp_path: Path) -> None:
    rows = [f"O{n},A{n % 4},{n - 2},2026-01-{n + 1:02d},," for n in range(28)]
    rows += [rows[3], rows[4], rows[5].replace(",3,", ",4,"), "O5"]
    shuffled = random.Random(3).sample(rows, len(rows))

    first = deals(tmp_path / "a", *rows)
    second = deals(tmp_path / "b", *shuffled)

    columns = list(TABLES["opportunities"].schema)
    assert first.report.count("opportunities") == second.report.count("opportunities")
    assert (
        first.book["opportunities"]
        .sort(columns)
        .collect()
        .equals(second.book["opportunities"].sort(columns).collect())
    )


WORDS = "A1 A2 A9 O1 O2 O3 0 -3 12.5 1e308 N/A nan won lost open true ; ' é"
STAMPS = "2026-01-05 2026-02-30 2026-03-01T10:00:00Z 2031-01-01"
ODD = ["", " ", "x" * 30, "\r", '"', '""', '"x\ny"', '"a,b"']
CELLS = st.sampled_from([*WORDS.split(), *STAMPS.split(), *ODD])
LINES = st.lists(CELLS, min_size=1, max_size=8).map(",".join)
PLAIN = st.builds("O{},A{},{},2026-01-0{},,".format, *(st.integers(1, n) for n in (9, 3, 5, 9)))
DIRTY = st.lists(st.one_of(LINES, PLAIN), max_size=14)


@given(rows=DIRTY, noise=st.sampled_from([b"", b"\xe9", b"\x00"]))
@settings(max_examples=60)
def test_of_any_dirty_file_every_row_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], noise: bytes
) -> None:
    place = tmp_path_factory.mktemp("dirty")
    header = "opportunity_id,account_id,amount,created_at,closed_at,outcome"
    text = "\n".join([header, *rows, ""]).encode("utf-8") + noise

    reading = read(place, {"accounts.csv": ACCOUNTS, "opportunities.csv": text})

    count = reading.report.count("opportunities")
    physical = [line for line in text.split(b"\n")[1:] if line.strip()]
    assert count.rows_in == count.accepted + count.quarantined + count.duplicates
    assert count.rows_in <= len(physical)
    assert count.accepted == reading.book["opportunities"].collect().height
    seen = "\n".join(reading.report.quarantined["raw"].to_list())
    lines = reading.report.quarantined["line"]
    assert lines.n_unique() == lines.len()
    if not any('"' in row for row in rows):
        assert count.rows_in == len(physical)
        assert len(seen.split("\n")) >= count.quarantined
    accepted = reading.book["opportunities"].collect()
    assert accepted["account_id"].is_in(["A1", "A2"]).all()
    assert accepted["opportunity_id"].is_unique().all()
    assert accepted["created_at"].max() is None or accepted["created_at"].max() <= NOW + timedelta(
        hours=12
    )
