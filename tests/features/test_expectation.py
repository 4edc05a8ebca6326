"""How sure a precision can be, before anything is trained."""

from features.checks import expected_precision
from tests.factories import account, book, closed, day, deal


def test_a_fifth_of_the_accounts_is_chosen_and_closed_deals_count() -> None:
    of = book(
        accounts=[account(f"a{n}") for n in range(50)],
        opportunities=[
            closed("d1", "won", at=day(-9), account_id="a1"),
            closed("d2", "lost", at=day(-8), account_id="a1"),
            deal("d3", account_id="a1"),
        ],
    )

    accounts, deals = expected_precision(of)

    assert (accounts.entities, accounts.chosen) == (50, 10)
    assert accounts.low < 0.3
    assert accounts.high > 0.7
    assert deals.entities == 2


def test_the_interval_shrinks_with_the_accounts() -> None:
    few, many = (
        expected_precision(book(accounts=[account(f"a{n}") for n in range(count)]))[0]
        for count in (50, 2000)
    )

    assert many.high - many.low < (few.high - few.low) / 4


def test_without_accounts_nothing_can_be_told() -> None:
    accounts, _ = expected_precision(book())

    assert "cannot be told" in str(accounts)
