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
