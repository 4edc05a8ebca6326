"""Locale: how an organisation writes numbers, money and days; the words stay English."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_FIXED = "\u00a0"  # figure and unit stay on one line
_THIN = "\u202f"


@dataclass(frozen=True, slots=True)
class Locale:
    """What differs between places in a number and a day.

    Attributes:
        decimal: the decimal sign.
        group: what parts thousands.
        percent: what stands between a number and its per cent sign.
        is_sign_last: whether the sign of a currency follows the figure.
        day_form: a day, from `{day}`, `{month}`, `{name}` (of the month) and `{year}`.
    """

    decimal: str = "."
    group: str = ","
    percent: str = ""
    is_sign_last: bool = False
    day_form: str = "{day} {name} {year}"

    def number(self, value: float, spec: str) -> str:
        """The value by a Python format spec, in the signs of the place; never minus zero.

        >>> locale_of("de-DE").number(1234.5, ",.1f"), locale_of("de-DE").number(-0.04, ",.1f")
        ('1.234,5', '0,0')
        """
        text = format(value, spec)
        if not any(digit in text for digit in "123456789"):
            text = text.removeprefix("-")
        signs = {",": self.group, ".": self.decimal, "%": f"{self.percent}%"}
        return "".join(signs.get(sign, sign) for sign in text)

    def money(self, value: float, spec: str, currency: str) -> str:
        r"""The number with its currency; an unknown one by its code, none without a code.

        >>> locale_of("en-US").money(-86_400, ",.0f", "USD")
        '-$86,400'
        >>> locale_of("de-DE").money(86_400, ",.0f", "CHF").replace("\xa0", " ")
        '86.400 CHF'
        """
        figure = self.number(abs(value), spec)
        minus = "-" if value < 0 and figure != self.number(0.0, spec) else ""
        sign = _SIGNS.get(currency, currency)
        if not sign:
            return f"{minus}{figure}"
        if self.is_sign_last:
            return f"{minus}{figure}{_FIXED}{sign}"
        space = "" if currency in _SIGNS else _FIXED
        return f"{minus}{sign}{space}{figure}"

    def day(self, day: date) -> str:
        """Day, month and year in the order of the place.

        >>> [locale_of(tag).day(date(2026, 11, 2)) for tag in ("en-US", "en-GB", "de-DE", "sv-SE")]
        ['Nov 2, 2026', '2 Nov 2026', '02.11.2026', '2026-11-02']
        """
        is_named = "{name}" in self.day_form
        return self.day_form.format(
            day=day.day if is_named else f"{day.day:02}",
            month=f"{day.month:02}",
            name=_MONTHS[day.month - 1],
            year=day.year,
        )


AMERICAN = Locale(day_form="{name} {day}, {year}")
_BRITISH = Locale()
_DOTTED = "{day}.{month}.{year}"
_SLASHED = "{day}/{month}/{year}"
_ISO = "{year}-{month}-{day}"
_GERMAN = Locale(",", ".", _FIXED, is_sign_last=True, day_form=_DOTTED)
_NORDIC = Locale(",", _FIXED, _FIXED, is_sign_last=True, day_form=_DOTTED)
_SPANISH = Locale(",", ".", _FIXED, is_sign_last=True, day_form=_SLASHED)
INTERNATIONAL = Locale(".", _FIXED, "", day_form=_ISO)
"""Where no place is known: a point, thousands apart, the year first."""

# Source: Unicode CLDR 46, symbols, number and date patterns. A language stands for its places.
_PLACES: Mapping[str, Locale] = {
    "en": _BRITISH,
    "en-US": AMERICAN,
    "de": _GERMAN,
    "de-AT": Locale(",", _FIXED, _FIXED, is_sign_last=False, day_form=_DOTTED),
    "de-CH": Locale(".", "’", "", is_sign_last=False, day_form=_DOTTED),
    "fr": Locale(",", _THIN, _THIN, is_sign_last=True, day_form=_SLASHED),
    "es": _SPANISH,
    "es-MX": Locale(day_form=_SLASHED),
    "it": Locale(",", ".", "", is_sign_last=True, day_form=_SLASHED),
    "nl": Locale(",", ".", "", day_form="{day}-{month}-{year}"),
    "pt": Locale(",", _FIXED, "", is_sign_last=True, day_form=_SLASHED),
    "pt-BR": Locale(",", ".", "", day_form=_SLASHED),
    "sv": Locale(",", _FIXED, _FIXED, is_sign_last=True, day_form=_ISO),
    "da": _GERMAN,
    "nb": _NORDIC,
    "fi": _NORDIC,
    "cs": _NORDIC,
    "pl": Locale(",", _FIXED, "", is_sign_last=True, day_form=_DOTTED),
    "ja": Locale(day_form="{year}/{month}/{day}"),
}


def locale_of(tag: str) -> Locale:
    """The locale of a tag such as de-DE; of its language, else the international one.

    >>> locale_of("de-LU") == locale_of("de-DE"), locale_of("xx-YY") == INTERNATIONAL
    (True, True)
    """
    language, _, _ = tag.partition("-")
    return _PLACES.get(tag) or _PLACES.get(language, INTERNATIONAL)
