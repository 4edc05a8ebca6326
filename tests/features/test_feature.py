from dataclasses import replace

import pytest

from features.feature import Feature

KIND = Feature(
    name="kind",
    meaning="Kind of it.",
    unit="category",
    concept="history",
    needs=(),
    null_means="not recorded",
    sentence="kind: {value}",
    vocabulary=("email", "call", "trade fair"),
)


def test_a_category_has_a_word_for_every_code_and_one_for_what_it_does_not_know() -> None:
    number = replace(KIND, unit="count", vocabulary=())

    assert KIND.words == ("email", "call", "trade fair", "other")
    assert number.words == ()


@pytest.mark.parametrize(
    ("vocabulary", "told"),
    [
        (("email", "call", "email"), "'email'"),
        (("email", "Call"), "'Call'"),
        (("email", " call"), "' call'"),
        (("email", ""), "''"),
        (("email", "other"), "'other'"),
    ],
)
def test_a_vocabulary_of_doubtful_words_is_refused(vocabulary: tuple[str, ...], told: str) -> None:
    with pytest.raises(ValueError, match=rf"feature kind: .* got \[{told}\]"):
        replace(KIND, vocabulary=vocabulary)


def test_a_category_has_a_vocabulary_and_a_number_has_none() -> None:
    with pytest.raises(
        ValueError, match=r"feature kind: expected a vocabulary .* category and \[\]"
    ):
        replace(KIND, vocabulary=())
    with pytest.raises(ValueError, match=r"feature kind: .* got the unit count"):
        replace(KIND, unit="count")


def test_a_category_has_no_direction() -> None:
    with pytest.raises(ValueError, match=r"no direction for a category.*'walk': 1"):
        replace(KIND, direction={"walk": 1})


@pytest.mark.parametrize("direction", [{"walk": 0}, {"win": 2}])
def test_a_direction_is_up_or_down(direction: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected directions -1 or 1"):
        replace(KIND, unit="count", vocabulary=(), direction=direction)  # type: ignore[arg-type]
