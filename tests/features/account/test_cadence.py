from datetime import timedelta

import pytest

from features.account.cadence import cadence
from tests.factories import account, activity, book, day
from tests.features.views import account_row

TICK = timedelta(microseconds=1)


def said_of(*rows: dict[str, object]) -> dict[str, float | None]:
    return account_row(cadence, book(accounts=[account()], activities=rows))


def test_recency_is_told_apart_by_what_was_done() -> None:
    said = said_of(
        activity(at=day(-9)),
        activity(at=day(-4)),
        activity(at=day(-12), direction="inbound"),
        activity(at=day(-20), direction="mutual", kind="demo"),
        activity(at=day(-31), kind="proposal", phase="post_sales"),
        activity(at=day(-1), automated=True, direction="inbound", phase="post_sales"),
        activity(at=day(-2), automated=True, kind="proposal"),
        activity(at=day(-2), automated=True, kind="meeting"),
    )

    assert said["days_since_touch"] == 4.0
    assert said["days_since_inbound"] == 12.0
    assert said["days_since_meeting"] == 20.0
    assert said["days_since_proposal"] == 31.0
    assert said["post_sales_silence_days"] == 31.0


def test_nothing_at_all_is_null_but_for_the_counts() -> None:
    said = said_of()

    told = {name: value for name, value in said.items() if value is not None}
    assert told == {"active_weeks_13": 0.0, "active_weeks_52": 0.0, "two_way_months_12": 0.0}


def test_a_row_without_direction_or_phase_only_fills_a_week() -> None:
    said = said_of(activity(at=day(-3), direction=None, phase=None, answered=True))

    told = {name: value for name, value in said.items() if value}
    assert told == {"active_weeks_13": 1.0, "active_weeks_52": 1.0}


def test_a_row_at_as_of_or_recorded_then_is_not_known_yet() -> None:
    said = said_of(
        activity(at=day(0)),
        activity(at=day(-3), recorded_at=day(0)),
        activity(at=day(-5), recorded_at=day(0) - TICK),
    )

    assert said["days_since_touch"] == 5.0
    assert said["active_weeks_13"] == 1.0


@pytest.mark.parametrize(
    ("moments", "weeks"),
    [
        ([day(0) - TICK, day(-7)], 1.0),
        ([day(0) - TICK, day(-7) - TICK], 2.0),
        ([day(-91)], 1.0),
        ([day(-91) - TICK], 0.0),
        ([day(-90), day(-89), day(-84) - TICK], 1.0),
    ],
)
def test_a_week_ends_exactly_seven_days_before_the_next(moments: list, weeks: float) -> None:
    said = said_of(*(activity(at=moment) for moment in moments))

    assert said["active_weeks_13"] == weeks


def test_a_year_of_weeks_is_364_days_long() -> None:
    said = said_of(
        activity(at=day(-364)),
        activity(at=day(-364) - TICK),
        activity(at=day(-1), automated=True),
    )

    assert (said["active_weeks_13"], said["active_weeks_52"]) == (0.0, 1.0)


def test_a_two_way_month_has_a_touch_and_a_reply_or_something_mutual() -> None:
    said = said_of(
        activity(at=day(-1)),  # month 0: touch and reply
        activity(at=day(-30), direction="inbound"),
        activity(at=day(-30) - TICK),  # month 1: a touch alone
        activity(at=day(-61), direction="inbound"),  # month 2: a reply alone
        activity(at=day(-91), answered=True),  # month 3: both in one
        activity(at=day(-121), direction="mutual"),  # month 4
        activity(at=day(-151)),  # month 5: the reply is a machine's
        activity(at=day(-152), direction="inbound", automated=True),
        activity(at=day(-360), direction="mutual"),  # month 11
        activity(at=day(-360) - TICK, direction="mutual"),  # month 12 is over
    )

    assert said["two_way_months_12"] == 4.0


def test_the_longest_silence_lies_between_two_signs_or_lasts_until_now() -> None:
    between = said_of(
        activity(at=day(-365), direction="inbound"),
        activity(at=day(-300), answered=True),
        activity(at=day(-150)),
        activity(at=day(-100), direction="mutual"),
        activity(at=day(-50), direction="inbound", automated=True),
    )
    now = said_of(
        activity(at=day(-365) - TICK, direction="inbound"),
        activity(at=day(-300), direction="inbound"),
        activity(at=day(-250), direction="inbound"),
    )

    assert between["longest_silence_365d"] == 200.0
    assert now["longest_silence_365d"] == 250.0


def test_one_sign_alone_is_silent_since() -> None:
    said = said_of(activity(at=day(-40), direction="inbound"), activity(at=day(-10)))

    assert said["longest_silence_365d"] == 40.0
    assert (said["gap_variation_365d"], said["silence_vs_usual"]) == (None, None)


def test_a_steady_account_varies_by_nothing_and_a_fitful_one_by_much() -> None:
    steady = said_of(*(activity(at=day(-d), direction="inbound") for d in (10, 20, 30)))
    fitful = said_of(*(activity(at=day(-d), direction="inbound") for d in (10, 20, 50)))

    assert steady["gap_variation_365d"] == 0.0
    assert fitful["gap_variation_365d"] == 0.5  # gaps of 10 and 30 days


def test_gaps_are_cut_to_whole_minutes() -> None:
    offsets = (timedelta(0), timedelta(minutes=1, seconds=59), timedelta(minutes=4))
    said = said_of(*(activity(at=day(-10) + step, direction="inbound") for step in offsets))

    assert said["gap_variation_365d"] == pytest.approx(0.5 / 1.5)  # 1 and 2 minutes


def test_two_signs_vary_in_nothing_yet_but_have_a_usual_gap() -> None:
    said = said_of(activity(at=day(-30), direction="inbound"), activity(at=day(-20), answered=True))

    assert said["gap_variation_365d"] is None
    assert said["silence_vs_usual"] == 2.0


def test_the_silence_is_measured_in_usual_gaps_up_to_twenty() -> None:
    thrice = said_of(*(activity(at=day(-d), direction="inbound") for d in (45, 50, 75)))
    endless = said_of(*(activity(at=day(-d), direction="inbound") for d in (300, 301)))
    at_once = said_of(*(activity(at=day(-9), direction="inbound") for _ in range(3)))

    assert thrice["silence_vs_usual"] == 3.0
    assert endless["silence_vs_usual"] == 20.0
    assert (at_once["silence_vs_usual"], at_once["gap_variation_365d"]) == (None, None)
