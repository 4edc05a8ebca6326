"""Contract tables from files: what is accepted, what is set aside, and what is said of it."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.features.crm.exports import (
    ACCOUNTS,
    BERLIN,
    DEALS,
    INVOICES,
    NOW,
    deals,
    faults,
    ids,
    read,
)


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
