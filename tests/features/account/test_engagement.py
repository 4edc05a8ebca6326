from datetime import timedelta

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


TICK = timedelta(microseconds=1)


def test_earlier_replies_and_meetings_fall_into_windows_that_share_none() -> None:
    days = (1, 30, 31, 90, 91, 365, 366)

    heard = said_of(*(activity(at=day(-d), direction="inbound") for d in days))
    met = said_of(*(activity(at=day(-d), direction=None, kind="visit") for d in days))

    assert [heard[f"replies_{span}d"] for span in ("30", "31_90", "91_365")] == [2.0, 2.0, 2.0]
    assert [met[f"meetings_{span}d"] for span in ("90", "31_90", "91_365")] == [4.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (day(-90), (0.0, 1.0, 0.0)),
        (day(-90) - TICK, (1.0, 0.0, 1.0)),
        (day(-365), (1.0, 0.0, 1.0)),
        (day(-365) - TICK, (0.0, 0.0, 0.0)),
    ],
)
def test_a_window_holds_its_older_edge_only(at: object, found: tuple[float, ...]) -> None:
    said = said_of(activity(at=at, kind="demo", answered=True))

    names = ("replies_91_365d", "meetings_31_90d", "meetings_91_365d")
    assert tuple(said[name] for name in names) == found


def test_the_trend_of_replies_is_per_day() -> None:
    steady = said_of(*(activity(at=day(-d), answered=True) for d in (30, 31, 90, 120)))
    dried_up = said_of(activity(at=day(-5)), activity(at=day(-50), direction="inbound"))
    sudden = said_of(
        *(activity(at=day(-d), answered=True) for d in (1, 2, 3, 31)),
        activity(at=day(-120) - TICK, answered=True),
    )

    assert steady["reply_trend"] == 0.0
    assert dried_up["reply_trend"] == -1.0
    assert sudden["reply_trend"] == 5.0


def test_no_reply_before_leaves_the_trend_unknown() -> None:
    said = said_of(activity(at=day(-5), answered=True), activity(at=day(-121), answered=True))

    assert said["reply_trend"] is None


def test_the_inbound_share_leaves_out_what_is_mutual_and_what_machines_sent() -> None:
    said = said_of(
        activity(at=day(-90), direction="inbound"),
        activity(at=day(-5), answered=True),
        activity(at=day(-5), direction="mutual"),
        activity(at=day(-5), direction=None),
        activity(at=day(-5), automated=True),
        activity(at=day(-91)),
        activity(at=day(-365)),
        activity(at=day(-366), direction="inbound"),
    )

    assert (said["inbound_share_90d"], said["inbound_share_365d"]) == (0.5, 0.25)
    assert said_of(activity(at=day(-5), direction="mutual"))["inbound_share_365d"] is None
