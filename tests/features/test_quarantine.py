"""Row accounting: sums that must come out even, limits, and files that are whole or absent."""

from pathlib import Path

import polars as pl
import pytest

from features.quarantine import (
    DUPLICATE_SCHEMA,
    FAULT_SCHEMA,
    DataRefusedError,
    Limit,
    ReadReport,
    TableCount,
    write_private,
    write_quarantine,
)


def fault(table: str = "opportunities", line: int = 2) -> dict[str, object]:
    return {
        "table": table,
        "file": f"{table}.csv",
        "line": line,
        "code": "E04",
        "column": "created_at",
        "expected": "an ISO 8601 date",
        "found": "13/25/2026",
        "also": None,
        "raw": "O1,13/25/2026",
    }


def report(*counts: TableCount) -> ReadReport:
    rows = [fault(one.table, line + 2) for one in counts for line in range(one.quarantined)]
    return ReadReport(
        source="files:x",
        counts=counts,
        quarantined=pl.DataFrame(rows, schema=FAULT_SCHEMA),
        duplicates=pl.DataFrame(schema=DUPLICATE_SCHEMA),
        warnings=pl.DataFrame(schema=FAULT_SCHEMA),
    )


ACCOUNTS = TableCount("accounts", 5, 5, 0, 0)


def test_rows_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 10 rows in = accepted"):
        TableCount("invoices", 10, 8, 1, 0)


def test_a_negative_count_is_refused_even_when_the_sum_is_right() -> None:
    with pytest.raises(ValueError, match="table invoices"):
        TableCount("invoices", 10, 11, -1, 0)


def test_a_report_must_list_every_row_that_it_counts() -> None:
    with pytest.raises(ValueError, match="expected 1 quarantined rows and 0 duplicates listed"):
        ReadReport(
            source="files:x",
            counts=(TableCount("invoices", 3, 2, 1, 0),),
            quarantined=pl.DataFrame(schema=FAULT_SCHEMA),
            duplicates=pl.DataFrame(schema=DUPLICATE_SCHEMA),
            warnings=pl.DataFrame(schema=FAULT_SCHEMA),
        )


@pytest.mark.parametrize(
    ("rows", "quarantined", "is_refused"),
    [(1000, 51, True), (1000, 50, False), (100, 21, True), (100, 20, False), (20, 19, False)],
)
def test_a_run_stops_when_both_limits_are_passed(
    rows: int, quarantined: int, *, is_refused: bool
) -> None:
    count = TableCount("opportunities", rows, rows - quarantined, quarantined, 0)

    refusals = report(ACCOUNTS, count).refusals()

    assert bool(refusals) is is_refused


def test_a_refusal_names_table_counts_line_expected_and_found() -> None:
    count = TableCount("opportunities", 100, 70, 30, 0)

    with pytest.raises(DataRefusedError) as error:
        report(ACCOUNTS, count).refuse_if_over_limit()

    assert str(error.value) == (
        "table opportunities: expected at most 5% of its rows and 20 rows quarantined, found 30 of "
        "100; first: E04 in opportunities.csv line 2, column created_at: expected an ISO 8601 "
        "date, found '13/25/2026'"
    )


def test_a_wider_limit_lets_a_run_go_on() -> None:
    count = TableCount("opportunities", 100, 70, 30, 0)

    report(ACCOUNTS, count).refuse_if_over_limit(Limit(share=0.40))


def test_a_limit_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a share in"):
        Limit(share=1.5)


def test_nothing_left_to_work_on_is_refused_though_few_rows_were_lost() -> None:
    accounts = TableCount("accounts", 2, 0, 2, 0)
    deals = TableCount("opportunities", 3, 3, 0, 0)

    with pytest.raises(DataRefusedError, match="at least one accepted row, found 0 of 2 rows"):
        report(accounts, deals).refuse_if_over_limit()


def test_the_report_is_plain_json_without_row_contents() -> None:
    mapping = report(ACCOUNTS, TableCount("opportunities", 4, 2, 2, 0)).to_mapping()

    assert mapping["quarantined"] == [
        {
            "table": "opportunities",
            "code": "E04",
            "column": "created_at",
            "expected": "an ISO 8601 date",
            "rows": 2,
            "first_line": 2,
        }
    ]
    assert "13/25/2026" not in str(mapping["tables"]) + str(mapping["quarantined"])


def test_the_quarantine_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    made = report(ACCOUNTS, TableCount("opportunities", 4, 2, 2, 0))

    path = write_quarantine(made, tmp_path / "reports")

    assert path.stat().st_mode & 0o777 == 0o600
    assert pl.read_parquet(path).equals(made.quarantined)


def test_a_file_that_fails_half_way_leaves_the_old_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_private(tmp_path / "check.json", b"old")

    def full_disk(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_private(path, b"new")

    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["check.json"]
