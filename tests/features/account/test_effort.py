import pytest

from features.account.effort import effort
from tests.factories import account, activity, book, day
from tests.features.views import account_row


def said_of(*rows: dict[str, object]) -> dict[str, float | None]:
    return account_row(effort, book(accounts=[account()], activities=rows))


def test_touches_fall_into_windows_that_share_none() -> None:
    rows = [activity(at=day(-days)) for days in (1, 30, 31, 90, 91, 365, 366)]

    said = said_of(*rows)

    assert [said[f"touches_{span}d"] for span in ("30", "31_90", "91_365")] == [2.0, 2.0, 2.0]


def test_hours_take_the_real_duration_or_a_usual_one() -> None:
    said = said_of(
        activity(at=day(-3), duration_minutes=90.0),
        activity(at=day(-3)),
        activity(at=day(-3), kind="meeting", direction="mutual"),
    )

    assert said["hours_90d"] == 1.5 + 0.25 + 1.0


def test_automated_mail_is_no_effort() -> None:
    said = said_of(activity(at=day(-3), automated=True))

    assert (said["touches_30d"], said["hours_90d"]) == (0.0, 0.0)


def test_nothing_at_all_is_no_effort_and_no_share() -> None:
    said = said_of()

    told = {name for name, value in said.items() if value == 0.0}
    touches = {f"touches_{span}d" for span in ("30", "31_90", "91_365")}
    hours = {"hours_90d", "hours_91_365d", "meeting_hours_90d"}
    assert told == {*touches, *hours, "automated_90d"}
    assert {value for name, value in said.items() if name not in told} == {None}


def test_earlier_hours_and_their_trend_per_day() -> None:
    said = said_of(
        activity(at=day(-90), duration_minutes=90.0),
        activity(at=day(-91), duration_minutes=200.4),
        activity(at=day(-365), kind="meeting", direction=None, duration_minutes=75.0),
        activity(at=day(-366), duration_minutes=600.0),
        activity(at=day(-100), duration_minutes=600.0, automated=True),
    )

    assert said["hours_91_365d"] == pytest.approx(275 / 60)
    assert said["hours_trend"] == 0.0  # 90 minutes in 90 days after 275 in 275


def test_the_trend_of_hours_has_a_floor_a_cap_and_needs_a_past() -> None:
    gone = said_of(activity(at=day(-100)))
    sudden = said_of(activity(at=day(-10), duration_minutes=600.0), activity(at=day(-100)))
    fresh = said_of(activity(at=day(-10)))

    assert [one["hours_trend"] for one in (gone, sudden, fresh)] == [-1.0, 5.0, None]


def test_hours_of_meetings_are_part_of_the_hours() -> None:
    said = said_of(
        activity(at=day(-3), kind="visit", direction="mutual"),
        activity(at=day(-90), kind="demo", direction=None, duration_minutes=30.0),
        activity(at=day(-3), kind="training", direction="mutual"),
        activity(at=day(-3), kind="meeting", automated=True),
        activity(at=day(-91), kind="meeting"),
    )

    assert (said["meeting_hours_90d"], said["hours_90d"]) == (1.5, 2.5)


def test_touches_are_set_against_meetings_of_the_same_year() -> None:
    said = said_of(
        *(activity(at=day(-d)) for d in (1, 2, 365, 366)),
        activity(at=day(-1), automated=True),
        activity(at=day(-1), direction="inbound"),
        activity(at=day(-9), kind="meeting", direction="mutual"),
        activity(at=day(-9), kind="demo", direction="mutual"),
        activity(at=day(-366), kind="demo", direction="mutual"),
        activity(at=day(-9), kind="demo", direction="mutual", automated=True),
    )

    assert said["touches_per_meeting_365d"] == 1.5


def test_the_means_of_our_touches_are_shares() -> None:
    said = said_of(
        *(activity(at=day(-9), kind=kind) for kind in ("email", "call", "call", "voicemail")),
        activity(at=day(-365), kind="voicemail"),
        activity(at=day(-366), kind="voicemail"),
        activity(at=day(-9), kind="voicemail", automated=True),
        activity(at=day(-9), kind="email", direction="inbound"),
        activity(at=day(-9), kind="voicemail", direction="inbound"),
    )

    assert (said["email_share_365d"], said["voicemail_share_365d"]) == (pytest.approx(0.2), 0.5)
    assert said_of(activity(at=day(-9)))["voicemail_share_365d"] is None


def test_what_machines_did_is_counted_apart_in_any_direction() -> None:
    said = said_of(
        activity(at=day(-90), automated=True),
        activity(at=day(-3), automated=True, direction="inbound", kind="task"),
        activity(at=day(-91), automated=True),
        activity(at=day(-3), automated=None),
        activity(at=day(-3)),
    )

    assert said["automated_90d"] == 2.0
