from datetime import timedelta

import pytest

from features.deal.rhythm import rhythm
from tests.factories import Row, account, activity, book, day, deal
from tests.features.views import deal_row

TICK = timedelta(microseconds=1)


def own(days: float, **cells: object) -> Row:
    return activity(at=day(days), **{"opportunity_id": "deal-1", **cells})


def said_of(*rows: Row) -> dict[str, float | None]:
    of = book(accounts=[account()], opportunities=[deal()], activities=rows)
    return deal_row(rhythm, of)


def test_the_earlier_window_has_its_first_moment_and_not_its_last() -> None:
    rows = [activity(at=at, opportunity_id="deal-1") for at in (day(-30), day(-30) - TICK)]
    edge = [activity(at=at, opportunity_id="deal-1") for at in (day(-90), day(-90) - TICK)]

    said = said_of(*rows, *edge, own(-40, direction="inbound"), own(-40, answered=True))

    assert (said["touches_31_90d"], said["replies_31_90d"]) == (3.0, 2.0)
    assert said["activity_trend"] == 1 - 4 / 2


def test_automated_late_and_foreign_rows_do_not_count() -> None:
    said = said_of(
        own(-40, automated=True),
        own(-40, recorded_at=day(0)),
        own(-40, opportunity_id="other"),
        own(0),
        own(-95, automated=None),
    )

    assert (said["touches_31_90d"], said["active_weeks_8"]) == (0.0, 0.0)
    assert said["days_since_touch"] == 95.0


def test_a_deal_without_activities_counts_zero_and_does_not_know_the_rest() -> None:
    said = said_of(own(-5, opportunity_id="other"))

    assert [name for name, value in said.items() if value is None] == [
        "days_since_touch",
        "days_since_meeting",
        "reply_latency_days",
        "inbound_share_90d",
        "first_meeting_age_days",
    ]
    assert said["longest_silence_days"] == 90.0
    assert said["meetings_made"] == said["demos_made"] == said["activity_trend"] == 0.0


def test_weeks_are_seven_days_back_from_the_moment() -> None:
    assert said_of(own(-1), own(-7), own(-56), own(-56.5))["active_weeks_8"] == 2.0
    assert said_of(own(-1), own(-7.5), own(-56))["active_weeks_8"] == 3.0


def test_the_longest_silence_may_lie_at_the_start_between_or_at_the_end() -> None:
    heard = [own(days, direction="mutual") for days in (-80, -40, -35)]

    assert said_of(*heard)["longest_silence_days"] == 40.0
    assert said_of(*heard[1:])["longest_silence_days"] == 50.0
    assert said_of(heard[0], own(-99, direction="inbound"))["longest_silence_days"] == 80.0
    assert said_of(own(-40), own(-45, answered=True))["longest_silence_days"] == 45.0


def test_an_answer_is_timed_from_the_row_before_it() -> None:
    said = said_of(
        own(-50),
        own(-40),
        own(-38, direction="mutual"),
        own(-37, direction="inbound"),
        own(-36, direction="inbound"),
        own(-20, direction="inbound"),
        own(-20),
        own(-19, direction="inbound"),
    )

    assert said["reply_latency_days"] == 2.0
    assert said["inbound_share_90d"] == pytest.approx(4 / 7)


def test_meetings_are_counted_dated_and_the_first_one_aged() -> None:
    said = said_of(own(-70, kind="visit"), own(-12, kind="demo"), own(-3, kind="call"))

    assert (said["meetings_made"], said["demos_made"]) == (2.0, 1.0)
    assert (said["days_since_meeting"], said["first_meeting_age_days"]) == (12.0, 20.0)
    assert said_of(own(-99, kind="demo"))["first_meeting_age_days"] == 0.0


def test_where_no_activity_names_a_deal_the_accounts_count() -> None:
    assert said_of(activity(at=day(-9)))["days_since_touch"] == 9.0
