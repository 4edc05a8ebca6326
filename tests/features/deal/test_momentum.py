from features.deal.momentum import momentum
from tests.factories import account, activity, book, change, day, deal
from tests.features.views import deal_row


def said_of(**tables: list[dict[str, object]]) -> dict[str, float | None]:
    return deal_row(momentum, book(accounts=[account()], opportunities=[deal()], **tables))


def test_pushes_are_counted_summed_and_checked_against_the_quarter() -> None:
    said = said_of(
        opportunity_changes=[
            change("close_date", "2026-01-10", "2026-01-20", at=day(-40)),
            change("close_date", "2026-01-20", "2026-04-20", at=day(-30)),
            change("close_date", "2026-04-20", "2026-04-10", at=day(-20)),
        ]
    )

    assert (said["pushes"], said["pull_ins"]) == (2.0, 1.0)
    assert said["days_pushed"] == 100.0
    assert said["pushes_across_quarter"] == 1.0


def test_what_passed_between_both_sides_is_that_of_this_deal() -> None:
    said = said_of(
        activities=[
            activity(at=day(-50), opportunity_id="deal-1", answered=True),
            activity(at=day(-20), opportunity_id="deal-1"),
            activity(at=day(-10), opportunity_id="other", direction="inbound"),
        ]
    )

    assert (said["touches_30d"], said["replies_30d"]) == (1.0, 0.0)
    assert said["reply_rate_90d"] == 0.5
    assert (said["silence_days"], said["one_way_touches"]) == (50.0, 1.0)


def test_where_no_activity_names_a_deal_the_accounts_count() -> None:
    said = said_of(activities=[activity(at=day(-10), direction="inbound")])

    assert (said["replies_30d"], said["silence_days"]) == (1.0, 10.0)


def test_a_customer_who_never_took_part_is_silent_since_the_start() -> None:
    said = said_of(activities=[activity(at=day(-10), opportunity_id="deal-1")])

    assert said["silence_days"] == 90.0
