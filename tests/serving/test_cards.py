from datetime import timedelta

import pytest

from tests.serving.made_book import TODAY, account, deal, html, page_of, reason, text_of


def test_a_sign_says_whether_the_reason_speaks_for_the_displayed_bucket() -> None:
    effects = ["toward_pain", "away_from_pain"]
    page = page_of(
        [
            account("a", "pain", reasons=[reason("x", effect) for effect in effects]),
            account("b", "steady", reasons=[reason("y", "toward_a_list")] * 2),
            account("c", "steady", reasons=[reason("y", "away_from_a_list")] * 2),
        ]
    )

    signs = [[line.sign for line in card.reasons] for card in page.steady.cards]

    assert [line.sign for line in page.columns[1].cards[0].reasons] == ["+", "−"]
    assert signs == [["−", "−"], ["+", "+"]]


@pytest.mark.parametrize(("count", "has_driver"), [(0, False), (1, False), (2, True), (5, True)])
def test_fewer_than_two_reasons_are_no_clear_driver(count: int, *, has_driver: bool) -> None:
    page = page_of([account("a", reasons=[reason("some fact")] * count)])

    card = page.columns[0].cards[0]

    assert card.has_driver is has_driver
    assert len(card.reasons) == min(count, 2)
    assert ("No clear driver" in text_of(page)) is not has_driver


def test_the_deals_of_colleagues_leave_no_trace() -> None:
    slips = {"open_deals": 2, "slip_risk_max": 0.9, "slip_on": TODAY}
    book = [account("a", **slips), account("b", **slips)]
    mine = deal("mine", "a", slip_risk=0.2)
    foreign = [
        deal(f"hidden-{place}", place, slip_risk=0.9, committed_on=TODAY, owner_rep_id="omar")
        for place in "ab"
    ]

    page = page_of(book, [mine, *foreign])

    first, second = page.columns[0].cards
    assert (first.slip.risk, first.slip.day) == ("20\u00a0%", "31\u00a0Dec")
    assert second.slip.day == "no open deal"
    assert html(page=page, csrf="") == html(page=page_of(book, [mine]), csrf="")


def test_a_promise_that_has_passed_is_late_and_not_a_forecast() -> None:
    past = TODAY - timedelta(days=11)
    page = page_of(
        [account("a")],
        [deal("d", "a", slip_risk=1.0, committed_on=past, flags=["past_commitment"])],
    )

    card = page.columns[0].cards[0]

    assert (card.slip.risk, card.slip.day) == ("late", "since 20\u00a0Nov")
    assert card.deals[0].slip == "date passed"
