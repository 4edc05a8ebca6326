from datetime import date, timedelta

import polars as pl
import pytest

from training.pace import pace_of

MONDAY = date(2026, 1, 5)
CUT = date(2026, 6, 1)


def landmarks(days: list[date], event: str = "won", *, told: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "entity_id": [f"d{number}" for number in range(len(days))] * told,
            "event": [event] * (len(days) * told),
            "event_on": days * told,
        }
    )


def test_weekdays_take_what_was_closed_on_them() -> None:
    days = [MONDAY + timedelta(days=k % 5, weeks=k // 5) for k in range(100)]

    found = pace_of(landmarks(days), cut=CUT)

    assert found[0] == pytest.approx(7 * 30 / 170)
    assert found[6] == pytest.approx(7 * 10 / 170)
    assert sum(found) == pytest.approx(7.0)


def test_a_deal_counts_once_however_often_it_is_described() -> None:
    days = [MONDAY] * 30

    assert pace_of(landmarks(days, told=5), cut=CUT) == pace_of(landmarks(days), cut=CUT)


@pytest.mark.parametrize(("event", "counts"), [("won", True), ("lost", True), ("open", False)])
def test_only_deals_that_have_ended_count(event: str, *, counts: bool) -> None:
    found = pace_of(landmarks([MONDAY] * 30, event), cut=CUT)

    assert (found[0] > 1.0) is counts


def test_what_ends_on_the_cut_or_later_is_not_known() -> None:
    found = pace_of(landmarks([CUT] * 30), cut=CUT)

    assert found == pytest.approx((1.0,) * 7)
