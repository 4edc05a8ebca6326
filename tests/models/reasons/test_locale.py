from datetime import date

import pytest

from models.reasons import locale_of
from models.reasons.locale import INTERNATIONAL

DAY = date(2026, 3, 9)


def told(tag: str) -> tuple[str, str, str, str]:
    """A number, a share, an amount in euro and a day, with plain spaces."""
    locale = locale_of(tag)
    written = (
        locale.number(-1234.5, ",.1f"),
        locale.number(0.256, ".0%"),
        locale.money(86_400, ",.0f", "EUR"),
        locale.day(DAY),
    )
    return tuple(text.replace("\xa0", " ").replace("\u202f", " ") for text in written)


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("en-US", ("-1,234.5", "26%", "€86,400", "Mar 9, 2026")),
        ("en-GB", ("-1,234.5", "26%", "€86,400", "9 Mar 2026")),
        ("de-DE", ("-1.234,5", "26 %", "86.400 €", "09.03.2026")),
        ("de-CH", ("-1’234.5", "26%", "€86’400", "09.03.2026")),
        ("fr-FR", ("-1 234,5", "26 %", "86 400 €", "09/03/2026")),
        ("es-ES", ("-1.234,5", "26 %", "86.400 €", "09/03/2026")),
        ("nl-NL", ("-1.234,5", "26%", "€86.400", "09-03-2026")),
        ("sv-SE", ("-1 234,5", "26 %", "86 400 €", "2026-03-09")),
        ("ja-JP", ("-1,234.5", "26%", "€86,400", "2026/03/09")),
    ],
)
def test_each_place_has_its_own_signs_and_order(tag: str, written: tuple[str, ...]):
    assert told(tag) == written


def test_a_place_is_written_as_its_language_and_an_unknown_one_the_international_way():
    assert locale_of("de-LU") == locale_of("de")
    assert locale_of("en-AU") == locale_of("en-GB")
    assert locale_of("tl-PH") == INTERNATIONAL
    assert told("tl-PH") == ("-1 234.5", "26%", "€86 400", "2026-03-09")


def test_money_without_a_currency_is_a_bare_number():
    assert locale_of("en-US").money(1200.0, ",.0f", "") == "1,200"


def test_a_sum_below_zero_has_its_minus_first_and_one_that_reads_zero_has_none():
    american = locale_of("en-US")

    assert american.money(-1200.0, ",.0f", "USD") == "-$1,200"
    assert american.money(-0.2, ",.0f", "USD") == "$0"
    assert american.number(-0.2, ",.0f") == "0"
