from datetime import timedelta

import pytest

from features.deal.workload import workload
from tests.factories import Row, account, book, change, closed, day, deal
from tests.features.views import deal_row

TICK = timedelta(microseconds=1)
ELSEWHERE = change("owner", "x", "y", at=day(-900), opportunity_id="elsewhere")


def said_of(*deals: Row, changes: tuple[Row, ...] = ()) -> dict[str, float | None]:
    of = book(
        accounts=[account()],
        opportunities=[deal(), *deals],
        opportunity_changes=[ELSEWHERE, *changes],
    )
    return deal_row(workload, of)


def test_open_deals_count_for_the_owner_of_the_moment() -> None:
    said = said_of(
        deal("mine"),
        deal("theirs", owner_rep_id="rep-2"),
        deal("given", owner_rep_id="rep-2"),
        closed("won", "won", at=day(-10)),
        closed("today", "won", at=day(0)),
        changes=(change("owner", "rep-1", "rep-2", at=day(0), opportunity_id="given"),),
    )

    assert said["owner_open_deals"] == 4.0


def test_wins_count_from_ninety_days_before_on() -> None:
    said = said_of(
        closed("a", "won", at=day(-90)),
        closed("b", "won", at=day(-90) - TICK),
        closed("c", "lost", at=day(-9)),
        closed("d", "won", at=day(-9), owner_rep_id="rep-2"),
        closed("e", "won", at=day(-9), recorded_at=day(0)),
    )

    assert said["owner_wins_90d"] == 1.0


def test_the_habit_of_pushing_is_mixed_with_that_of_the_book() -> None:
    def pushed(name: str, days: float) -> Row:
        return change("close_date", "2025-01-01", "2025-02-01", at=day(days), opportunity_id=name)

    said = said_of(
        closed("a", "won", at=day(-30)),
        closed("b", "lost", at=day(-30), owner_rep_id="rep-2"),
        changes=(
            *(pushed("a", days) for days in (-50, -40, -30, -29)),
            change("close_date", "2025-02-01", "2025-01-01", at=day(-35), opportunity_id="a"),
            pushed("b", -40),
            pushed("deal-1", -40),
        ),
    )

    assert said["owner_pushes_mean"] == pytest.approx((3 + 20 * 2.0) / 21)


def test_an_owner_without_closed_deals_has_open_ones_and_no_habit() -> None:
    said = said_of(closed("b", "won", at=day(-30), owner_rep_id="rep-2"))

    assert (said["owner_open_deals"], said["owner_wins_90d"]) == (1.0, 0.0)
    assert said["owner_pushes_mean"] is None


def test_the_days_in_the_same_hands_start_anew_with_a_change() -> None:
    moved = change("owner", "rep-2", "rep-1", at=day(-12))
    earlier = change("owner", "rep-3", "rep-2", at=day(-40))
    first = change("owner", None, "rep-1", at=day(-5))

    assert said_of(changes=(moved, earlier, first))["owner_days"] == 12.0
    assert said_of(changes=(first,))["owner_days"] == 90.0


def test_an_owner_who_is_not_known_has_nothing() -> None:
    of = book(accounts=[account()], opportunities=[deal()])

    said = deal_row(workload, of)

    assert said["owner_open_deals"] is said["owner_wins_90d"] is said["owner_pushes_mean"] is None
