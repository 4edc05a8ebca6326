from features.account.service import service
from tests.factories import account, book, day, ticket
from tests.features.views import account_row


def test_tickets_escalations_and_marks_are_counted_when_they_were_known() -> None:
    rows = [
        ticket(at=day(-10), closed_at=day(-5), csat=2.0),
        ticket(at=day(-90), closed_at=day(0), csat=5.0, escalated_at=day(-80)),
        ticket(at=day(-400), closed_at=day(-390), csat=1.0, escalated_at=day(-366)),
        ticket(at=day(-91), closed_at=day(-85), csat=4.0, escalated_at=day(0)),
    ]

    said = account_row(service, book(accounts=[account()], tickets=rows))

    assert (said["tickets_90d"], said["tickets_91_365d"]) == (2.0, 1.0)
    assert said["open_tickets"] == 1.0
    assert said["escalations_365d"] == 1.0
    assert said["csat_365d"] == 3.0


def test_an_account_without_tickets_is_quiet_and_unrated() -> None:
    of = book(accounts=[account()], tickets=[ticket(at=day(-3), account_id="birch")])

    said = account_row(service, of)

    assert (said["tickets_90d"], said["csat_365d"]) == (0.0, None)
