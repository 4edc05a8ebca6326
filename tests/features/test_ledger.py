from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features import ledger as code
from features.book import Book
from features.changes import Changes
from features.coded import columns_read
from features.history import value_starts
from features.ledger import Ledger
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES
from features.segments import CUT
from tests.factories import (
    Row,
    account,
    account_change,
    activity,
    book,
    change,
    day,
    deal,
    invoice,
    referral,
)
from tests.features.evolving import Evolving
from tests.features.test_reference import ZONES

OF_ACCOUNTS = {
    "accounts": [account("acme"), account("bolt")],
    "opportunities": [deal("d", account_id="acme"), deal("e", account_id="bolt")],
}


def begun(tmp_path: Path, **tables: list[Row]) -> Ledger:
    return Ledger.begin(tmp_path, book(**{**OF_ACCOUNTS, **tables}))


def changes(removed: Mapping[str, pl.DataFrame] | None = None, **tables: list[Row]) -> Changes:
    return Changes(book(**tables), removed or {})


def ids(table: str, *names: str) -> dict[str, pl.DataFrame]:
    return {table: pl.DataFrame({TABLES[table].key[0]: names}, schema_overrides={})}


def held(ledger: Ledger, table: str, name: str) -> pl.DataFrame:
    return ledger.part(pl.Series([name]))[table].collect()


def assert_same_rows(found: Book, expected: Book) -> None:
    for table in CUT:
        names = columns_read(table)
        assert_frame_equal(
            found[table].select(names).collect(),
            expected[table].select(names).collect(),
            check_row_order=False,
        )


@pytest.mark.parametrize("seed", range(3))
def test_night_after_night_it_holds_the_rows_of_the_book(seed: int, tmp_path: Path) -> None:
    world = Evolving(seed, ZONES[seed])
    ledger = Ledger.begin(tmp_path, world.book())
    for night in range(6):
        before = world.copied()
        world.next_night()
        world.go_on()
        if night % 2:
            world.come()
            world.vanish()
        ledger.enter(world.since(before))
        whole = world.book()

        assert_same_rows(ledger.part(), whole)
        assert_same_rows(Ledger(tmp_path).part(), whole)
        assert value_starts(ledger.part()) == value_starts(whole)
        assert ledger.part().observed_until == whole.observed_until


def test_a_part_has_the_rows_of_its_accounts_alone(tmp_path: Path) -> None:
    moves = [change("stage", "a", "b", at=day(-3), opportunity_id=name) for name in "de"]
    ledger = begun(tmp_path, opportunity_changes=moves)

    part = ledger.part(pl.Series(["bolt", "unheard of"]))

    assert part["accounts"].collect()[ACCOUNT_ID].to_list() == ["bolt"]
    assert part["opportunity_changes"].collect()[OPPORTUNITY_ID].to_list() == ["e"]


def test_a_row_that_is_anothers_now_touches_the_one_that_held_it_before(tmp_path: Path) -> None:
    ledger = begun(tmp_path, invoices=[invoice(at=day(-3), invoice_id="i")])

    touched = ledger.enter(
        changes(invoices=[invoice(at=day(-3), invoice_id="i", account_id="bolt")])
    )

    assert sorted(touched) == ["acme", "bolt"]
    assert (held(ledger, "invoices", "acme").height, held(ledger, "invoices", "bolt").height) == (
        0,
        1,
    )


def test_a_deal_that_moves_takes_along_what_hangs_on_it(tmp_path: Path) -> None:
    ledger = begun(tmp_path, opportunity_changes=[change("stage", "a", "b", at=day(-3),
                                                         opportunity_id="d")])  # fmt: skip

    touched = ledger.enter(changes(opportunities=[deal("d", account_id="bolt")]))

    assert sorted(touched) == ["acme", "bolt"]
    assert held(ledger, "opportunity_changes", "acme").height == 0
    assert held(ledger, "opportunity_changes", "bolt")[OPPORTUNITY_ID].to_list() == ["d"]


def test_a_change_of_a_deal_touches_the_account_of_the_deal(tmp_path: Path) -> None:
    ledger = begun(tmp_path)

    moved = change("stage", "a", "b", at=day(-1), opportunity_id="e")

    assert ledger.enter(changes(opportunity_changes=[moved])).to_list() == ["bolt"]


