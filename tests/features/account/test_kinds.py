from features.account.kinds import FEATURES, kinds
from features.category import ACTIVITY_KINDS
from tests.factories import Row, account, activity, book, day
from tests.features.views import account_row

WORDS = {feature.name: feature.words for feature in FEATURES}


def said_of(*rows: Row) -> dict[str, str | None]:
    """The words behind the codes."""
    said = account_row(kinds, book(accounts=[account()], activities=rows))
    return {n: None if code is None else WORDS[n][round(code)] for n, code in said.items()}


def test_the_newest_touch_and_the_newest_reply_are_told_by_their_kinds() -> None:
    said = said_of(
        activity(at=day(-9), kind="demo"),
        activity(at=day(-8), kind="call", answered=True),
        activity(at=day(-7), kind="email"),
        activity(at=day(-6), kind="review", direction="mutual"),
        activity(at=day(-5), kind="email", direction="inbound", automated=True),
    )

    assert said["newest_touch_kind"] == "email"
    assert said["newest_reply_kind"] == "call"


def test_a_kind_that_the_vocabulary_does_not_know_is_another_one() -> None:
    said = said_of(activity(at=day(-2), kind="lunch"), activity(at=day(-3), kind="Call"))

    assert said["newest_touch_kind"] == "other"
    assert said_of(activity(at=day(-3), kind="Call"))["newest_touch_kind"] == "call"


def test_of_equal_moments_the_first_kind_of_the_vocabulary_is_told() -> None:
    rows = [activity(at=day(-2), kind=kind) for kind in ("lunch", "call", "visit")]

    assert said_of(*rows)["newest_touch_kind"] == "call"
    assert said_of(*reversed(rows))["newest_touch_kind"] == "call"


def test_the_phase_is_that_of_the_newest_activity_which_names_one() -> None:
    said = said_of(
        activity(at=day(-3), phase="pre_sales"),
        activity(at=day(-2), phase="post_sales", direction="mutual"),
        activity(at=day(-1), phase=None),
    )

    assert said["newest_phase"] == "post_sales"


def test_an_account_nobody_touched_has_no_kind_of_touch() -> None:
    said = said_of(activity(at=day(0), direction="inbound"))

    assert set(said.values()) == {None}


def test_every_kind_of_the_contract_has_a_code_of_its_own() -> None:
    codes = [
        account_row(kinds, book(accounts=[account()], activities=[activity(at=day(-1), kind=kind)]))
        for kind in ACTIVITY_KINDS
    ]

    assert [said["newest_touch_kind"] for said in codes] == list(range(12))
