from datetime import date
from itertools import product

import pytest

from benchmarks.reasons.reader import Entity, UnreadError, read
from features.catalogue import features_of
from features.feature import Feature
from models.reasons import HIDDEN, Manner
from models.reasons.sentence import sentence

ON = "As of Nov 2, 2026: "
DOLLARS = Manner(currency="USD")
TOLD = [
    (entity, feature)
    for entity in ("account", "deal")
    for feature in features_of(entity)  # type: ignore[arg-type]
    if feature.sentence and feature.concept not in HIDDEN
]


def claim(text: str, entity: Entity = "account"):
    return read(f"{ON}{text}", entity)


@pytest.mark.parametrize(
    ("text", "question", "value"),
    [
        ("4 replies in 30 days; similar accounts 2", "replies_30d", 4.0),
        ("no reply in 30 days; similar accounts 2", "replies_30d", 0.0),
        ("4 replies 31 to 90 days ago", "replies_31_90d", 4.0),
        ("4 invoices in a year", "orders_365d", 4.0),
        ("1,234 touches in half a year", "touches_180d", 1234.0),
        ("$86,400 is overdue", "overdue_now", 86_400.0),
        ("answered 25% of the touches in 90 days", "reply_rate_90d", 0.25),
        ("paid 3.5 days earlier in 90 days than in the year before", "days_late_change", -3.5),
        ("something passed in 9 of the last 13 weeks", "active_weeks_13", 9.0),
        ("the most active person has left", "champion_left", 1.0),
        ("the most active person is still there", "champion_left", 0.0),
        ("1 reply in 30 days", "replies_30d", 1.0),
        ("1 next step is overdue", "next_steps_overdue", 1.0),
    ],
)
def test_number_window_and_question_are_read_from_the_words(text, question, value):
    found = claim(text)

    assert (found.question, found.value) == (question, pytest.approx(value))


def test_the_day_the_norm_and_the_precision_are_read_too():
    found = claim(
        "its gaps between contacts in a year vary by 12% of their mean; similar accounts 7%"
    )

    assert found.on == date(2026, 11, 2)
    assert found.peer == pytest.approx(0.07)
    assert found.precision == pytest.approx(0.005)


def test_a_category_is_read_as_its_word():
    found = claim("phase of the last activity: pre sales")

    assert (found.question, found.word) == ("newest_phase", "pre sales")


def test_a_deal_s_sentence_about_its_account_asks_about_the_account():
    about_account = claim("its account: heard from today; similar accounts 3 days ago", "deal")
    about_deal = claim("heard from today; similar deals 3 days ago", "deal")

    assert (about_account.about, about_account.question) == ("account", "silence_days")
    assert (about_deal.about, about_deal.question) == ("deal", "silence_days")


@pytest.mark.parametrize(
    "line",
    [
        "4 replies in 30 days",
        f"{ON}4 replies lately",
        f"{ON}4 replies in the two months before",
        f"{ON}many replies in 30 days",
        f"{ON}4 replies in 30 days and more",
    ],
)
def test_what_the_words_leave_open_is_not_read(line):
    with pytest.raises(UnreadError):
        read(line, "account")


@pytest.mark.parametrize(("entity", "feature"), TOLD, ids=[f"{e}-{f.name}" for e, f in TOLD])
def test_every_sentence_of_the_catalogue_is_read_as_what_it_says(entity: Entity, feature: Feature):
    values = range(len(feature.words)) if feature.words else (0.0, 1.0, -2.0, 1234.0)
    asked = feature.name.removeprefix("account_") if entity == "deal" else feature.name

    for value, peer in product(values, (None, 3.0, -3.0)):
        found = claim(sentence(feature, float(value), peer, DOLLARS), entity)

        assert found.question == asked
        if feature.words:
            assert found.word == feature.words[int(value)].replace("_", " ")
        elif feature.unit != "flag":
            assert found.value == pytest.approx(value, abs=1e-9)
