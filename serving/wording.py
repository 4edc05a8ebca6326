"""Wording: money, probabilities, dates and the CRM's codes as a reader would say them."""

import math
from datetime import date, datetime, timedelta

from serving.rows import Bucket, Confidence, Subtype, Trend

BUCKET_NAMES: dict[Bucket, str] = {
    "a_list": "A-list",
    "pain": "Pain",
    "walk_away": "Walk-away",
    "steady": "Steady",
}
CONFIDENCE_NAMES: dict[Confidence, str] = {
    "firm": "Firm",
    "leaning": "Leaning",
    "review": "Needs review",
}
SUBTYPE_WORDS: dict[Subtype, str] = {
    "wont_close": "won’t close this quarter",
    "strings_along": "strings you along",
    "lost": "likely to be lost",
    "self_renewer": "renews by itself",
}
TREND_WORDS: dict[Trend, str] = {"rising": "rising", "level": "level", "falling": "falling"}

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_STEPS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_FIXED = "\u00a0"  # figure and unit stay on one line


def money(amount: float, currency: str) -> str:
    r"""An amount in its short form; a code without a sign of its own stands before the figure.

    >>> [money(amount, "USD") for amount in (86_400, 1_260_000, 950, 0, -3_200, 999_700)]
    ['$86k', '$1.3m', '$950', '$0', '−$3.2k', '$1m']
    >>> money(86_400, "CHF")
    'CHF\xa086k'
    """
    sign = _SIGNS.get(currency, f"{currency}{_FIXED}")
    figure, unit = _scaled(abs(amount))
    minus = "−" if amount < 0 and figure != "0" else ""
    return f"{minus}{sign}{figure}{unit}"


def chance(p: float) -> str:
    r"""A forecast in whole per cent, which is never certain either way.

    >>> [chance(p).replace("\xa0", " ") for p in (0.184, 0.0, 0.009, 0.995, 1.0, 0.5)]
    ['18 %', 'under 1 %', 'under 1 %', 'over 99 %', 'over 99 %', '50 %']

    Raises:
        ValueError: when p is no probability.
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"expected a probability in [0, 1], got {p}")
    if p < 0.01:
        return f"under 1{_FIXED}%"
    if p > 0.99:
        return f"over 99{_FIXED}%"
    return f"{round(100 * p)}{_FIXED}%"


def short_day(day: date, *, beside: date | None = None) -> str:
    r"""Day and month; with the year where it is not the year of `beside`.

    >>> short_day(date(2026, 12, 31)), short_day(date(2027, 1, 15), beside=date(2026, 12, 1))
    ('31\xa0Dec', '15\xa0Jan\xa02027')
    """
    text = f"{day.day}{_FIXED}{_MONTHS[day.month - 1]}"
    return text if beside is None or beside.year == day.year else f"{text}{_FIXED}{day.year}"


def long_day(day: date) -> str:
    r"""Day, month in full and year.

    >>> long_day(date(2026, 12, 1)).replace("\xa0", " ")
    '1 December 2026'
    """
    return f"{day.day}{_FIXED}{_MONTH_NAMES[day.month - 1]}{_FIXED}{day.year}"


def moment(at: datetime) -> str:
    r"""Day and time of day of a moment that is already in the reader's zone.

    >>> moment(datetime(2026, 12, 1, 2, 10)).replace("\xa0", " ")
    '1 December 2026, 02:10'
    """
    return f"{long_day(at.date())}, {at:%H:%M}"


def age(since: timedelta) -> str:
    """How long ago, in the largest whole unit that fits.

    >>> [age(timedelta(hours=hours)) for hours in (0.5, 1, 30, 49, 400)]
    ['30 minutes', '1 hour', '30 hours', '2 days', '16 days']
    """
    minutes = max(0, int(since.total_seconds() // 60))
    if minutes < 60:
        return count(minutes, "minute")
    if minutes < 48 * 60:
        return count(minutes // 60, "hour")
    return count(minutes // (24 * 60), "day")


def count(number: int, noun: str) -> str:
    """A count with its noun, which takes an s beside anything but one.

    >>> count(1, "account"), count(0, "account"), count(1200, "deal")
    ('1 account', '0 accounts', '1,200 deals')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def plain(code: str) -> str:
    """A code of the CRM without its underscores; capitals for one of up to three letters.

    >>> plain("mid_market"), plain("smb"), plain("health care")
    ('Mid market', 'SMB', 'Health care')
    """
    text = " ".join(code.replace("_", " ").split())
    return text.upper() if len(text) <= 3 else text[:1].upper() + text[1:]


def loss_reason(code: str) -> str:
    """A code of why deals are lost, inside a sentence.

    >>> loss_reason("no_decision"), loss_reason("other")
    ('no decision', 'another reason')
    """
    return "another reason" if code == "other" else " ".join(code.replace("_", " ").split())


def sentence(text: str) -> str:
    r"""A text that begins with a capital, ends with a full stop and keeps its per cents whole.

    >>> sentence("pays 52 days late"), sentence("Late?"), sentence("up 38 %")
    ('Pays 52 days late.', 'Late?', 'Up 38\xa0%.')
    """
    trimmed = text.strip().replace(" %", f"{_FIXED}%")
    begun = trimmed[:1].upper() + trimmed[1:]
    return begun if not begun or begun.endswith((".", "!", "?", "…")) else f"{begun}."


def _scaled(amount: float) -> tuple[str, str]:
    """Figure and unit, with one decimal below ten of the unit."""
    if not math.isfinite(amount):
        raise ValueError(f"expected a finite amount, got {amount}")
    for size, unit in _STEPS:
        # 999,700 would round to a thousand thousands: that is a million
        if amount >= size * 0.9995:
            shown = amount / size
            return f"{shown:,.{1 if shown < 9.95 else 0}f}".removesuffix(".0"), unit
    return f"{amount:,.0f}", ""
