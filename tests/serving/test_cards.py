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


def test_a_slow_buyer_is_named_beside_the_deal() -> None:
    page = page_of([account("a")], [deal("d", "a", slip_risk=0.9, flags=["slow_buyer"])])

    assert page.columns[0].cards[0].deals[0].name.endswith("(slow buyer: nurture)")


def test_a_zombie_is_named_beside_the_deal_and_not_to_be_nurtured() -> None:
    flags = ["slow_buyer", "zombie"]
    page = page_of([account("a")], [deal("d", "a", slip_risk=0.9, flags=flags)])

    name = page.columns[0].cards[0].deals[0].name

    assert name.endswith("(zombie: far older than deals that are won)")
    assert "nurture" not in name


@pytest.mark.parametrize(
    ("bucket", "words"),
    [
        ("a_list", "Of 120 past periods most like this one, 47 grew, 80 brought a win."),
        (
            "pain",
            "Of 120 past periods most like this one, 33 were hard to serve, 80 brought a win.",
        ),
        ("walk_away", "Of 120 past periods most like this one, 80 brought a win."),
        ("steady", "Of 120 past periods most like this one, 80 brought a win, 47 grew."),
    ],
)
def test_a_card_tells_what_became_of_periods_like_it(bucket: str, words: str) -> None:
    counts = {"similar_accounts": 120, "similar_won": 80, "similar_grew": 47, "similar_hard": 33}

    page = page_of([account("a", bucket, **counts)])

    assert words in text_of(page)


def test_a_card_without_similar_periods_says_nothing_of_them() -> None:
    assert "past periods" not in text_of(page_of([account("a")]))
