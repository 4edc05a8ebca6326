import pytest

from features.feature import Feature
from models.reasons import Manner, locale_of
from models.reasons.sentence import sentence

GERMAN = Manner(locale_of("de-DE"), "EUR")


def feature(told: str, **changed: object) -> Feature:
    fields = {
        "name": "any",
        "meaning": "Any.",
        "unit": "count",
        "concept": "value",
        "needs": (),
        "null_means": "not recorded",
        "sentence": told,
    }
    return Feature(**(fields | changed))  # type: ignore[arg-type]


def test_numbers_are_written_as_the_place_writes_them():
    ratio = feature("{value} times; similar accounts {peer}", number_format=",.1f")

    assert sentence(ratio, 1234.5, 0.25, Manner()) == "1,234.5 times; similar accounts 0.2"
    assert sentence(ratio, 1234.5, 0.25, GERMAN) == "1.234,5 times; similar accounts 0,2"


def test_money_is_told_in_its_currency():
    amount = feature("{value} is overdue; similar accounts {peer}", unit="money")

    american = sentence(amount, 86_400.0, 12.0, Manner(currency="USD"))
    german = sentence(amount, 86_400.0, 12.0, GERMAN).replace("\xa0", " ")

    assert american == "$86,400 is overdue; similar accounts $12"
    assert german == "86.400 € is overdue; similar accounts 12 €"


def test_a_count_is_not_money():
    assert sentence(feature("{value} touches"), 3.0, None, GERMAN) == "3 touches"


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("{value} replies in 30 days", "1 reply in 30 days"),
        ("{value} open tickets", "1 open ticket"),
        ("{value} next steps are overdue", "1 next step is overdue"),
        ("last met {value} days ago", "last met 1 day ago"),
        ("active in {value} of the last 8 weeks", "active in 1 of the last 8 weeks"),
        ("{value} of us worked on it in 90 days", "1 of us worked on it in 90 days"),
    ],
)
def test_one_of_something_is_said_as_one(told: str, text: str):
    assert sentence(feature(told), 1.0, None, Manner()) == text


@pytest.mark.parametrize(("value", "number"), [(21.0, "21"), (0.0, "0"), (1001.0, "1,001")])
def test_other_numbers_that_end_in_one_stay_many(value: float, number: str):
    assert sentence(feature("{value} replies"), value, None, Manner()) == f"{number} replies"


def test_one_and_a_half_is_more_than_one():
    hours = feature("{value} hours of meetings", number_format=",.1f")

    assert sentence(hours, 1.0, None, Manner()) == "1.0 hours of meetings"


def test_a_norm_below_zero_is_left_out_where_such_values_have_words_of_their_own():
    late = feature(
        "{value} days later; similar accounts {peer}",
        sentence_below_zero="{value} days earlier; similar accounts {peer} later",
    )

    assert sentence(late, 3.0, -2.0, Manner()) == "3 days later"
    assert sentence(late, -3.0, -2.0, Manner()) == "3 days earlier"
    assert sentence(late, -3.0, 2.0, Manner()) == "3 days earlier; similar accounts 2 later"
    plain = feature("changed by {value}; similar accounts {peer}", number_format="+.0%")
    assert sentence(plain, 0.5, -0.2, Manner()) == "changed by +50%; similar accounts -20%"
