from datetime import UTC, datetime

import polars as pl
import pytest

from benchmarks.grid.value import captured

AT = datetime(2026, 1, 1, tzinfo=UTC)
BOOKED = (100.0, 90.0, 40.0, 30.0, 20.0, 10.0, 6.0, 4.0, 0.0, None)


def values(expected: tuple[float, ...]) -> pl.DataFrame:
    ids = [f"a{number}" for number in range(len(BOOKED))]
    return pl.DataFrame(
        {
            "entity_id": ids,
            "account_id": ids,
            "as_of": [AT] * len(ids),
            "owner_rep_id": ["ann"] * len(ids),
            "bookings": BOOKED,
            "expected_bookings": expected,
        }
    )


def oracle(expected: tuple[float, ...]) -> pl.DataFrame:
    return values(expected).select("entity_id", "as_of", "expected_bookings")


def test_the_share_is_what_the_models_top_brought_over_what_the_oracles_did() -> None:
    model = (9.0, 0.0, 8.0, *[1.0] * 7)  # takes 100 and 40
    best = (9.0, 8.0, *[1.0] * 8)  # takes 100 and 90

    found = captured(values(model), oracle(best))

    assert found["model"]["value"] == pytest.approx(140 / 300)
    assert found["oracle"]["value"] == pytest.approx(190 / 300)
    assert found["share"]["value"] == pytest.approx(140 / 190)


def test_only_rows_of_which_both_speak_are_compared() -> None:
    model = (9.0, 8.0, *[1.0] * 8)

    found = captured(values(model), oracle(model).head(5))

    assert found["rows"] == 5


def test_where_nothing_was_booked_there_is_no_share() -> None:
    nothing = values((1.0,) * 10).with_columns(bookings=pl.lit(0.0))

    found = captured(nothing, oracle((1.0,) * 10))

    assert found == {"rows": 10, "why": "nothing was booked at the moments compared"}
