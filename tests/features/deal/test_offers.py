import pytest

from features.deal.offers import offers
from tests.factories import Row, account, book, change, closed, day, deal, quote
from tests.features.views import deal_row

ELSEWHERE = change("amount", "1", "2", at=day(-900), opportunity_id="elsewhere")


def said_of(*quotes: Row, age: float = 90, **tables: list[Row]) -> dict[str, float | None]:
    """A deal of 10,000 so many days old; a deal of its type was won after 60 days."""
    others = [closed("won", "won", at=day(-100)), deal("other"), deal("far", account_id="birch")]
    of = book(
        accounts=[account(), account("birch")],
        opportunities=[deal(at=day(-age)), *others],
        quotes=quotes,
        **{"opportunity_changes": [ELSEWHERE], **tables},
    )
    return deal_row(offers, of)


def test_quotes_are_counted_dated_and_their_discount_followed() -> None:
    said = said_of(
        quote(9_500.0, at=day(-30)),
        quote(7_000.0, at=day(-9), list_amount=None),
        quote(8_000.0, at=day(-20)),
        quote(1_000.0, at=day(0)),
        quote(1_000.0, at=day(-2), recorded_at=day(0)),
    )

    assert (said["quotes_made"], said["days_since_quote"]) == (3.0, 9.0)
    assert said["discount_change"] == pytest.approx(0.15)
    assert said["quote_to_amount"] == pytest.approx(0.7)


def test_quotes_of_one_moment_follow_their_ids() -> None:
    rows = [quote(9_000.0, at=day(-9), quote_id="a"), quote(8_000.0, at=day(-9), quote_id="b")]

    assert said_of(*rows)["discount_change"] == pytest.approx(0.1)
    assert said_of(*rows[::-1])["discount_change"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("age", "quoted", "expected"),
    [(90, -70, 1.0), (90, -69.9, 0.0), (90, None, 0.0), (20, None, None), (20.5, None, 0.0)],
)
def test_a_price_is_early_in_the_first_third_of_the_usual_way(
    age: float, quoted: float | None, expected: float | None
) -> None:
    rows = [] if quoted is None else [quote(at=day(quoted))]

    assert said_of(*rows, age=age)["is_quoted_early"] == expected


def test_the_first_quote_is_measured_by_the_usual_way_to_a_win() -> None:
    assert said_of(quote(at=day(-60)), quote(at=day(-9)))["first_quote_to_cycle"] == 0.5
    assert said_of(quote(at=day(-99)))["first_quote_to_cycle"] == 0.0


def test_the_discount_and_the_terms_are_set_beside_the_customers_other_quotes() -> None:
    own = [
        quote(8_000.0, at=day(-9), billing_terms="monthly"),
        quote(5_000.0, at=day(-8), list_amount=0.0),
    ]
    others = [
        quote(9_000.0, at=day(-50), opportunity_id="won", billing_terms="yearly"),
        quote(9_600.0, at=day(-50), opportunity_id="other"),
        quote(5_000.0, at=day(-50), opportunity_id="far", billing_terms="monthly"),
    ]
    same = quote(at=day(-70), opportunity_id="other", billing_terms="monthly", amount=None)

    said = said_of(*own, *others)

    assert said["discount_to_account"] == pytest.approx(0.2 - 0.07)
    assert said["is_billing_new"] == 1.0
    assert said_of(*own, *others, same)["is_billing_new"] == 0.0


def test_without_other_quotes_of_the_customer_nothing_can_be_compared() -> None:
    alone = said_of(quote(at=day(-9), billing_terms="monthly"))
    foreign = said_of(quote(at=day(-9), opportunity_id="other", billing_terms="monthly"))

    assert (alone["discount_to_account"], alone["is_billing_new"]) == (None, None)
    assert (foreign["discount_to_account"], foreign["is_billing_new"]) == (None, None)
    assert (foreign["quotes_made"], foreign["days_since_quote"]) == (0.0, None)


def test_raises_and_cuts_of_the_amount_are_told_apart() -> None:
    rows = [("9000.0", "10000.0"), ("10000.0", "9000.0"), ("9000.0", "8000.0"), (None, "1.0")]
    changes = [
        change("amount", old, new, at=day(-30 + number)) for number, (old, new) in enumerate(rows)
    ]

    said = said_of(opportunity_changes=[ELSEWHERE, *changes])

    assert (said["amount_raises"], said["amount_cuts"]) == (1.0, 2.0)
