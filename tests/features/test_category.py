from datetime import datetime

import polars as pl
import pytest

from features.category import coded, of_newest
from features.schema import DEAL_TYPES
from tests.factories import day

WORDS = ("web", "event", "trade fair")


def codes(*values: str | None) -> list[float | None]:
    frame = pl.DataFrame({"word": values}, schema={"word": pl.String})
    return frame.select(coded(pl.col("word"), WORDS)).to_series().to_list()


def test_a_word_is_its_place_and_an_unknown_one_the_place_after_the_last() -> None:
    assert codes("web", "event", "trade fair", "fax") == [0.0, 1.0, 2.0, 3.0]


def test_what_is_not_said_is_not_another_word() -> None:
    assert codes(None, "fax", None) == [None, 3.0, None]


def test_capitals_and_spaces_around_a_word_make_no_difference() -> None:
    assert codes("Web", " EVENT ", "Trade Fair", "trade  fair") == [0.0, 1.0, 2.0, 3.0]


def test_an_enum_is_coded_by_its_words_not_by_its_own_places() -> None:
    types = pl.Series(["renewal", "new", None], dtype=pl.Enum(DEAL_TYPES))
    turned = tuple(reversed(DEAL_TYPES))

    found = pl.DataFrame({"type": types}).select(coded(pl.col("type"), turned)).to_series()

    assert found.to_list() == [0.0, 2.0, None]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([(2.0, day(-3), True), (1.0, day(-2), True)], 1.0),
        ([(2.0, day(-3), True), (1.0, day(-2), False)], 2.0),
        ([(2.0, day(-2), True), (1.0, day(-2), True)], 1.0),
        ([(1.0, day(-2), True), (2.0, day(-2), True)], 1.0),
        ([(2.0, day(-3), True), (None, day(-2), True)], None),
        ([(2.0, day(-3), False)], None),
    ],
    ids=["newest", "newest chosen", "equal", "equal the other way round", "no code", "none chosen"],
)
def test_the_newest_row_decides(
    rows: list[tuple[float | None, datetime, bool]], code: float | None
) -> None:
    schema = {"code": pl.Float64, "at": pl.Datetime("us", "UTC"), "which": pl.Boolean}
    frame = pl.DataFrame(rows, schema=schema, orient="row")

    found = frame.select(of_newest(pl.col("code"), pl.col("at"), pl.col("which"))).item()

    assert found == code
