"""Numbered findings: each one is raised by what it names and silent on what is near it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from features import checks
from features.book import Book, make_book
from features.calendar import Calendar
from features.checks.history import weeks_needed, weeks_of_history
from features.quarantine import DUPLICATE_SCHEMA, FAULT_SCHEMA, ReadReport
from features.schema import TABLES

START = datetime(2024, 1, 1, 12, tzinfo=UTC)  # a Monday
UNTIL = START + timedelta(weeks=150)
NEW_YORK = Calendar("America/New_York")
Rows = list[dict[str, Any]]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def book(*, until: datetime = UNTIL, **tables: Rows) -> Book:
    frames = {
        name: pl.DataFrame(rows, schema=TABLES[name].schema, orient="row").lazy()
        for name, rows in tables.items()
    }
    return make_book(frames, observed_until=until)


def report(*faults: dict[str, Any]) -> ReadReport:
    blank = dict.fromkeys(FAULT_SCHEMA)
    return ReadReport(
        source="files:x",
        counts=(),
        quarantined=pl.DataFrame([{**blank, **fault} for fault in faults], schema=FAULT_SCHEMA),
        duplicates=pl.DataFrame(schema=DUPLICATE_SCHEMA),
        warnings=pl.DataFrame(schema=FAULT_SCHEMA),
    )


def found(code: str, of: Book, *, calendar: Calendar | None = None) -> list[checks.Finding]:
    return [one for one in checks.run(of, report(), calendar or Calendar()) if one.code == code]


def deal(number: int, **cells: Any) -> dict[str, Any]:
    ids = {"opportunity_id": f"O{number}", "account_id": "A1"}
    return {**ids, "created_at": day(0), "outcome": "open", **cells}


def closed(number: int, outcome: str, on: float, **cells: Any) -> dict[str, Any]:
    return deal(number, outcome=outcome, closed_at=day(on), **cells)


def test_bl001_a_history_shorter_than_six_origins_is_said_in_weeks() -> None:
    short = book(opportunities=[deal(1)], until=START + timedelta(weeks=76))
    enough = book(opportunities=[deal(1)], until=START + timedelta(weeks=77))

    (finding,) = found("BL001", short)

    assert finding.text.startswith("expected 77 weeks of history for 6 origins")
    assert finding.text.endswith("found 76")
    assert found("BL001", enough) == []


def monthly(empty_month: int | None) -> Rows:
    return [
        deal(
            100 * month + n,
            created_at=day(30.5 * month),
            lead_source=None if month == empty_month or n == 0 else "web",
        )
        for month in range(8)
        for n in range(25)
    ]


def test_bl002_a_month_of_empty_cells_is_found() -> None:
    (finding,) = found("BL002", book(opportunities=monthly(3)))

    assert (finding.column, finding.rows) == ("lead_source", 25)
    assert finding.text == "25 of 25 rows of 2024-04 are empty, usually 4%"
    assert found("BL002", book(opportunities=monthly(None))) == []


def test_bl002_open_deals_without_a_loss_reason_are_no_burst() -> None:
    rows = [
        closed(100 * month + n, "lost", 30.5 * month, created_at=day(30.5 * month))
        for month in range(5)
        for n in range(25)
    ]
    rows = [{**row, "loss_reason": "price"} for row in rows]
    rows += [deal(900 + n, created_at=day(200 + n)) for n in range(75)]

    assert found("BL002", book(opportunities=rows)) == []


def test_bl003_a_day_of_bulk_closing_is_found() -> None:
    usual = [closed(n, "lost", n) for n in range(30)]
    bulk = [closed(100 + n, "lost", 50) for n in range(25)]
    won = [closed(200 + n, "won", 60) for n in range(25)]

    (finding,) = found("BL003", book(opportunities=usual + bulk + won))

    assert finding.rows == 25
    assert "2024-02-20" in finding.text
    assert found("BL003", book(opportunities=usual + won)) == []


def test_bl004_a_column_filled_only_at_the_close_is_found() -> None:
    over = [closed(n, "won", n, amount=5.0, lead_source="web") for n in range(20)]
    still = [deal(100 + n, lead_source="web") for n in range(20)]

    (finding,) = found("BL004", book(opportunities=over + still))

    assert finding.column == "amount"
    assert finding.rows == 20
    assert found("BL004", book(opportunities=over + still[:19])) == []


def test_bl004_cells_that_belong_to_the_close_are_not_asked() -> None:
    over = [closed(n, "lost", n, loss_reason="price") for n in range(20)]
    still = [deal(100 + n) for n in range(20)]

    assert found("BL004", book(opportunities=over + still)) == []


def test_bl007_the_same_company_under_two_spellings_is_found() -> None:
    names = ["Acme, Inc.", "ACME Corp", "Acme Services", None, "Brown & Sons", "Ltd"]
    rows = [{"account_id": f"A{n}", "name": name} for n, name in enumerate(names)]

    (finding,) = found("BL007", book(accounts=rows))

    assert finding.rows == 2
    assert finding.text == "2 accounts share 1 names, such as 'acme': A0, A1"
    rows[1]["merged_into"] = "A0"
    assert found("BL007", book(accounts=rows)) == []


def test_bl008_merges_are_counted_with_the_broken_ones() -> None:
    rows: Rows = [{"account_id": name} for name in ("A", "B", "C", "D")]
    assert found("BL008", book(accounts=rows)) == []
    for row, target in zip(rows, (None, "A", "B", "gone"), strict=True):
        row["merged_into"] = target

    (finding,) = found("BL008", book(accounts=rows))

    assert finding.rows == 3
    assert finding.text.endswith(
        "1 into an account that is not there, 1 into one that is itself merged"
    )


def test_bl009_two_currencies_need_rates() -> None:
    mixed = [deal(n, currency=name) for n, name in enumerate(["USD", "USD", "EUR", None])]
    rate = [{"currency": "EUR", "valid_from": START.date(), "rate_to_base": 1.1}]

    (finding,) = found("BL009", book(opportunities=mixed))

    assert (finding.rows, finding.column) == (1, "currency")
    assert found("BL009", book(opportunities=mixed[:2])) == []
    assert found("BL009", book(opportunities=mixed, exchange_rates=rate)) == []


@pytest.mark.parametrize(("field", "moved", "count"), [("owner", 20, 1), ("owner_rep_id", 19, 0)])
def test_bl010_a_day_of_many_new_owners_is_found(field: str, moved: int, count: int) -> None:
    accounts = [{"account_id": f"A{n}"} for n in range(100)]
    changes = [
        {"account_id": f"A{n}", "changed_at": day(9), "field": field, "old": "R1"}
        for n in range(moved)
    ]
    first = [{"account_id": f"A{n}", "changed_at": day(3), "field": field} for n in range(90)]
    spread = [
        {"account_id": f"A{n}", "changed_at": day(n), "field": field, "old": "R1"}
        for n in range(20, 60)
    ]

    findings = found("BL010", book(accounts=accounts, account_changes=changes + spread + first))

    assert [one.rows for one in findings] == [20] * count


def test_bl013_reps_who_work_at_weekends_only_are_found_in_the_organisations_zone() -> None:
    def touches(at: datetime) -> Rows:
        rows = []
        for n in range(20):
            when = at + timedelta(weeks=n)
            rows.append(
                {"activity_id": f"{n}", "account_id": "A1", "occurred_at": when, "kind": "call"}
                | {"rep_id": "R1"}
            )
        return rows

    sunday = touches(datetime(2024, 1, 7, 12, tzinfo=UTC))
    monday_in_utc = touches(datetime(2024, 1, 8, 3, tzinfo=UTC))

    assert [one.rows for one in found("BL013", book(activities=sunday))] == [20]
    assert found("BL013", book(activities=sunday[:19])) == []
    assert found("BL013", book(activities=monday_in_utc)) == []
    assert len(found("BL013", book(activities=monday_in_utc), calendar=NEW_YORK)) == 1


def test_bl016_no_won_deal_at_all_is_said() -> None:
    rows = [closed(n, "lost", n) for n in range(40)]

    texts = [one.text for one in found("BL016", book(opportunities=rows))]

    assert texts == ["slip: expected 40 won deals, found none"]


def test_bl016_is_silent_on_enough_outcomes_and_on_books_without_deals() -> None:
    rows = [closed(n, "won" if n % 2 else "lost", n) for n in range(80)]
    paid = [{"invoice_id": "I", "account_id": "A1", "issued_at": START, "amount": 1.0}]

    assert found("BL016", book(opportunities=rows)) == []
    assert found("BL016", book(invoices=paid)) == []
    short = book(invoices=paid, until=START + timedelta(weeks=37))
    assert [one.text for one in found("BL016", short)] == [
        "bucket: expected 38 weeks of history for 3 origins, found 37"
    ]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("BL006", {"code": "E07", "column": "stage", "found": "Offr"}),
        ("BL011", {"code": "E15", "column": "created_at", "found": "2031-01-01"}),
        ("BL014", {"code": "E07", "column": "type", "found": "upsell"}),
        ("BL015", {"code": "E03", "column": "account_id", "found": "A9"}),
    ],
)
def test_rows_set_aside_are_summed_up_by_column(code: str, fault: dict[str, Any]) -> None:
    place = {"table": "opportunities", "file": "opportunities.csv", "expected": "better"}
    both = [{**fault, **place, "line": line} for line in (7, 3)]

    findings = checks.run(book(), report(*both), Calendar())

    (finding,) = [one for one in findings if one.code in ("BL006", "BL011", "BL014", "BL015")]
    assert (finding.code, finding.rows, finding.column) == (code, 2, fault["column"])
    assert "opportunities.csv line 3" in finding.text
    assert repr(fault["found"]) in finding.text


def test_clean_rows_raise_no_finding_of_rows() -> None:
    codes = {one.code for one in checks.run(book(), report(), Calendar())}

    assert codes == {"BL001", "BL016"}


def requirement(of: Book, what: str) -> checks.Requirement:
    (one,) = [row for row in checks.minimum_data(of) if row.what == what]
    return one


@pytest.mark.parametrize(
    ("horizon", "origins", "weeks"),
    [(26, 6, 121), (13, 6, 95), (4, 6, 77), (26, 1, 56), (4, 1, 12)],
)
def test_the_weeks_a_step_of_the_ladder_needs(horizon: int, origins: int, weeks: int) -> None:
    assert weeks_needed(horizon, origins) == weeks


def test_minimum_data_sets_required_against_found() -> None:
    rows = [closed(n, "won", n) for n in range(3)] + [closed(9, "lost", 9)]
    of = book(opportunities=rows, until=START + timedelta(weeks=60))

    won = requirement(of, "won deals, for more than shrunk rates")
    long = requirement(of, "weeks of history, H = 26 weeks, 1 origins: indicative")

    assert (won.model, won.required, won.found, won.is_met) == ("slip", 40, 3, False)
    assert (long.required, long.found, long.is_met) == (56, 60, True)
    assert requirement(of, "lost deals, to train at all").is_met


def test_a_book_of_invoices_only_can_train_buckets_and_no_slip() -> None:
    paid = [{"invoice_id": "I", "account_id": "A1", "issued_at": START, "amount": 1.0}]

    short = {
        one.model
        for one in checks.minimum_data(book(invoices=paid))
        if one.is_hard and not one.is_met
    }

    assert short == {"slip"}


@pytest.mark.parametrize("make", [book, lambda: book(accounts=[{"account_id": "A"}])])
def test_a_book_without_events_has_no_weeks(make: Callable[[], Book]) -> None:
    assert weeks_of_history(make()) == 0
