from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from features.calendar import Calendar
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.snapshot import (
    Commitment,
    account_spine,
    account_state,
    deal_spine,
    deal_state,
    known_at,
    value_at,
)
from tests.factories import (
    account,
    account_change,
    activity,
    book,
    change,
    closed,
    contract,
    covenant,
    day,
    deal,
    invoice,
    on,
    ticket,
)

TICK = timedelta(microseconds=1)
NEW_YORK = Calendar("America/New_York", 2)


def accounts_at(of: object, *as_ofs: datetime) -> list[tuple[str, datetime]]:
    return sorted(account_spine(of, as_ofs).collect().select(ENTITY_ID, AS_OF).rows())


def one_value(of: object, field: str, at: datetime) -> object:
    spine = deal_spine(of, [at]).filter(pl.col(ENTITY_ID) == "deal-1")
    return value_at(spine, of, field).collect()[field].item()


@pytest.mark.parametrize(
    ("occurred", "recorded", "expected"),
    [
        (day(-1), day(-1), 1),
        (day(0) - TICK, day(0) - TICK, 1),
        (day(0), day(0), 0),
        (day(-30), day(0), 0),
        (day(0), day(-30), 0),
        (day(1), day(1), 0),
    ],
)
def test_a_row_is_known_strictly_after_both_of_its_times(
    occurred: datetime, recorded: datetime, expected: int
) -> None:
    of = book(accounts=[account()], activities=[activity(at=occurred, recorded_at=recorded)])

    known = known_at(account_spine(of, [day(0)]), of, "activities").collect()

    assert known.height == expected


def test_a_cell_is_empty_until_its_stamp_has_passed() -> None:
    stamps = {"closed_at": day(0), "csat": 2.0, "escalated_at": day(-1)}
    of = book(accounts=[account()], tickets=[ticket(at=day(-5), **stamps)])

    known = known_at(account_spine(of, [day(0), day(0) + TICK]), of, "tickets").collect()

    seen = known.sort(AS_OF).select("closed_at", "csat", "escalated_at").rows()
    assert seen == [(None, None, day(-1)), (day(0), 2.0, day(-1))]


def test_an_outcome_is_open_until_the_deal_is_closed() -> None:
    of = book(accounts=[account()], opportunities=[closed("deal-1", "won", at=day(-5))])

    known = known_at(account_spine(of, [day(-5), day(-4)]), of, "opportunities").collect()

    assert known.sort(AS_OF)["outcome"].to_list() == ["open", "won"]


def test_columns_without_stamp_or_with_history_never_pass() -> None:
    of = book(accounts=[account()], opportunities=[deal(discount_pct=10.0)])

    names = known_at(account_spine(of, [day(0)]), of, "opportunities").collect_schema().names()

    assert not {"stage", "amount", "close_date", "owner_rep_id", "discount_pct", "name"} & set(
        names
    )


def test_rows_of_a_deal_reach_its_account_once_the_deal_is_known() -> None:
    late = deal(at=day(-10), recorded_at=day(-2))
    of = book(accounts=[account()], opportunities=[late], covenants=[covenant(at=day(-5))])

    known = known_at(account_spine(of, [day(-3), day(-1)]), of, "covenants").collect()

    assert known[AS_OF].to_list() == [day(-1)]


def test_a_deal_sees_its_own_activities_or_its_accounts() -> None:
    rows = [activity(at=day(-3), opportunity_id="deal-1"), activity(at=day(-2))]
    of = book(accounts=[account()], opportunities=[deal()], activities=rows)
    spine = deal_spine(of, [day(0)])

    own = known_at(spine, of, "activities").collect()
    all_of_them = known_at(spine, of, "activities", by=ACCOUNT_ID).collect()

    assert (own.height, all_of_them.height) == (1, 2)


def test_a_day_is_known_when_it_has_ended_in_the_organisations_zone() -> None:
    of = book(accounts=[account()], contracts=[contract(starts_on=on(0), ends_on=on(90))])
    midnight = NEW_YORK.midnight(on(1))
    spine = account_spine(of, [midnight - TICK, midnight])

    known = known_at(spine, of, "contracts", calendar=NEW_YORK).collect()

    assert known[AS_OF].to_list() == [midnight]
    assert midnight == datetime(2026, 1, 2, 5, tzinfo=UTC)


def test_a_cell_with_a_day_is_known_when_the_day_has_ended() -> None:
    rows = [contract(starts_on=on(-90), ends_on=on(90), notice_on=on(0))]
    of = book(accounts=[account()], contracts=rows)
    midnight = NEW_YORK.midnight(on(1))
    spine = account_spine(of, [midnight - TICK, midnight])

    known = known_at(spine, of, "contracts", calendar=NEW_YORK).collect()

    assert known.sort(AS_OF)["notice_on"].to_list() == [None, on(0)]


def test_a_day_without_a_calendar_is_refused() -> None:
    of = book(accounts=[account()])

    with pytest.raises(ValueError, match="table contracts, column starts_on"):
        known_at(account_spine(of, [day(0)]), of, "contracts")


def test_a_table_without_moments_is_refused() -> None:
    of = book(accounts=[account()])

    with pytest.raises(ValueError, match="table stages: expected rows with a moment"):
        known_at(deal_spine(of, [day(0)]), of, "stages", by=ACCOUNT_ID)


def test_an_account_is_there_strictly_after_it_was_entered() -> None:
    of = book(accounts=[account("late", at=day(-9)), account("old")])

    assert accounts_at(of, day(-9)) == [("old", day(-9))]
    assert accounts_at(of, day(-8)) == [("late", day(-8)), ("old", day(-8))]


