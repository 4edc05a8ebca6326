from datetime import timedelta

import pytest

from features.calendar import Calendar
from features.deal.pushing import pushing
from tests.factories import Row, account, book, change, day, deal, on
from tests.features.views import deal_row, deal_view, described

TICK = timedelta(microseconds=1)


def moved(old: str | None, new: str, days: float, **cells: object) -> Row:
    return change("close_date", old, new, at=day(days), **cells)


def said_of(*changes: Row, **cells: object) -> dict[str, float | None]:
    of = book(accounts=[account()], opportunities=[deal(**cells)], opportunity_changes=changes)
    return deal_row(pushing, of)


def test_pushes_are_averaged_and_the_newest_one_told_apart() -> None:
    said = said_of(
        moved("2026-01-10", "2026-01-20", -60),
        moved("2026-01-20", "2026-02-19", -20),
        moved("2026-02-19", "2026-02-09", -10),
    )

    assert (said["push_days_mean"], said["last_push_days"]) == (20.0, 30.0)
    assert said["days_since_push"] == 20.0
    assert said["commitment_shift_days"] == 30.0
    assert said["pushed_to_age"] == pytest.approx(40 / 90)


def test_of_pushes_at_one_moment_the_longest_is_the_last() -> None:
    rows = [moved("2026-01-10", "2026-03-11", -9), moved("2026-01-10", "2026-01-20", -9)]

    assert said_of(*rows)["last_push_days"] == said_of(*rows[::-1])["last_push_days"] == 60.0


def test_the_window_has_its_first_moment_and_late_rows_wait() -> None:
    said = said_of(
        moved("2026-01-10", "2026-01-20", -90),
        change("close_date", "2026-01-20", "2026-01-21", at=day(-90) - TICK),
        moved("2026-01-21", "2026-01-22", -9, recorded_at=day(0)),
        moved("2026-01-22", "2026-01-23", 0),
    )

    assert said["pushes_90d"] == 1.0
    assert said["push_days_mean"] == 5.5


def test_period_ends_are_crossed_by_date_not_by_length() -> None:
    said = said_of(
        moved("2025-12-31", "2026-01-01", -30),
        moved("2026-01-01", "2026-01-31", -20),
        moved("2026-01-31", "2026-02-01", -10),
    )

    assert (said["pushes_across_month"], said["pushes_across_year"]) == (2.0, 1.0)


def test_the_year_is_the_organisations() -> None:
    changes = [
        moved("2026-01-31", "2026-02-01", -30),
        moved("2025-12-31", "2026-01-01", -20),
        moved("2026-01-01", "2026-02-28", -10),
    ]
    of = book(accounts=[account()], opportunities=[deal()], opportunity_changes=changes)
    view = deal_view(of, day(0), calendar=Calendar(fiscal_year_start_month=2))

    assert described(pushing, view)["pushes_across_year"].to_list() == [2.0]


def test_the_first_date_is_the_one_before_the_first_known_change() -> None:
    late = moved("2026-01-05", "2026-01-10", -50, recorded_at=day(-5))
    said = said_of(moved(None, "2026-01-08", -80), moved("2026-01-08", "2026-01-18", -30), late)

    assert said["commitment_shift_days"] == 2.0


def test_a_deal_that_never_moved_has_zeros_and_no_last_push() -> None:
    elsewhere = moved("2026-01-01", "2026-01-02", -400, opportunity_id="elsewhere")

    said = said_of(elsewhere, close_date=on(-4))

    assert (said["push_days_mean"], said["days_since_push"]) == (None, None)
    assert said["pushes_90d"] == said["pushed_to_age"] == said["commitment_shift_days"] == 0.0
    assert said["days_overdue"] == 4.0
    assert said_of(elsewhere, close_date=on(1))["days_overdue"] == 0.0
