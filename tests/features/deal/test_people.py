from features.deal.people import people
from tests.factories import account, activity, book, day, deal, deal_contact
from tests.features.views import deal_row


def test_people_count_once_on_each_side() -> None:
    rows = [
        activity(at=day(-5), answered=True, contact_id="c1", rep_id="rep-1"),
        activity(at=day(-6), answered=True, contact_id="c1", rep_id="rep-2"),
        activity(at=day(-7), contact_id="c2", rep_id="rep-2"),
        activity(at=day(-91), answered=True, contact_id="c3", rep_id="rep-3"),
    ]
    own = [{**row, "opportunity_id": "deal-1"} for row in rows]
    of = book(accounts=[account()], opportunities=[deal()], activities=own)

    said = deal_row(people, of)

    assert (said["contacts_active_90d"], said["reps_active_90d"]) == (1.0, 2.0)


def test_people_are_on_the_deal_from_the_day_they_were_put_there() -> None:
    rows = [deal_contact("c1", at=day(-9)), deal_contact("c2", at=day(0))]
    of = book(accounts=[account()], opportunities=[deal()], opportunity_contacts=rows)

    assert deal_row(people, of)["contacts_on_deal"] == 1.0
