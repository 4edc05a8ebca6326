from datetime import timedelta

import pytest

from features.account.circle import circle
from tests.factories import Row, account, activity, book, contact, day
from tests.features.views import account_row

TICK = timedelta(microseconds=1)


def said_of(*rows: Row, contacts: list[Row] | None = None) -> dict[str, float | None]:
    of = book(accounts=[account()], activities=rows, contacts=contacts or [])
    return account_row(circle, of)


def spoke(person: str | None, *days: float, **cells: object) -> list[Row]:
    told = {"direction": "inbound", **cells}
    return [activity(at=day(-d), contact_id=person, **told) for d in days]


def touched(person: str | None, *days: float, **cells: object) -> list[Row]:
    return spoke(person, *days, **{"direction": "outbound", **cells})


def test_without_people_only_the_counts_are_told() -> None:
    for said in (said_of(), said_of(*spoke(None, 5), *spoke("ann", 5, automated=True))):
        told = {name: value for name, value in said.items() if value is not None}
        assert told == {"steady_people_12m": 0.0, "broad_months_12": 0.0}


def test_contact_spread_evenly_counts_everybody_and_unevenly_hardly_more_than_one() -> None:
    even = said_of(*spoke("ann", 5, 6), *spoke("bob", 7), *touched("bob", 8, answered=True))
    uneven = said_of(*spoke("ann", 5, 6, 7), *spoke("bob", 365, direction="mutual"))

    assert even["effective_contacts_365d"] == 2.0
    assert uneven["effective_contacts_365d"] == pytest.approx(1.6)


def test_spread_counts_the_parts_they_took_not_our_touches() -> None:
    rows = [*spoke("ann", 5), *touched("bob", 5, 6), activity(at=day(-365) - TICK, contact_id="c")]

    said = said_of(*rows)

    assert said["effective_contacts_365d"] == 1.0
    assert said_of(*touched("bob", 5))["effective_contacts_365d"] is None


def test_the_share_of_the_most_touched_person_is_of_touches_with_a_name() -> None:
    said = said_of(
        *touched("ann", 5, 6, 365),
        *touched("bob", 7),
        *touched(None, 8, 9),
        *spoke("cat", 1, 2, 3, 4),
        activity(at=day(-365) - TICK, contact_id="bob"),
    )

    assert said["top_contact_share_365d"] == 0.75
    assert said_of(*spoke("cat", 1))["top_contact_share_365d"] is None


def test_people_answer_when_they_took_part_at_all() -> None:
    said = said_of(
        *touched("ann", 5),
        *spoke("ann", 300),
        *touched("bob", 6, answered=True),
        *touched("cat", 7),
        *touched("dan", 8),
        *spoke("eve", 9),
    )

    assert said["answering_people_share_365d"] == 0.5


def test_a_fan_is_in_touch_in_three_months_of_twelve() -> None:
    said = said_of(
        *spoke("ann", 1, 40, 360),
        *spoke("bob", 1, 30, 31),  # two months
        *spoke("cat", 1, 40, 360.001),  # the third is too old
        *touched("dan", 1, 40, 70, 100),  # never answers
        *spoke("eve", 10, 100, 200, 300, direction="mutual"),
    )

    assert said["steady_people_12m"] == 2.0


def test_a_broad_month_has_two_people() -> None:
    said = said_of(
        *spoke("ann", 1, 2),
        *spoke("bob", 30),  # with ann in month 0
        *spoke("ann", 31, 70),
        *touched("bob", 32),  # did not take part
        *spoke("bob", 60.5),  # with ann in month 2
        *spoke("ann", 360),
        *spoke("bob", 360),  # month 11
        *spoke("ann", 361),
        *spoke("bob", 361),  # too old
    )

    assert said["broad_months_12"] == 3.0


def test_the_champion_is_who_took_part_most_before_the_last_quarter() -> None:
    said = said_of(
        *spoke("ann", 100, 200, 365),
        *spoke("bob", 1, 2, 3, 4, 5, 90, 300),
        *touched("ann", 20),
    )

    assert said["champion_silence_days"] == 100.0


def test_a_champion_who_is_still_heard_from_is_silent_since_then() -> None:
    said = said_of(*spoke("ann", 12, 100, 200), *spoke("bob", 3, 110))

    assert said["champion_silence_days"] == 12.0


def test_of_two_champions_the_one_heard_from_last_counts() -> None:
    said = said_of(*spoke("ann", 100, 200), *spoke("bob", 40, 110, 120))

    assert said["champion_silence_days"] == 40.0


@pytest.mark.parametrize(
    ("at", "days"), [(day(-90), None), (day(-90) - TICK, 90.0), (day(-365) - TICK, None)]
)
def test_a_champion_spoke_more_than_ninety_days_ago(at: object, days: float | None) -> None:
    said = said_of(activity(at=at, direction="inbound", contact_id="ann"))

    assert said["champion_silence_days"] == days


@pytest.mark.parametrize(
    ("person", "flag"),
    [
        ({"left_at": day(-10)}, 1.0),
        ({"left_at": day(0)}, 0.0),
        ({}, 0.0),
        ({"left_at": day(-10), "recorded_at": day(0)}, 0.0),
        ({"left_at": day(-10), "account_id": "birch"}, 0.0),
        ({"left_at": day(-10), "created_at": None}, 0.0),
    ],
)
def test_a_champion_has_left_when_that_is_known(person: Row, flag: float) -> None:
    said = said_of(*spoke("ann", 100), contacts=[contact("ann", **person)])

    assert said["champion_left"] == flag


def test_one_of_two_champions_who_stays_is_enough() -> None:
    rows = [*spoke("ann", 100), *spoke("bob", 100), *spoke("cat", 3)]
    gone = [contact("ann", left_at=day(-5)), contact("cat", left_at=day(-5))]

    one = said_of(*rows, contacts=gone)
    both = said_of(*rows, contacts=[*gone, contact("bob", left_at=day(-4))])

    assert (one["champion_left"], both["champion_left"]) == (0.0, 1.0)
