"""Contract tables from files: what is accepted, what is set aside, and what is said of it."""

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendar import Calendar
from features.crm.reading import Reading
from features.crm.source import open_source
from features.schema import TABLES, SchemaError

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BERLIN = Calendar("Europe/Berlin")
ACCOUNTS = "account_id,name\nA1,Acme\nA2,Brown\n"
DEALS = (
    "opportunity_id,account_id,amount,created_at,closed_at,outcome\n"
    "O1,A1,100,2026-01-05,2026-02-01,won\n"
    "O2,A2,200,2026-01-06,,\n"
)
INVOICES = "invoice_id,account_id,issued_at,amount\nI1,A1,2026-03-01,10\n"


def folder(path: Path, tables: Mapping[str, str | bytes]) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        content = text if isinstance(text, bytes) else text.encode("utf-8")
        (path / name).write_bytes(content)
    return path


def read(path: Path, tables: Mapping[str, str | bytes], **calendar: str) -> Reading:
    place = folder(path, tables)
    zone = Calendar(**calendar)
    return open_source(f"files:{place}", calendar=zone, now=NOW, base_currency="USD").read()


def deals(path: Path, *rows: str, header: str | None = None) -> Reading:
    head = header or "opportunity_id,account_id,amount,created_at,closed_at,outcome"
    text = "\n".join([head, *rows]) + "\n"
    return read(path, {"accounts.csv": ACCOUNTS, "opportunities.csv": text})


def faults(reading: Reading, table: str = "opportunities") -> list[tuple[str, int, str | None]]:
    frame = reading.report.quarantined.filter(pl.col("table") == table).sort("line")
    return [(row["code"], row["line"], row["column"]) for row in frame.to_dicts()]


def ids(reading: Reading, table: str = "opportunities") -> list[str]:
    frame = reading.book[table].collect()
    return sorted(frame[TABLES[table].key[0]].to_list())


def test_a_folder_of_csv_tables_becomes_a_book(tmp_path: Path) -> None:
    reading = read(tmp_path, {"accounts.csv": ACCOUNTS, "opportunities.csv": DEALS})

    deal = reading.book["opportunities"].sort("opportunity_id").collect().row(0, named=True)
    assert deal["amount"] == 100.0
    assert deal["created_at"] == datetime(2026, 1, 5, 23, 59, 59, 999999, tzinfo=UTC)
    assert deal["recorded_at"] == deal["created_at"]
    assert reading.report.count("opportunities").accepted == 2
    assert reading.report.quarantined.height == 0
    assert reading.report.refusals() == ()


def test_an_empty_outcome_is_open_but_does_not_count_as_filled(tmp_path: Path) -> None:
    reading = deals(tmp_path, "O1,A1,1,2026-01-05,,", "O2,A1,1,2026-01-05,,")

    assert reading.book["opportunities"].collect()["outcome"].to_list() == ["open", "open"]
    assert not reading.book.has("opportunities.outcome")
    assert not reading.book.has("opportunities.recorded_at")
    assert reading.book.has("opportunities.amount")


def test_times_without_a_zone_are_read_in_the_organisations_zone(tmp_path: Path) -> None:
    rows = (
        "opportunity_id,account_id,created_at\n"
        "O1,A1,2026-07-01T10:00:00\n"
        "O2,A1,2026-07-01 10:00:00.25Z\n"
        "O3,A1,2026-07-01T10:00+0530\n"
        "O4,A1,2026-07-01\n"
    )

    reading = read(
        tmp_path, {"accounts.csv": ACCOUNTS, "opportunities.csv": rows}, time_zone="Europe/Berlin"
    )

    found = reading.book["opportunities"].sort("opportunity_id").collect()["created_at"].to_list()
    assert found == [
        datetime(2026, 7, 1, 8, tzinfo=UTC),
        datetime(2026, 7, 1, 10, 0, 0, 250000, tzinfo=UTC),
        datetime(2026, 7, 1, 4, 30, tzinfo=UTC),
        datetime(2026, 7, 1, 21, 59, 59, 999999, tzinfo=UTC),
    ]


