from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import wording


@given(p=st.floats(0.0, 1.0))
def test_a_forecast_is_never_certain(p: float) -> None:
    said = wording.chance(p)

    assert said.removesuffix("\u00a0%") not in {"0", "100"}


@pytest.mark.parametrize("p", [-0.01, 1.01, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match=r"expected a probability in \[0, 1\]"):
        wording.chance(p)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "$0"),
        (0.4, "$0"),
        (-0.4, "$0"),
        (999, "$999"),
        (999.6, "$1k"),
        (1_000, "$1k"),
        (9_940, "$9.9k"),
        (9_960, "$10k"),
        (86_400, "$86k"),
        (999_400, "$999k"),
        (999_600, "$1m"),
        (12_300_000, "$12m"),
        (2_500_000_000, "$2.5bn"),
        (-3_200, "−$3.2k"),
    ],
)
def test_money_is_short_and_never_a_thousand_thousands(amount: float, said: str) -> None:
    assert wording.money(amount, "USD") == said


def test_a_currency_without_a_sign_is_written_by_its_code() -> None:
    assert wording.money(86_400, "SEK") == "SEK\u00a086k"


@pytest.mark.parametrize("amount", [float("inf"), float("nan")])
def test_an_endless_amount_is_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="expected a finite amount"):
        wording.money(amount, "USD")


def test_a_day_of_another_year_says_its_year() -> None:
    today = date(2026, 12, 1)

    said = [wording.short_day(day, beside=today) for day in (today, date(2027, 1, 15))]

    assert said == ["1\u00a0Dec", "15\u00a0Jan\u00a02027"]


def test_a_moment_says_day_and_time() -> None:
    assert wording.moment(datetime(2026, 3, 9, 7, 5, tzinfo=UTC)) == "9\u00a0March\u00a02026, 07:05"


@pytest.mark.parametrize(
    ("hours", "said"),
    [(-1, "0 minutes"), (0.02, "1 minute"), (1, "1 hour"), (47.9, "47 hours"), (48, "2 days")],
)
def test_an_age_is_said_in_whole_units(hours: float, said: str) -> None:
    assert wording.age(timedelta(hours=hours)) == said


def test_codes_of_the_crm_become_words() -> None:
    assert wording.plain("public_sector") == "Public sector"
    assert wording.plain(" SMB ") == "SMB"
    assert [wording.plain(code) for code in ("smb", "ent", "mid")] == ["SMB", "ENT", "MID"]
    assert wording.plain("") == ""


def test_a_sentence_keeps_what_ends_it_and_stays_empty_when_empty() -> None:
    assert wording.sentence("62 tickets in 90 days ") == "62 tickets in 90 days."
    assert wording.sentence("late!") == "Late!"
    assert wording.sentence("  ") == ""
