from datetime import timedelta

import pytest

from features.account.exchange import exchange
from features.calendar import Calendar
from tests.factories import Row, account, activity, book, contract, day, on
from tests.features.views import account_row, account_view, described

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def said_of(*rows: Row, contracts: list[Row] | None = None) -> dict[str, float | None]:
    of = book(accounts=[account()], activities=rows, contracts=contracts or [])
    return account_row(exchange, of)


def inbound(*, at: object, **cells: object) -> Row:
    return activity(at=at, direction="inbound", **cells)


def test_nothing_at_all_is_null_but_for_the_longest_chase() -> None:
    said = said_of()

    assert {name for name, value in said.items() if value is not None} == {"longest_chase_180d"}
    assert said["longest_chase_180d"] == 0.0


def test_latency_is_the_median_to_the_next_inbound_row() -> None:
    said = said_of(
        activity(at=day(-50)),
        inbound(at=day(-50) + 2 * HOUR),
        inbound(at=day(-50) + 3 * HOUR),
        activity(at=day(-40)),
        activity(at=day(-40) + 4 * HOUR),
        inbound(at=day(-40) + 10 * HOUR),
        activity(at=day(-200)),
        inbound(at=day(-200) + 100 * HOUR),
    )

    assert said["reply_hours_90d"] == 6.0  # 2, 6 and 10
    assert said["reply_hours_365d"] == 8.0  # and 100


def test_an_answered_touch_a_meeting_and_a_machine_have_no_latency() -> None:
    said = said_of(
        activity(at=day(-50), answered=True),
        activity(at=day(-49), direction="mutual"),
        activity(at=day(-48), automated=True),
        activity(at=day(-47)),
        inbound(at=day(-47) + HOUR, automated=True),
        inbound(at=day(-46)),
    )

    assert said["reply_hours_90d"] == 24.0


@pytest.mark.parametrize(
    ("after", "hours"),
    [(timedelta(days=14), 336.0), (timedelta(days=14) + TICK, None), (timedelta(0), None)],
)
def test_an_answer_comes_after_the_touch_and_within_two_weeks(
    after: timedelta, hours: float | None
) -> None:
    said = said_of(activity(at=day(-50)), inbound(at=day(-50) + after))

    assert said["reply_hours_90d"] == hours
    assert said["answered_14d_share_90d"] == (0.0 if hours is None else 1.0)


def test_rows_of_one_moment_answer_only_what_came_before() -> None:
    rows = [activity(at=day(-50)), inbound(at=day(-50)), inbound(at=day(-49))]

    for order in (rows, rows[::-1]):
        assert said_of(*order)["reply_hours_90d"] == 24.0


@pytest.mark.parametrize(
    ("at", "hours_90d"), [(day(-90), 1.0), (day(-90) - TICK, None)], ids=["in", "out"]
)
def test_latency_belongs_to_the_window_of_the_touch(at: object, hours_90d: float | None) -> None:
    said = said_of(activity(at=at), inbound(at=at + HOUR))

    assert said["reply_hours_90d"] == hours_90d
    assert said["reply_hours_365d"] == 1.0


def test_a_reply_recorded_late_is_not_known() -> None:
    said = said_of(activity(at=day(-50)), inbound(at=day(-49), recorded_at=day(0)))

    assert said["reply_hours_90d"] is None


def test_touches_get_two_weeks_to_be_answered() -> None:
    said = said_of(
        activity(at=day(-14)),  # still has time
        activity(at=day(-14) - TICK, answered=True),
        activity(at=day(-60)),
        inbound(at=day(-50)),
        activity(at=day(-45)),
        activity(at=day(-90)),
        activity(at=day(-90) - TICK, answered=True),
    )

    assert said["answered_14d_share_90d"] == 0.5


def test_who_speaks_first_after_a_pause_begins() -> None:
    said = said_of(
        inbound(at=day(-365) - timedelta(days=14)),
        activity(at=day(-365)),  # exactly 14 days later: goes on
        inbound(at=day(-300)),  # theirs
        activity(at=day(-286)),  # goes on
        activity(at=day(-272) + TICK),  # ours: more than 14 days
        inbound(at=day(-200)),  # ours: both at one moment
        activity(at=day(-200)),
        activity(at=day(-150), direction="mutual"),  # nobody's
        inbound(at=day(-140)),  # goes on after the meeting
        inbound(at=day(-100), automated=True),
        activity(at=day(-80), direction=None),
        inbound(at=day(-70)),  # theirs
    )

    assert said["customer_starts_365d"] == 0.5


