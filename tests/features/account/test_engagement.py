import pytest

from features.account.engagement import engagement
from tests.factories import account, activity, book, day
from tests.features.views import account_row


def said_of(*rows: dict[str, object]) -> dict[str, float | None]:
    return account_row(engagement, book(accounts=[account()], activities=rows))


def test_a_reply_is_an_inbound_row_or_an_answered_touch() -> None:
    said = said_of(
        activity(at=day(-5), direction="inbound"),
        activity(at=day(-6), answered=True),
        activity(at=day(-7)),
        activity(at=day(-40), answered=True),
    )

    assert (said["replies_30d"], said["replies_31_90d"]) == (2.0, 1.0)
    assert said["reply_rate_30d"] == 0.5
    assert said["reply_rate_90d"] == pytest.approx(2 / 3)


def test_the_chase_counts_touches_since_the_last_sign_of_life() -> None:
    said = said_of(
        activity(at=day(-50)),
        activity(at=day(-40), direction="mutual", kind="meeting"),
        activity(at=day(-30)),
        activity(at=day(-20)),
    )

    assert said["one_way_touches"] == 2.0
    assert said["silence_days"] == 40.0
    assert said["meetings_90d"] == 1.0


def test_an_account_that_never_answered_is_all_chase_and_no_silence() -> None:
    said = said_of(activity(at=day(-50)), activity(at=day(-10)))

    assert said["one_way_touches"] == 2.0
    assert said["silence_days"] is None


def test_machines_neither_chase_nor_answer() -> None:
    said = said_of(
        activity(at=day(-5), automated=True),
        activity(at=day(-5), automated=True, direction="inbound"),
    )

    assert (said["one_way_touches"], said["replies_30d"], said["silence_days"]) == (0.0, 0.0, None)