def test_an_hour_that_the_zone_skips_is_set_aside(tmp_path: Path) -> None:
    rows = "opportunity_id,account_id,created_at\nO1,A1,2026-03-29T02:30:00\n"

    reading = read(
        tmp_path, {"accounts.csv": ACCOUNTS, "opportunities.csv": rows}, time_zone="Europe/Berlin"
    )

    assert faults(reading) == [("E04", 2, "created_at")]


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (",A1,1,2026-01-05,,", "E01", "opportunity_id"),
        ("  ,A1,1,2026-01-05,,", "E01", "opportunity_id"),
        ("O9,,1,2026-01-05,,", "E01", "account_id"),
        ("O9,A9,1,2026-01-05,,", "E03", "account_id"),
        ("O9,A1,1,05/13/2026,,", "E04", "created_at"),
        ("O9,A1,1,,,", "E04", "created_at"),
        ("O9,A1,1,2026-02-30,,", "E04", "created_at"),
        ("O9,A1,1,0001-01-01,,", "E04", "created_at"),
        ("O9,A1,N/A,2026-01-05,,", "E05", "amount"),
        ("O9,A1,1e308,2026-01-05,,", "E05", "amount"),
        ("O9,A1,nan,2026-01-05,,", "E05", "amount"),
        ("O9,A1,inf,2026-01-05,,", "E05", "amount"),
        ("O9,A1,1,2026-01-05,2026-02-01,maybe", "E10", "outcome"),
        ("O9,A1,1,2026-01-05,2026-02-01,", "E10", "outcome"),
        ("O9,A1,1,2026-01-05,2026-02-01,open", "E10", "outcome"),
        ("O9,A1,1,2026-01-05,,won", "E10", "closed_at"),
        ("O9,A1,-1,2026-01-05,,", "E11", "amount"),
        ("O9,A1,1,2026-11-22,,", "E15", "created_at"),
        ("O9,A1,1,2026-11-21T12:00:01Z,,", "E15", "created_at"),
        ("O9,A1,1,2026-01-05", "E13", None),
        ("O9,A1,1,2026-01-05,,,,", "E13", None),
        ('O9,A1,1,"2026-01-05,,', "E13", None),
    ],
)
def test_a_bad_row_is_set_aside_with_its_code_line_and_column(
    tmp_path: Path, row: str, code: str, column: str | None
) -> None:
    reading = deals(tmp_path, "O1,A1,1,2026-01-05,,", row, "O2,A2,1,2026-01-05,,")

    assert faults(reading) == [(code, 3, column)]
    assert reading.report.quarantined["raw"].to_list() == [row]
    assert reading.report.quarantined["file"].to_list() == ["opportunities.csv"]
    assert ids(reading) == ["O1", "O2"]


def test_what_was_expected_and_found_is_said_of_each_cell(tmp_path: Path) -> None:
    reading = deals(tmp_path, "O1,A1,N/A,13.01.2026,,")

    row = reading.report.quarantined.row(0, named=True)
    assert (row["code"], row["column"], row["found"]) == ("E05", "amount", "N/A")
    assert row["expected"] == "a finite number up to 1e+15"
    assert row["also"] == "E04"


def test_a_stamp_of_today_given_as_a_day_is_not_future(tmp_path: Path) -> None:
    reading = deals(tmp_path, "O1,A1,1,2026-11-21,,")

    assert ids(reading) == ["O1"]
    assert reading.book.observed_until == NOW


def test_a_committed_date_may_lie_in_the_future(tmp_path: Path) -> None:
    header = "opportunity_id,account_id,created_at,close_date"
    reading = deals(tmp_path, "O1,A1,2026-01-05,2027-03-31", header=header)

    assert reading.book["opportunities"].collect()["close_date"].to_list() == [date(2027, 3, 31)]
    assert reading.book.observed_until == datetime(2026, 1, 6, tzinfo=UTC)


def test_the_end_of_observation_is_the_end_of_the_newest_local_day(tmp_path: Path) -> None:
    invoices = (
        "invoice_id,account_id,issued_at,amount,paid_at,due_on\n"
        "I1,A1,2026-03-01,10,2026-05-05T23:30:00Z,2027-01-01\n"
    )

    reading = read(
        tmp_path, {"accounts.csv": ACCOUNTS, "invoices.csv": invoices}, time_zone="Europe/Berlin"
    )

    assert reading.book.observed_until == BERLIN.midnight(date(2026, 5, 7))


def test_equal_rows_are_duplicates_of_the_first(tmp_path: Path) -> None:
    same = "O1,A1,1,2026-01-05,,"

    reading = deals(tmp_path, same, "O2,A1,1,2026-01-05,,", same, "O1,A1,1.0,2026-01-05,,open")

    count = reading.report.count("opportunities")
    told = reading.report.duplicates.select("line", "id", "of_line").rows()
    assert (count.accepted, count.quarantined, count.duplicates) == (2, 0, 2)
    assert told == [(4, "O1", 2), (5, "O1", 2)]


