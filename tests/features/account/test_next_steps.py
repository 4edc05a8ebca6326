from datetime import timedelta

import pytest

from features.account.next_steps import next_steps
from tests.factories import Row, account, book, closed, covenant, day, deal, on
from tests.features.views import account_row

INSTANT = timedelta(microseconds=1)
DEALS = [deal(at=day(-900)), closed("ended", "lost", at=day(-1), recorded_at=day(-900))]


def said_of(*rows: Row) -> dict[str, float | None]:
    return account_row(next_steps, book(accounts=[account()], opportunities=DEALS, covenants=rows))


def test_steps_agreed_in_a_year_count_once_they_are_known() -> None:
    moments = (day(0), day(0) - INSTANT, day(-365), day(-365) - INSTANT)
    late = covenant(at=day(-9), recorded_at=day(0))

    said = said_of(*(covenant(at=moment) for moment in moments), late)

    assert said["next_steps_agreed_365d"] == 2.0


def test_a_step_is_overdue_from_the_day_after_its_due_day_while_its_deal_is_open() -> None:
    said = said_of(
        covenant(at=day(-9), due_on=on(-1)),
        covenant(at=day(-9), due_on=on(-1), met_at=day(0)),
        covenant(at=day(-9), due_on=on(0)),
        covenant(at=day(-9), due_on=None),
        covenant(at=day(-9), due_on=on(-1), met_at=day(-3)),
        covenant(at=day(-9), due_on=on(-1), opportunity_id="ended"),
    )

    assert said["next_steps_overdue"] == 2.0


def test_only_what_was_due_or_met_is_kept_or_not() -> None:
    said = said_of(
        covenant(at=day(-9), due_on=on(-1)),
        covenant(at=day(-9), due_on=on(0)),
        covenant(at=day(-9), due_on=on(5), met_at=day(-3)),
        covenant(at=day(-9), due_on=None, met_at=day(-3), opportunity_id="ended"),
    )

    assert said["next_steps_met_share"] == pytest.approx(2 / 3)


def test_a_step_is_late_from_the_day_after_its_due_day() -> None:
    said = said_of(
        covenant(at=day(-20), due_on=on(-10), met_at=day(-9) - INSTANT),
        covenant(at=day(-20), due_on=on(-10), met_at=day(-9)),
        covenant(at=day(-20), due_on=None, met_at=day(-9)),
        covenant(at=day(-20), due_on=on(-10)),
    )

    assert said["next_steps_late_share"] == 0.5


def test_without_steps_counts_are_zero_and_shares_unknown() -> None:
    said = said_of(covenant(at=day(-9), opportunity_id="elsewhere"))

    assert said == {
        "next_steps_agreed_365d": 0.0,
        "next_steps_overdue": 0.0,
        "next_steps_met_share": None,
        "next_steps_late_share": None,
    }
