import pytest

from features.deal.customer import customer
from tests.factories import Row, account, book, change, closed, day, deal
from tests.features.views import deal_row

ELSEWHERE = change("amount", "1", "2", at=day(-900), opportunity_id="elsewhere")


def said_of(*deals: Row, changes: tuple[Row, ...] = ()) -> dict[str, float | None]:
    of = book(
        accounts=[account(), account("birch")],
        opportunities=[deal(), *deals],
        opportunity_changes=[ELSEWHERE, *changes],
    )
    return deal_row(customer, of)


def test_other_deals_of_the_customer_are_open_won_or_lost_as_known() -> None:
    said = said_of(
        deal("open"),
        deal("unknown", recorded_at=day(0)),
        deal("far", account_id="birch"),
        closed("won", "won", at=day(-10)),
        closed("lost", "lost", at=day(-20)),
        closed("today", "won", at=day(0)),
    )

    assert said["parallel_deals"] == 2.0
    assert (said["customer_deals_won"], said["customer_deals_lost"]) == (1.0, 1.0)
    assert said["days_since_customer_win"] == 10.0


def test_amount_and_age_are_measured_by_what_was_won_here() -> None:
    said = said_of(
        closed("first", "won", at=day(-50), amount=90_000.0, created_at=day(-150)),
        closed("b", "won", at=day(-20), amount=4_000.0, created_at=day(-40)),
        closed("a", "won", at=day(-20), amount=7_000.0, created_at=day(-80)),
        closed("lost", "lost", at=day(-10), amount=1.0, created_at=day(-11)),
        changes=(change("amount", "5000.0", "4000.0", at=day(0), opportunity_id="b"),),
    )

    assert said["amount_to_last_won"] == 2.0
    assert said["age_to_customer_cycle"] == pytest.approx(90 / 60)


def test_a_customer_who_never_bought_has_no_cycle() -> None:
    said = said_of(closed("lost", "lost", at=day(-10)))

    assert said["customer_deals_won"] == said["parallel_deals"] == 0.0
    assert said["days_since_customer_win"] is said["amount_to_last_won"] is None
    assert said["age_to_customer_cycle"] is None
