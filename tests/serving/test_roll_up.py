from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.roll_up import AtRisk, at_risk, promised_within
from serving.rows import DealRow
from tests.serving.made_book import QUARTER_END, TODAY, account, deal, page_of, served, text_of

(DEAL,) = served([account("a")], [deal("d", "a")]).snapshot.deals_of("a")

rows = st.builds(
    lambda amount, risk, currency: replace(DEAL, amount=amount, slip_risk=risk, currency=currency),
    st.none() | st.floats(0, 1e9),
    st.none() | st.floats(0, 1),
    st.sampled_from(["USD", "EUR"]),
)


def row(amount: float | None, risk: float | None, currency: str = "USD") -> DealRow:
    return replace(DEAL, amount=amount, slip_risk=risk, currency=currency)


def test_an_amount_is_at_risk_as_far_as_its_deal_is_not_won_by_its_day() -> None:
    found = at_risk([row(100.0, 0.25), row(300.0, 0.5), row(50.0, 1.0)], currency="USD")

    assert found == AtRisk(225.0, 450.0, without_amount=0, without_risk=0)
    assert found.share == 0.5


def test_what_is_not_known_is_counted_and_in_no_sum() -> None:
    deals = [row(100.0, 0.5), row(None, 0.9), row(None, None), row(700.0, None)]

    assert at_risk(deals, currency="USD") == AtRisk(50.0, 100.0, without_amount=2, without_risk=1)


def test_another_currency_is_not_added_as_if_it_were_this_one() -> None:
    deals = [row(100.0, 0.5), row(9_000.0, 0.9, "JPY")]

    assert at_risk(deals, currency="USD") == AtRisk(50.0, 100.0, without_amount=1, without_risk=0)


@pytest.mark.parametrize("deals", [[], [row(None, 0.5)], [row(100.0, None)]])
def test_where_no_deal_has_both_nothing_is_said(deals: list[DealRow]) -> None:
    found = at_risk(deals, currency="USD")

    assert (found.amount, found.promised, found.share) == (None, None, None)


def test_of_nothing_there_is_no_share() -> None:
    assert at_risk([row(0.0, 0.5)], currency="USD").share is None


@given(st.lists(rows, max_size=8))
def test_every_deal_is_in_the_sums_or_counted_and_no_more_than_all_is_at_risk(
    deals: list[DealRow],
) -> None:
    found = at_risk(deals, currency="USD")

    summed = len(deals) - found.without_amount - found.without_risk
    assert (found.amount is None) is (summed == 0)
    assert found.amount is None or 0.0 <= found.amount <= (found.promised or 0.0) * (1 + 1e-12)
    assert found.share is None or 0.0 <= found.share <= 1.0


def test_a_book_is_at_risk_as_its_accounts_together() -> None:
    first, second = [row(100.0, 0.5), row(None, 0.5)], [row(300.0, 0.25)]

    parts = [at_risk(deals, currency="USD") for deals in (first, second)]
    whole = at_risk([*first, *second], currency="USD")

    assert whole.amount == sum(part.amount or 0.0 for part in parts)
    assert whole.promised == sum(part.promised or 0.0 for part in parts)
    assert whole.without_amount == 1


def test_a_quarter_holds_what_is_promised_within_it_also_where_the_day_has_passed() -> None:
    past = replace(DEAL, opportunity_id="past", committed_on=date(2026, 10, 2))
    ahead = replace(DEAL, opportunity_id="ahead", committed_on=TODAY)
    later = replace(DEAL, opportunity_id="later", period_end=date(2027, 3, 31))
    unpromised = replace(DEAL, opportunity_id="unpromised", committed_on=None)

    found = promised_within([past, ahead, later, unpromised], QUARTER_END)

    assert [one.opportunity_id for one in found] == ["past", "ahead"]


def test_a_card_says_what_is_at_risk_and_of_how_many_deals_it_cannot_speak() -> None:
    deals = [
        deal("d1", "a", amount=60_000.0, slip_risk=0.5),
        deal("d2", "a", amount=20_000.0, slip_risk=0.75),
        deal("d3", "a", amount=None),
        deal("d4", "a", amount=5_000.0, slip_risk=None),
    ]

    page = page_of([account("a"), account("b")], deals)

    words = "$45k of $80k at risk, 1 without an amount in USD, 1 without a forecast"
    first, second = page.columns[0].cards
    assert first.at_risk == words
    assert second.at_risk is None
    assert f"4 open deals of A : {words}" in text_of(page)


def test_a_card_of_deals_without_amounts_counts_them() -> None:
    page = page_of([account("a")], [deal("d1", "a", amount=None), deal("d2", "a", amount=None)])

    assert page.columns[0].cards[0].at_risk == "2 without an amount in USD"
