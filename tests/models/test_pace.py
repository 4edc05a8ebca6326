"""The week's days: how a curve rises between its points."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.curve import EVEN, Curves, curves_of
from models.grid import Grid, days_of

MONDAY = date(2026, 1, 5)
GRID = Grid((1, 2, 3, 7))
OFFICE = (1.4, 1.4, 1.4, 1.4, 1.4, 1e-9, 1e-9)
SHARES = st.lists(st.floats(0.001, 1.0), min_size=7, max_size=7)


def curve(pace: tuple[float, ...], day: date = MONDAY, close: float = 0.2) -> Curves:
    shape = (1, GRID.steps)
    return curves_of(days_of([day]), GRID, np.full(shape, close), np.full(shape, 0.5), pace=pace)


def won_by(found: Curves, days: float) -> float:
    return float(found.won_by(np.array([days]))[0])


def of_sum_seven(shares: list[float]) -> tuple[float, ...]:
    return tuple(share * 7.0 / sum(shares) for share in shares)


def test_a_week_is_over_on_friday_where_nobody_works_on_weekends() -> None:
    found = curve(OFFICE)

    assert won_by(found, 5) == pytest.approx(won_by(found, 7), abs=1e-8)
    assert won_by(found, 1) == pytest.approx(won_by(found, 7) / 5)


def test_the_days_are_those_of_the_calendar_and_not_of_the_landmark() -> None:
    thursday = curve(OFFICE, MONDAY + timedelta(days=3))

    # Thursday and Friday, then a weekend on which nothing is added
    assert won_by(thursday, 2) == pytest.approx(won_by(thursday, 7) * 2 / 5)
    assert won_by(thursday, 4) == pytest.approx(won_by(thursday, 2), abs=1e-8)


@settings(max_examples=100, deadline=None)
@given(shares=SHARES, first=st.integers(0, 6))
def test_whole_weeks_stay_what_they_are_and_no_day_takes_anything_back(
    shares: list[float], first: int
) -> None:
    day = MONDAY + timedelta(days=first)
    paced, even = curve(of_sum_seven(shares), day), curve(EVEN, day)

    told = [won_by(paced, days) for days in range(50)]

    assert [told[7 * week] for week in range(8)] == [won_by(even, 7 * week) for week in range(8)]
    assert (np.diff(told) >= 0.0).all()


@settings(max_examples=100, deadline=None)
@given(shares=SHARES, first=st.integers(0, 6), share=st.floats(0.01, 0.99))
def test_a_quantile_is_the_first_day_by_which_its_share_has_come(
    shares: list[float], first: int, share: float
) -> None:
    day = MONDAY + timedelta(days=first)
    found = curve(of_sum_seven(shares), day)

    named = found.won_quantile(share).item()

    taken = (named - day).days + 1
    wanted = share * found.won[0, -1]
    assert won_by(found, taken) >= wanted - 1e-9
    assert taken == 1 or won_by(found, taken - 1) < wanted + 1e-9
