from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features import facts as code
from features.calendar import Calendar
from features.context import build_context, declared_order, summary
from features.digest import WholeBook
from features.facts import Facts, facts, put_together
from features.schema import ACCOUNT_ID, AS_OF
from tests.factories import Row, account, book, change, closed, day, deal
from tests.features.reference.awkward_books import Case, draw
from tests.features.test_reference import FULL

DAYS = Calendar()
WORLDS = [draw(replace(shape, rows_at_most=30)) for shape in FULL[:4]]


def facts_of(**tables: list[Row]) -> Facts:
    return facts(book(accounts=[account()], **tables), [day(0)], DAYS)


def of_each_account(case: Case, accounts: list[str]) -> list[Facts]:
    source = WholeBook(case.book)
    calendar = Calendar(case.world.zone.name, case.world.zone.first_month)
    return [facts(source.part(pl.Series([name])), case.as_ofs, calendar) for name in accounts]


@pytest.mark.parametrize("case", WORLDS, ids=range(len(WORLDS)))
def test_the_context_is_told_from_the_facts_of_each_account_by_itself(case: Case) -> None:
    as_ofs = [*case.as_ofs, case.as_ofs[0] + timedelta(days=400)]
    case = replace(case, as_ofs=tuple(as_ofs))
    calendar = Calendar(case.world.zone.name, case.world.zone.first_month)
    whole = build_context(case.book, as_ofs, calendar)

    told = put_together(of_each_account(case, ["acme", "birch", "cedar"]))
    context = summary(told, as_ofs, declared_order(case.book))

    assert whole.base["closed"].max() > 0
    for part in fields(whole):
        assert_frame_equal(getattr(context, part.name), getattr(whole, part.name), check_exact=True)


def test_accounts_that_are_left_out_leave_the_others_as_they_were() -> None:
    case = WORLDS[0]
    acme, birch, cedar = of_each_account(case, ["acme", "birch", "cedar"])

    rest = put_together([acme, birch, cedar]).without(pl.Series(["acme", "elsewhere"]))

    for part in fields(Facts):
        expected = getattr(put_together([birch, cedar]), part.name)
        assert expected.height > 0
        assert_frame_equal(getattr(rest, part.name), expected, check_row_order=False)


def test_the_loads_of_one_moment_are_kept() -> None:
    told = facts(
        book(accounts=[account()], opportunities=[deal()], opportunity_changes=[]),
        [day(0), day(400)],
        DAYS,
    )

    assert told.loads[AS_OF].to_list() == [day(400)]  # the history covers from observed_until on
    assert told.at(day(400)).loads.select(ACCOUNT_ID, "open_deals").rows() == [("acme", 1)]
    assert told.at(day(0)).loads.height == 0


def test_a_deal_has_the_stages_that_were_known_when_its_close_became_known() -> None:
    moves = [
        change("stage", "qualify", "offer", at=day(-50)),
        change("stage", "offer", "qualify", at=day(-40)),
        change("stage", "qualify", "offer", at=day(-30), recorded_at=day(-19)),
    ]

    visits = facts_of(
        opportunities=[closed("deal-1", "won", at=day(-20))], opportunity_changes=moves
    ).visits

    told = visits.sort("ordinal").select("stage", "stood", "ordinal", "is_first")
    assert told.rows() == [
        ("qualify", timedelta(days=30), 0, True),
        ("offer", timedelta(days=10), 1, True),
        ("qualify", timedelta(days=20), 2, False),
    ]


@pytest.mark.parametrize("turn", [1, -1])
def test_moves_of_one_moment_follow_the_words_of_the_rows_not_their_order(turn: int) -> None:
    moves = [
        change("stage", "offer", "agree", at=day(-40)),
        change("stage", None, "qualify", at=day(-40)),
        change("stage", "agree", "offer", at=day(-40)),
    ][::turn]

    visits = facts_of(
        opportunities=[closed("deal-1", "won", at=day(-20))], opportunity_changes=moves
    ).visits

    assert visits.sort("ordinal")["stage"].to_list() == ["offer", "agree", "offer", "qualify"]


def test_ids_that_share_a_hash_are_told_apart_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = WORLDS[1]
    before = facts(case.book, case.as_ofs, DAYS)

    monkeypatch.setattr(code, "_hashes", lambda ids: ids.str.len_bytes())
    after = facts(case.book, case.as_ofs, DAYS)

    for part in fields(Facts):
        assert_frame_equal(
            getattr(after, part.name), getattr(before, part.name), check_row_order=False
        )


def test_rows_of_an_id_that_shares_a_hash_with_another_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(code, "_hashes", lambda ids: ids.str.len_bytes())
    moves = [change("stage", "a", "b", at=day(-40), opportunity_id="deal-2")]

    visits = facts_of(
        opportunities=[closed("deal-1", "won", at=day(-20))], opportunity_changes=moves
    ).visits

    assert visits["stage"].to_list() == ["won"]  # as its record says: no move is its own


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    case = WORLDS[2]
    told = facts(case.book, case.as_ofs, DAYS)

    told.write(tmp_path / "facts")
    again = Facts.read(tmp_path / "facts")

    for part in fields(Facts):
        assert_frame_equal(getattr(again, part.name), getattr(told, part.name))
    known = told.closed.select(ACCOUNT_ID, "known")
    assert_frame_equal(Facts.read_closed(tmp_path / "facts"), known)


def test_a_book_without_deals_has_facts_all_the_same() -> None:
    told = facts_of()

    assert [told.closed.height, told.visits.height, told.loads.height] == [0, 0, 0]
