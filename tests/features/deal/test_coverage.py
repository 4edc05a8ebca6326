from datetime import timedelta

import pytest

from features.deal.coverage import coverage
from tests.factories import (
    Row,
    account,
    account_change,
    activity,
    book,
    closed,
    contact,
    day,
    deal,
    deal_contact,
)
from tests.features.views import deal_row

TICK = timedelta(microseconds=1)


def heard(person: str | None, days: float, **cells: object) -> Row:
    own = {"opportunity_id": "deal-1", "contact_id": person, "direction": "inbound"}
    return activity(at=day(days), **{**own, **cells})


def said_of(**tables: list[Row]) -> dict[str, float | None]:
    rows: dict[str, list[Row]] = {"accounts": [account()], "opportunities": [deal()]}
    return deal_row(coverage, book(**{**rows, **tables}))


def test_people_who_share_the_talk_evenly_are_more_than_one_who_talks_alone() -> None:
    lone = [heard("c1", -2), heard("c1", -3), heard("c1", -4), heard("c2", -365)]
    old = [heard("c3", -365.1), heard(None, -5), heard("c4", -5, automated=True)]

    said = said_of(activities=[*lone, *old])

    assert said["contacts_effective_365d"] == pytest.approx(16 / 10)
    assert said["contacts_took_part"] == 3.0
    assert said_of(activities=old)["contacts_effective_365d"] is None


def test_taking_part_needs_an_answer() -> None:
    asked = heard("c1", -3, direction="outbound")
    answered = heard("c2", -3, direction="outbound", answered=True)

    assert said_of(activities=[asked, answered])["contacts_took_part"] == 1.0


def test_the_share_heard_is_of_the_people_put_on_the_deal() -> None:
    said = said_of(
        activities=[heard("c1", -90), heard("c2", -90.1), heard("c9", -1)],
        opportunity_contacts=[deal_contact(f"c{n}", at=day(-100 + n)) for n in (1, 2, 3, 4)],
    )

    assert said["contacts_heard_share"] == 0.25


def test_newcomers_are_counted_and_dated() -> None:
    times = {"c1": day(-90), "c2": day(-90) - TICK, "c3": day(0)}
    rows = [deal_contact(person, at=at) for person, at in times.items()]

    said = said_of(opportunity_contacts=rows)

    assert (said["new_contacts_90d"], said["days_since_new_contact"]) == (1.0, 90.0)


def test_who_left_is_told_apart_by_the_day_of_leaving_and_what_they_did() -> None:
    said = said_of(
        activities=[heard(f"c{n}", days) for n in (1, 2, 4) for days in (-400, -390)]
        + [heard("c3", -400)],
        opportunity_contacts=[deal_contact(f"c{n}", at=day(-80)) for n in (1, 2, 3)],
        contacts=[
            contact("c1", left_at=day(-365)),
            contact("c2", left_at=day(0)),
            contact("c3", left_at=day(-9)),
            contact("c4", left_at=day(-366)),
        ],
    )

    assert (said["contacts_left"], said["champions_left_365d"]) == (2.0, 1.0)


def test_a_contact_of_another_account_is_not_known_to_have_left() -> None:
    elsewhere = contact("c1", account_id="birch", left_at=day(-9))

    said = said_of(
        accounts=[account(), account("birch")],
        opportunity_contacts=[deal_contact("c1", at=day(-80))],
        contacts=[elsewhere],
    )

    assert said["contacts_left"] == 0.0


def test_people_on_the_deal_are_measured_by_won_deals_of_the_segment() -> None:
    won = [closed(name, "won", at=day(-50)) for name in ("w1", "w2")]
    named = [
        deal_contact("c1", at=day(-70), opportunity_id="w1"),
        deal_contact("c2", at=day(-50), opportunity_id="w1"),
        deal_contact("c3", at=day(-50) + TICK, opportunity_id="w1"),
        deal_contact("c1", at=day(-70), opportunity_id="w2"),
        deal_contact("c1", at=day(-70)),
    ]
    history = [account_change("segment", "small", "large", at=day(-900))]

    said = said_of(
        accounts=[account(segment="large")],
        account_changes=history,
        opportunities=[deal(), *won],
        opportunity_contacts=named,
    )

    assert said["contacts_to_won"] == pytest.approx(1 / 1.5)


def test_nobody_at_all_is_zero_people_and_unknown_shares() -> None:
    said = said_of()

    assert said["contacts_took_part"] == said["contacts_left"] == 0.0
    assert said["contacts_heard_share"] is said["days_since_new_contact"] is None
    assert said["contacts_to_won"] is None