def test_conflicting_rows_of_one_id_are_all_set_aside(tmp_path: Path) -> None:
    reading = deals(
        tmp_path, "O1,A1,1,2026-01-05,,", "O1,A1,2,2026-01-05,,", "O2,A1,1,2026-01-05,,"
    )

    assert faults(reading) == [("E02", 2, "opportunity_id"), ("E02", 3, "opportunity_id")]
    assert ids(reading) == ["O2"]


def test_equal_rows_of_a_table_without_key_are_duplicates(tmp_path: Path) -> None:
    changes = (
        "opportunity_id,changed_at,field,old,new\n"
        "O1,2026-01-07,stage,a,b\nO1,2026-01-07,stage,a,b\nO1,2026-01-07,stage,b,c\n"
    )

    reading = read(
        tmp_path,
        {"accounts.csv": ACCOUNTS, "opportunities.csv": DEALS, "opportunity_changes.csv": changes},
    )

    count = reading.report.count("opportunity_changes")
    assert (count.accepted, count.duplicates) == (2, 1)


def test_a_parent_set_aside_makes_orphans_of_its_children(tmp_path: Path) -> None:
    deal = "opportunity_id,account_id,created_at\nO1,A1,never\n"
    changes = "opportunity_id,changed_at,field\nO1,2026-01-07,stage\n"

    reading = read(
        tmp_path,
        {"accounts.csv": ACCOUNTS, "opportunities.csv": deal, "opportunity_changes.csv": changes},
    )

    assert faults(reading) == [("E04", 2, "created_at")]
    assert faults(reading, "opportunity_changes") == [("E03", 2, "opportunity_id")]


def test_history_may_begin_a_day_before_creation_but_not_earlier(tmp_path: Path) -> None:
    deal = "opportunity_id,account_id,created_at\nO1,A1,2026-01-05T12:00:00Z\n"
    changes = (
        "opportunity_id,changed_at,field\n"
        "O1,2026-01-04T12:00:00Z,stage\nO1,2026-01-04T11:59:59Z,stage\n"
    )

    reading = read(
        tmp_path,
        {"accounts.csv": ACCOUNTS, "opportunities.csv": deal, "opportunity_changes.csv": changes},
    )

    assert faults(reading, "opportunity_changes") == [("E09", 3, "changed_at")]


def test_stages_owners_and_rates_are_checked_only_where_their_tables_are(tmp_path: Path) -> None:
    deal = (
        "opportunity_id,account_id,created_at,stage,owner_rep_id,currency\n"
        "O1,A1,2026-01-05,Offer,R9,EUR\nO2,A1,2026-01-05,Demo,R1,USD\nO3,A1,2026-01-05,Demo,R9,EUR\n"
        "O4,A1,2026-01-05,Demo,R1,CHF\n"
    )
    alone = read(tmp_path / "alone", {"accounts.csv": ACCOUNTS, "opportunities.csv": deal})
    lists = {
        "stages.csv": "stage\nDemo\n",
        "reps.csv": "rep_id\nR1\n",
        "exchange_rates.csv": "currency,valid_from,rate_to_base\nEUR,2026-01-01,1.1\n",
    }

    reading = read(tmp_path / "all", {"accounts.csv": ACCOUNTS, "opportunities.csv": deal, **lists})

    assert ids(alone) == ["O1", "O2", "O3", "O4"]
    assert faults(reading) == [("E07", 2, "stage"), ("E14", 5, "currency")]
    warned = reading.report.warnings.select("code", "line", "found").rows()
    assert warned == [("E08", 4, "R9")]
    assert ids(reading) == ["O2", "O3"]


def test_a_close_before_creation_is_a_warning(tmp_path: Path) -> None:
    reading = deals(tmp_path, "O1,A1,1,2026-01-05,2026-01-04,won")

    assert reading.report.warnings.select("code", "line").rows() == [("E06", 2)]
    assert ids(reading) == ["O1"]


def test_a_credit_note_is_not_a_negative_amount(tmp_path: Path) -> None:
    reading = read(
        tmp_path, {"accounts.csv": ACCOUNTS, "invoices.csv": INVOICES + "I2,A1,2026-03-02,-5\n"}
    )

    assert reading.book["invoices"].collect()["amount"].sum() == 5.0


def test_values_outside_a_closed_list_are_set_aside_and_letter_case_is_not(tmp_path: Path) -> None:
    header = "opportunity_id,account_id,created_at,type"
    reading = deals(tmp_path, "O1,A1,2026-01-05,Renewal", "O2,A1,2026-01-05,upsell", header=header)

    row = reading.report.quarantined.row(0, named=True)
    assert (row["code"], row["column"], row["found"]) == ("E07", "type", "upsell")
    assert row["expected"] == "one of new, expansion, renewal"
    assert ids(reading) == ["O1"]


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
