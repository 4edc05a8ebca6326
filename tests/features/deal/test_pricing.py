import pytest

from features.catalogue import switched_off
from features.deal.pricing import pricing
from tests.factories import account, activity, book, change, closed, day, deal, quote
from tests.features.views import deal_row

ELSEWHERE = change("amount", "1", "2", at=day(-900), opportunity_id="elsewhere")


def said_of(
    *changes: dict[str, object], **tables: list[dict[str, object]]
) -> dict[str, float | None]:
    won = closed("won", "won", at=day(-100), amount=500.0)
    of = book(
        accounts=[account()],
        opportunities=[deal(amount=1_000.0), won],
        opportunity_changes=[ELSEWHERE, *changes],
        **tables,
    )
    return deal_row(pricing, of)


def test_the_amount_is_measured_by_what_was_won_and_by_its_own_start() -> None:
    said = said_of(
        change("amount", "800.0", "900.0", at=day(-9)),
        change("amount", "900.0", "1000.0", at=day(-5)),
    )

    assert said["amount_to_won"] == 2.0
    assert said["amount_trend"] == pytest.approx(0.25)
    assert said["amount_changes"] == 2.0
    assert said["log_amount"] == pytest.approx(3.0004, abs=1e-3)


def test_the_discount_is_that_of_the_newest_quote() -> None:
    said = said_of(quotes=[quote(9_500.0, at=day(-30)), quote(8_000.0, at=day(-9))])

    assert said["discount_depth"] == pytest.approx(0.2)
    assert said["is_priced"] == 1.0


def test_a_proposal_puts_the_price_on_the_table_too() -> None:
    proposal = activity(at=day(-3), kind="proposal", opportunity_id="deal-1")

    assert said_of()["is_priced"] == 0.0
    assert said_of(activities=[proposal])["is_priced"] == 1.0
    assert said_of()["discount_depth"] is None


def test_without_activities_nobody_knows_whether_a_proposal_was_made() -> None:
    rows = {"accounts": [account()], "quotes": [quote(at=day(-9))]}
    spoken = [activity(at=day(-3))]

    assert switched_off("deal", book(**rows))["is_priced"] == ("activities",)
    assert "is_priced" not in switched_off("deal", book(**rows, activities=spoken))