def test_an_account_without_a_date_begins_with_its_first_event() -> None:
    rows = [invoice(at=day(-9), recorded_at=day(-7)), invoice(at=day(-5))]
    of = book(
        accounts=[account(created_at=None), account("silent", created_at=None)], invoices=rows
    )

    assert accounts_at(of, day(-7), day(-6)) == [("acme", day(-6))]


def test_a_merged_account_leaves_with_the_recorded_merge() -> None:
    merge = account_change("merged_into", None, "birch", at=day(-9))
    of = book(accounts=[account(merged_into="birch")], account_changes=[merge])

    assert accounts_at(of, day(-9), day(-8)) == [("acme", day(-9))]


def test_an_undated_merge_counts_only_from_the_end_of_the_book() -> None:
    of = book(accounts=[account(merged_into="birch")], observed_until=day(0))

    assert accounts_at(of, day(-1), day(0)) == [("acme", day(-1))]


def test_a_deal_is_there_from_its_creation_to_its_close_inclusive() -> None:
    of = book(accounts=[account()], opportunities=[closed("d", "lost", at=day(-9))])
    created = day(-69)

    spine = deal_spine(of, [created, created + TICK, day(-9), day(-9) + TICK]).collect()

    assert spine.sort(AS_OF)[AS_OF].to_list() == [created + TICK, day(-9)]


def history(*changes: dict[str, object], **cells: object) -> object:
    return book(accounts=[account()], opportunities=[deal(**cells)], opportunity_changes=changes)


def test_the_newest_known_change_decides() -> None:
    of = history(
        change("amount", "1", "2", at=day(-9)), change("amount", "2", "3", at=day(-5)), amount=9.0
    )

    assert one_value(of, "amount", day(-5)) == 2.0
    assert one_value(of, "amount", day(-4)) == 3.0


def test_a_change_entered_late_is_not_seen_before_it_was_recorded() -> None:
    late = change("stage", "b", "c", at=day(-9), recorded_at=day(-2))
    of = history(change("stage", "a", "b", at=day(-20)), late, stage="c")

    assert one_value(of, "stage", day(-2)) == "b"
    assert one_value(of, "stage", day(-1)) == "c"


def test_before_its_first_change_a_cell_has_the_old_value_once_the_history_runs() -> None:
    other = change("stage", "x", "y", at=day(-50), opportunity_id="other")
    of = history(other, change("stage", "a", "b", at=day(-9)), stage="b")

    assert one_value(of, "stage", day(-60)) is None
    assert one_value(of, "stage", day(-40)) == "a"


def test_without_any_history_a_cell_is_unknown_until_the_book_ends() -> None:
    of = book(accounts=[account()], opportunities=[deal(amount=5.0)], observed_until=day(0))

    assert one_value(of, "amount", day(-1)) is None
    assert one_value(of, "amount", day(0)) == 5.0


def test_a_cell_that_never_changed_is_current_where_the_history_covers_it() -> None:
    other = change("close_date", "2025-01-01", "2025-02-01", at=day(-50), opportunity_id="other")
    of = history(other, close_date=on(60))

    assert one_value(of, "close_date", day(-50)) is None
    assert one_value(of, "close_date", day(-49)) == on(60)


def test_a_cell_emptied_by_a_change_is_null() -> None:
    of = history(change("amount", "7", None, at=day(-9)), amount=8.0)

    assert one_value(of, "amount", day(-8)) is None


def test_a_column_without_history_is_refused() -> None:
    of = book(accounts=[account()])

    with pytest.raises(ValueError, match="table opportunities, column discount_pct"):
        value_at(deal_spine(of, [day(0)]), of, "discount_pct")


def test_the_state_of_a_deal_is_what_its_record_said() -> None:
    of = history(
        change("close_date", on(30).isoformat(), on(100).isoformat(), at=day(-9)),
        change("owner", "rep-9", "rep-1", at=day(-9)),
    )

    state = deal_state(of, deal_spine(of, [day(-8)]), NEW_YORK).collect().row(0, named=True)

    assert (state["committed_on"], state["owner_rep_id"]) == (on(100), "rep-1")
    assert state["period_end"].isoformat() == "2026-04-30"
    assert state["age_days"] == 82.0


def test_without_close_dates_the_first_move_to_a_stage_commits() -> None:
    of = history(
        change("stage", "qualify", "offer", at=day(-20)),
        change("stage", "offer", "qualify", at=day(-15)),
        change("stage", "qualify", "offer", at=day(-10)),
    )
    offered = Commitment("offer", 21)

    state = deal_state(of, deal_spine(of, [day(-20), day(-5)]), Calendar(), offered).collect()

    assert state.sort(AS_OF)["committed_on"].to_list() == [None, on(1)]
    assert state.sort(AS_OF)["period_end"].to_list() == [on(-1), on(89)]


def test_a_commitment_needs_a_stage_and_days() -> None:
    with pytest.raises(ValueError, match="expected a stage and days"):
        Commitment("", 21)


def test_the_state_of_an_account_names_its_owner_of_the_time() -> None:
    moved = account_change("owner", "rep-1", "rep-2", at=day(-9))
    rows = [account(owner_rep_id="rep-2", segment="small")]
    of = book(
        accounts=rows, account_changes=[moved, {**moved, "account_id": "x", "changed_at": day(-50)}]
    )

    state = account_state(of, account_spine(of, [day(-9), day(-8)])).collect().sort(AS_OF)

    assert state["owner_rep_id"].to_list() == ["rep-1", "rep-2"]
    assert state["segment"].to_list() == ["small", "small"]
