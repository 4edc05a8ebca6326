import pytest

from features.deal.traits import FEATURES, traits
from tests.factories import Row, account, activity, book, day, deal
from tests.features.views import deal_row

WORDS = {feature.name: feature.words for feature in FEATURES}


def said_of(own: Row, *rows: Row) -> dict[str, str | None]:
    """The words behind the codes."""
    of = book(accounts=[account()], opportunities=[own, deal("deal-2")], activities=rows)
    said = deal_row(traits, of)
    return {n: None if code is None else WORDS[n][round(code)] for n, code in said.items()}


@pytest.mark.parametrize("kind", ["new", "expansion", "renewal", None])
def test_the_type_of_the_deal_is_told(kind: str | None) -> None:
    assert said_of(deal(type=kind))["deal_type"] == kind


@pytest.mark.parametrize(
    ("source", "told"),
    [("partner", "partner"), (" Web ", "web"), ("carrier pigeon", "other"), (None, None)],
)
def test_the_source_of_the_deal_is_a_known_word_or_another_one(
    source: str | None, told: str | None
) -> None:
    assert said_of(deal(lead_source=source))["lead_source"] == told


def test_the_newest_touch_is_one_on_the_deal_by_a_person() -> None:
    said = said_of(
        deal(),
        activity(at=day(-9), kind="visit", opportunity_id="deal-1"),
        activity(at=day(-8), kind="demo", opportunity_id="deal-1", direction="inbound"),
        activity(at=day(-7), kind="email", opportunity_id="deal-1", automated=True),
        activity(at=day(-6), kind="call", opportunity_id="deal-2"),
        activity(at=day(0), kind="task", opportunity_id="deal-1"),
    )

    assert said["newest_touch_kind"] == "visit"


def test_where_activities_name_no_deal_those_of_the_account_count() -> None:
    assert said_of(deal(), activity(at=day(-2), kind="call"))["newest_touch_kind"] == "call"


def test_a_deal_without_a_touch_has_no_kind_of_touch() -> None:
    said = said_of(deal(), activity(at=day(-2), opportunity_id="deal-2"))

    assert said["newest_touch_kind"] is None
    assert said["deal_type"] == "new"
