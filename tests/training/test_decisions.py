"""What following the buckets would have meant, by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from models.policy import DecisionPolicy
from training.decisions import decisions_of, utilities

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def shown(rows: list[dict[str, object]]) -> pl.DataFrame:
    """Accounts of one rep at one moment, unless said otherwise."""
    plain: dict[str, object] = {
        "as_of": NOW, "owner_rep_id": "R1", "size": 1.0, "p_a_list": 0.1, "p_pain": 0.1,
        "p_walk_away": 0.1, "p_steady": 0.7, "expected_bookings": 0.0, "bucket": "steady",
        "confidence": "review", "label": "steady", "bookings": 0.0, "growth": 0.0, "hours": 1.0,
    }  # fmt: skip
    found = [{**plain, "entity_id": f"a{n}", **row} for n, row in enumerate(rows)]
    for row in found:
        row.setdefault("account_id", row["entity_id"])
    return pl.DataFrame(found)


def test_bookings_in_the_top_fifth_of_a_book() -> None:
    rows: list[dict[str, object]] = [{"bookings": 10.0} for _ in range(10)]
    rows[0] |= {"bookings": 90.0, "expected_bookings": 5.0}
    rows[1] |= {"expected_bookings": 4.0}
    rows[2] |= {"bookings": 20.0, "p_a_list": 0.8}
    rows[3] |= {"p_a_list": 0.7, "growth": 3.0}
    rows[4] |= {"growth": -5.0}
    rows[5] |= {"growth": 0.5}

    found = decisions_of(shown(rows), DecisionPolicy(), seed=1)

    assert found.bookings_by_value.value == pytest.approx(100 / 190)
    assert found.bookings_by_a_list.value == pytest.approx(30 / 190)
    assert found.bookings_at_best.value == pytest.approx(110 / 190)
    assert found.bookings_by_size.value == pytest.approx(0.2)
    assert found.growth_by_a_list.value == pytest.approx(1.0 / 1.5)


def test_hours_and_bookings_of_walk_aways_firm_or_not() -> None:
    rows: list[dict[str, object]] = [
        {"bucket": "walk_away", "confidence": "firm", "hours": 6.0, "bookings": 5.0},
        {"bucket": "walk_away", "confidence": "leaning", "hours": 2.0, "bookings": 15.0},
        {"bucket": "a_list", "confidence": "firm", "hours": 12.0, "bookings": 80.0},
    ]

    found = decisions_of(shown(rows), DecisionPolicy(), seed=1)

    assert found.hours_released.value == pytest.approx(0.3)
    assert found.hours_freed_by_advice.value == pytest.approx(0.4)
    assert found.bookings_forgone.value == pytest.approx(0.05)
    assert found.bookings_forgone_by_advice.value == pytest.approx(0.2)


def test_utility_is_read_off_the_table_of_the_policy() -> None:
    rows: list[dict[str, object]] = [
        {"bucket": "a_list", "label": "a_list"},
        {"bucket": "walk_away", "label": "a_list"},
        {"bucket": "pain", "label": "walk_away"},
    ]

    found = decisions_of(shown(rows), DecisionPolicy(), seed=1)

    assert found.utility.value == pytest.approx((1.0 - 1.0 + 0.1) / 3)
    assert found.utility_of_steady.value == pytest.approx((0.2 + 0.2 - 0.1) / 3)


def test_a_flip_is_another_bucket_than_at_the_refresh_before() -> None:
    month, year = timedelta(days=30), timedelta(days=365)
    rows: list[dict[str, object]] = [
        {"entity_id": "a", "bucket": "pain"},
        {"entity_id": "a", "bucket": "a_list", "as_of": NOW + month},
        {"entity_id": "a", "bucket": "a_list", "as_of": NOW + 2 * month},
        {"entity_id": "a", "bucket": "pain", "as_of": NOW + 2 * month + year},
        {"entity_id": "b", "bucket": "steady", "as_of": NOW + month},
    ]

    assert decisions_of(shown(rows), DecisionPolicy(), seed=1).flip_rate.value == pytest.approx(0.5)


def test_a_book_without_bookings_has_no_shares_of_them() -> None:
    found = decisions_of(shown([{}, {}]), DecisionPolicy(), seed=1)

    assert found.bookings_by_value.value is None
    assert found.hours_released.value == 0.0


def test_every_model_is_worth_what_it_would_show() -> None:
    sure = {"p_a_list": [0.9], "p_pain": [0.05], "p_walk_away": [0.0], "p_steady": [0.05]}
    mute = {name: [None] for name in sure}
    frames = {
        "sure": pl.DataFrame(sure),
        "mute": pl.DataFrame(mute, schema=dict.fromkeys(mute, pl.Float64)),
    }

    found = utilities(frames, pl.Series(["a_list"]), pl.Series(["acme"]), DecisionPolicy(), seed=1)

    assert found["sure"].value == 1.0
    assert found["mute"].value == 0.2  # what says nothing shows steady
