from datetime import datetime, timedelta

import pytest

from features.account.service import service
from tests.factories import Row, account, book, day, ticket
from tests.features.views import account_row

INSTANT = timedelta(microseconds=1)


def test_tickets_escalations_and_marks_are_counted_when_they_were_known() -> None:
    rows = [
        ticket(at=day(-10), closed_at=day(-5), csat=2.0),
        ticket(at=day(-90), closed_at=day(0), csat=5.0, escalated_at=day(-80)),
        ticket(at=day(-400), closed_at=day(-390), csat=1.0, escalated_at=day(-366)),
        ticket(at=day(-91), closed_at=day(-85), csat=4.0, escalated_at=day(0)),
        ticket(at=day(-365), closed_at=day(-364)),
        ticket(at=day(-366), closed_at=day(-364)),
    ]

    said = account_row(service, book(accounts=[account()], tickets=rows))

    assert (said["tickets_90d"], said["tickets_91_365d"]) == (2.0, 2.0)
    assert said["open_tickets"] == 1.0
    assert said["escalations_365d"] == 1.0
    assert said["csat_365d"] == 3.0


def test_an_account_without_tickets_is_quiet_and_unrated() -> None:
    of = book(accounts=[account()], tickets=[ticket(at=day(-3), account_id="birch")])

    said = account_row(service, of)

    assert (said["tickets_90d"], said["csat_365d"]) == (0.0, None)


def said_of(*rows: Row) -> dict[str, float | None]:
    return account_row(service, book(accounts=[account()], tickets=rows))


def test_tickets_of_a_month_and_the_change_of_a_quarter_are_half_open() -> None:
    edges = (0, 30, 90, 180)
    said = said_of(
        *(ticket(at=day(-days)) for days in edges),
        *(ticket(at=day(-days) - INSTANT) for days in edges),
        ticket(at=day(-9), recorded_at=day(0)),
    )

    assert said["tickets_30d"] == 2.0
    assert said["tickets_change_90d"] == 4.0 - 2.0


def test_fewer_tickets_are_a_change_below_zero() -> None:
    assert said_of(*[ticket(at=day(-100))] * 3)["tickets_change_90d"] == -3.0


def test_hours_to_close_are_the_median_of_the_tickets_closed_in_a_year() -> None:
    def closed_after(hours: float, at: datetime) -> Row:
        return ticket(at=at - timedelta(hours=hours), closed_at=at)

    said = said_of(
        closed_after(5.0, day(-365)),
        closed_after(-7.0, day(-9)),
        closed_after(8.0, day(-9)),
        closed_after(900.0, day(-365) - INSTANT),
        closed_after(900.0, day(0)),
    )

    assert said["hours_to_close_365d"] == 5.0
    assert said_of(closed_after(-7.0, day(-9)))["hours_to_close_365d"] == 0.0


def test_marks_of_the_quarter_are_held_against_those_of_the_year_before_it() -> None:
    def marked(mark: float | None, at: datetime) -> Row:
        return ticket(at=day(-500), closed_at=at, csat=mark)

    said = said_of(
        marked(2.0, day(-90)),
        marked(3.0, day(-1)),
        marked(None, day(-1)),
        marked(5.0, day(0)),
        marked(5.0, day(-90) - INSTANT),
        marked(3.0, day(-365)),
        marked(1.0, day(-365) - INSTANT),
    )

    assert (said["csat_90d"], said["csat_change"]) == (2.5, -1.5)
    assert said_of(marked(2.0, day(-9)))["csat_change"] is None


def test_escalations_are_a_share_of_the_tickets_opened_in_a_year() -> None:
    said = said_of(
        ticket(at=day(-365), escalated_at=day(-9), closed_at=day(-3)),
        ticket(at=day(-9), escalated_at=day(-8)),
        ticket(at=day(-9), escalated_at=day(0)),
        ticket(at=day(-9)),
        ticket(at=day(-366), escalated_at=day(-300)),
        ticket(at=day(-40), escalated_at=day(-9), closed_at=day(0)),
    )

    assert said["escalation_share_365d"] == pytest.approx(3 / 5)
    assert said["open_escalations"] == 3.0


def test_the_oldest_open_ticket_is_the_one_that_waits_longest() -> None:
    said = said_of(
        ticket(at=day(-50), closed_at=day(-3)),
        ticket(at=day(-40), closed_at=day(0)),
        ticket(at=day(-4)),
    )

    assert said["oldest_open_ticket_days"] == 40.0


def test_without_tickets_counts_are_zero_and_the_rest_unknown() -> None:
    said = said_of(ticket(at=day(-3), account_id="birch"))

    unknown = {name for name, value in said.items() if value is None}
    assert unknown == {
        *("csat_365d", "csat_90d", "csat_change", "hours_to_close_365d"),
        *("escalation_share_365d", "oldest_open_ticket_days"),
    }
    assert {value for name, value in said.items() if name not in unknown} == {0.0}
