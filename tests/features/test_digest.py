import polars as pl
import pytest

from features.digest import WholeBook, changed, digests
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES
from tests.factories import Row, account, account_change, activity, book, change, day, deal, invoice
from tests.features.evolving import drawn
from tests.features.test_reference import ZONES

ROWS = drawn(3, ZONES[0])
TABLES_OF_ACCOUNTS = [
    table
    for table in ROWS
    if {ACCOUNT_ID, OPPORTUNITY_ID} & set(TABLES[table].schema) and ROWS[table]
]


def names_changed(before: dict[str, list[Row]], after: dict[str, list[Row]]) -> list[str]:
    return changed(digests(book(**before)), digests(book(**after))).to_list()


@pytest.mark.parametrize("table", TABLES_OF_ACCOUNTS)
def test_a_row_that_is_gone_changes_its_account_alone(table: str) -> None:
    first, *rest = ROWS[table]
    owners = {line[OPPORTUNITY_ID]: line[ACCOUNT_ID] for line in ROWS["opportunities"]}
    owner = first.get(ACCOUNT_ID) or owners[first[OPPORTUNITY_ID]]

    assert names_changed(ROWS, {**ROWS, table: rest}) == [owner]


def test_the_order_of_rows_changes_nothing() -> None:
    turned = {table: lines[::-1] for table, lines in ROWS.items()}

    assert names_changed(ROWS, turned) == []


def test_cells_that_change_places_between_rows_are_a_change() -> None:
    def bills(first: float, second: float) -> dict[str, list[Row]]:
        rows = [
            invoice(first, at=day(-3), invoice_id="one"),
            invoice(second, at=day(-3), invoice_id="two"),
        ]
        return {"invoices": rows}

    assert names_changed(bills(1.0, 2.0), bills(2.0, 1.0)) == ["acme"]


def test_a_row_that_goes_to_a_table_of_the_same_form_is_a_change() -> None:
    of_account = account_change("stage", "a", "b", at=day(-3))
    of_deal = change("stage", "a", "b", at=day(-3), opportunity_id="acme")
    there = {"opportunities": [deal("acme")]}

    before = {**there, "account_changes": [of_account]}
    after = {**there, "opportunity_changes": [of_deal]}

    assert names_changed(before, after) == ["acme"]


def test_a_deal_that_moves_changes_both_accounts_with_all_that_hangs_on_it() -> None:
    moves = [change("stage", "a", "b", at=day(-3))]
    before = {"opportunities": [deal(account_id="acme")], "opportunity_changes": moves}
    after = {"opportunities": [deal(account_id="bolt")], "opportunity_changes": moves}

    assert names_changed(before, after) == ["acme", "bolt"]


def test_an_account_that_comes_or_goes_has_changed() -> None:
    one, two = {"accounts": [account("acme")]}, {"accounts": [account("bolt")]}

    assert names_changed(one, two) == ["acme", "bolt"]


def test_a_part_has_the_rows_of_its_accounts_and_what_the_whole_book_says() -> None:
    whole = book(
        accounts=[account("acme"), account("bolt")],
        opportunities=[deal("a", account_id="acme"), deal("b", account_id="bolt")],
        opportunity_changes=[
            change("stage", "a", "b", at=day(-3), opportunity_id="b"),
            change("stage", "a", "b", at=day(-9), opportunity_id="a"),
        ],
        activities=[activity(at=day(-1), opportunity_id="a", account_id="bolt")],
        reps=[{"rep_id": "rep-1"}],
    )

    part = WholeBook(whole).part(pl.Series(["bolt"]))

    heights = {t: part[t].collect().height for t in part.tables if part[t].collect().height}
    assert heights == {
        "accounts": 1, "opportunities": 1, "opportunity_changes": 1, "activities": 1, "reps": 1
    }  # fmt: skip
    assert part.value_starts is not None
    assert part.value_starts["opportunities", "stage"] == day(-9)
    assert (part.present, part.observed_until) == (whole.present, whole.observed_until)