def test_rows_of_a_deal_that_is_not_there_wait_for_it(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    early = change("stage", "a", "b", at=day(-1), opportunity_id="f")

    assert ledger.enter(changes(opportunity_changes=[early])).to_list() == []
    assert ledger.part()["opportunity_changes"].collect().height == 1
    ledger.enter(changes(opportunities=[deal("f", account_id="bolt")]))

    assert held(ledger, "opportunity_changes", "bolt")[OPPORTUNITY_ID].to_list() == ["f"]


def test_rows_of_a_deal_that_is_gone_stay_without_an_account(tmp_path: Path) -> None:
    moves = [change("stage", "a", "b", at=day(-3), opportunity_id="e")]
    ledger = begun(tmp_path, opportunity_changes=moves)

    touched = ledger.enter(changes(ids("opportunities", "e")))

    assert touched.to_list() == ["bolt"]
    assert held(ledger, "opportunity_changes", "bolt").height == 0
    assert ledger.part()["opportunity_changes"].collect().height == 1


def test_a_removed_row_touches_its_account_and_is_gone(tmp_path: Path) -> None:
    rows = [invoice(at=day(-3), invoice_id=name) for name in ("i", "j")]
    ledger = begun(tmp_path, invoices=rows)

    assert ledger.enter(changes(ids("invoices", "i"))).to_list() == ["acme"]
    assert held(ledger, "invoices", "acme").height == 1


def test_nothing_new_touches_nothing(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    before = ledger.marks

    assert ledger.enter(changes()).to_list() == []
    assert_frame_equal(ledger.marks, before)


def test_marks_are_others_for_the_touched_accounts_alone(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    before = dict(ledger.marks.iter_rows())

    ledger.enter(changes(referrals=[referral(at=day(-3), account_id="bolt", referral_id="r")]))
    after = dict(ledger.marks.iter_rows())

    assert after["acme"] == before["acme"]
    assert after["bolt"] != before["bolt"]


def test_an_account_without_rows_has_no_mark(tmp_path: Path) -> None:
    ledger = begun(tmp_path)

    ledger.enter(changes({**ids("accounts", "bolt"), **ids("opportunities", "e")}))

    assert ledger.marks[ACCOUNT_ID].to_list() == ["acme"]


def test_two_ledgers_of_other_rows_have_other_marks(tmp_path: Path) -> None:
    one = begun(tmp_path / "one")
    two = begun(tmp_path / "two", invoices=[invoice(at=day(-3))])

    assert set(one.marks["mark"]) & set(two.marks["mark"]) == set()


def test_what_the_source_fills_follows_the_rows(tmp_path: Path) -> None:
    ledger = begun(tmp_path)
    assert "tickets" not in ledger.part().present

    ledger.enter(changes(tickets=[{"ticket_id": "t", "account_id": "acme", "opened_at": day(-2)}]))
    assert ledger.part().present["tickets"] == {"account_id", "opened_at", "recorded_at"}
    ledger.enter(changes(ids("tickets", "t")))

    assert "tickets" not in ledger.part().present


def test_what_the_source_has_though_nothing_fills_it_stays_so(tmp_path: Path) -> None:
    there = {"accounts": frozenset({"account_id", "segment"}), "stages": frozenset({"stage"})}
    ledger = Ledger.begin(tmp_path, book(present=there, accounts=[account()]))

    assert ledger.part().present["accounts"] == {"account_id", "segment"}
    assert ledger.part().present["stages"] == {"stage"}


def test_a_history_begins_with_the_first_change_that_is_left(tmp_path: Path) -> None:
    first = account_change("segment", "a", "b", at=day(-90))
    later = account_change("segment", "b", "a", at=day(-20))
    ledger = begun(tmp_path, account_changes=[first, later])
    all_cells = book(account_changes=[first])["account_changes"].collect()

    assert value_starts(ledger.part())["accounts", "segment"] == day(-90)
    ledger.enter(changes({"account_changes": all_cells}))

    assert value_starts(ledger.part())["accounts", "segment"] == day(-20)


def test_only_the_rows_of_the_accounts_asked_for_are_read(tmp_path: Path) -> None:
    many = [activity(at=day(-n), account_id="bolt") for n in range(1, 100)]
    ledger = begun(tmp_path, activities=[activity(at=day(-1)), *many])

    ledger.part(pl.Series(["acme"]))

    assert 0 < ledger.bytes_read < ledger.bytes_all / 20


def test_all_rows_answer_any_plan(tmp_path: Path) -> None:
    rows = [activity(at=day(-n), kind=kind) for n, kind in ((3, "call"), (2, "email"), (1, "call"))]
    ledger = begun(tmp_path, activities=rows)
    told = ledger.part()["activities"]

    calls = told.filter(pl.col("kind") == "call").select("occurred_at").collect()

    assert sorted(calls["occurred_at"]) == [day(-3), day(-1)]
    assert told.select("kind").head(2).collect().height == 2
    assert told.select(pl.len()).collect().item() == 3


def test_of_all_rows_only_the_columns_asked_for_are_read(tmp_path: Path) -> None:
    ledger = begun(tmp_path, activities=[activity(at=day(-1))])
    told = ledger.part()["activities"]

    told.select("kind").collect()
    read = ledger.bytes_read
    told.collect()

    assert 0 < read < (ledger.bytes_read - read) / 5


def test_bytes_read_for_an_entry_are_counted_too(tmp_path: Path) -> None:
    ledger = begun(tmp_path, activities=[activity(at=day(-1))])

    ledger.enter(changes(activities=[activity(at=day(0))]))

    assert ledger.bytes_read > 0


def test_a_ledger_of_another_form_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tmp_path)
    monkeypatch.setattr(code, "FORM", 99)

    with pytest.raises(ValueError, match="expected a ledger of form 99, got 1"):
        Ledger(tmp_path)


def test_tables_of_no_account_are_replaced_as_a_whole(tmp_path: Path) -> None:
    ledger = begun(tmp_path, stages=[{"stage": "old", "sort_order": 1.0}])

    ledger.enter(changes(stages=[{"stage": "new", "sort_order": 2.0}]))

    assert ledger.part()["stages"].collect()["stage"].to_list() == ["new"]
    assert ledger.part().present["stages"] == {"stage", "sort_order"}