def test_an_exchange_before_the_year_does_not_count() -> None:
    said = said_of(inbound(at=day(-365) - TICK))

    assert said["customer_starts_365d"] is None


def test_a_meeting_alone_is_begun_by_nobody() -> None:
    said = said_of(activity(at=day(-20), direction="mutual"))

    assert said["customer_starts_365d"] is None


def test_the_longest_chase_ends_with_a_sign_of_life() -> None:
    said = said_of(
        activity(at=day(-100)),
        activity(at=day(-99)),
        activity(at=day(-98), automated=True),
        activity(at=day(-97)),
        activity(at=day(-96), answered=True),
        activity(at=day(-95)),
        activity(at=day(-94), direction="mutual"),
        activity(at=day(-93)),
        activity(at=day(-92)),
    )

    assert said["longest_chase_180d"] == 3.0


@pytest.mark.parametrize("direction", ["inbound", "mutual"])
def test_a_touch_at_the_moment_of_a_sign_counts_before_it(direction: str) -> None:
    rows = [
        activity(at=day(-40)),
        activity(at=day(-30)),
        activity(at=day(-20)),
        activity(at=day(-20), direction=direction),
        activity(at=day(-10)),
    ]

    for order in (rows, rows[::-1]):
        assert said_of(*order)["longest_chase_180d"] == 3.0


def test_the_longest_chase_looks_back_half_a_year() -> None:
    said = said_of(activity(at=day(-180)), activity(at=day(-180) - TICK), activity(at=day(-170)))

    assert said["longest_chase_180d"] == 2.0


def test_the_chase_of_now_has_a_length_and_a_gap() -> None:
    said = said_of(
        activity(at=day(-60)),
        inbound(at=day(-50)),
        activity(at=day(-50)),  # not after the sign
        activity(at=day(-40)),
        activity(at=day(-36)),
        activity(at=day(-5), automated=True),
        activity(at=day(-10)),
    )

    assert (said["chase_days"], said["chase_gap_days"]) == (40.0, 15.0)


def test_a_chase_starts_in_the_last_year_and_needs_two_touches_for_a_gap() -> None:
    said = said_of(activity(at=day(-365)), activity(at=day(-365) - TICK))
    answered = said_of(activity(at=day(-9)), inbound(at=day(-8)))

    assert (said["chase_days"], said["chase_gap_days"]) == (365.0, None)
    assert (answered["chase_days"], answered["chase_gap_days"]) == (None, None)


def running(ends: int, **cells: object) -> Row:
    return contract(starts_on=on(-300), ends_on=on(ends), **cells)


def test_reminders_are_unanswered_mails_in_the_ninety_days_before_the_end() -> None:
    rows = [
        activity(at=day(-61)),
        activity(at=day(-60)),  # 90 days before the end
        activity(at=day(-30)),
        activity(at=day(-20), kind="call"),
        activity(at=day(-10), automated=True),
    ]
    said = said_of(*rows, contracts=[running(30), running(80)])
    heard = said_of(*rows, inbound(at=day(-40)), contracts=[running(30)])

    assert said["reminders_before_renewal"] == 2.0
    assert heard["reminders_before_renewal"] == 1.0


@pytest.mark.parametrize(
    ("term", "count"),
    [
        (running(0), 1.0),
        (running(90), 0.0),
        (running(91), None),
        (running(-1), None),
        (running(30, renewed_at=day(-1)), None),
        (running(30, cancelled_at=day(-1)), None),
        (running(30, renewed_at=day(0)), 1.0),
        (running(30, recorded_at=day(0)), None),
    ],
)
def test_only_a_contract_about_to_end_calls_for_reminders(term: Row, count: float | None) -> None:
    said = said_of(activity(at=day(-5)), contracts=[term])

    assert said["reminders_before_renewal"] == count


def test_no_mail_before_the_end_is_zero_reminders() -> None:
    assert said_of(contracts=[running(30)])["reminders_before_renewal"] == 0.0


def test_days_of_a_contract_are_those_of_the_organisation() -> None:
    of = book(
        accounts=[account()],
        activities=[activity(at=day(-60) - HOUR)],
        contracts=[running(30)],
    )
    tokyo = account_view(of, day(0), calendar=Calendar("Asia/Tokyo"))

    utc = described(exchange, account_view(of, day(0)))
    east = described(exchange, tokyo)

    assert utc["reminders_before_renewal"].to_list() == [0.0]
    assert east["reminders_before_renewal"].to_list() == [1.0]
