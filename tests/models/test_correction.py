from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.correction import (
    Window,
    chart,
    corrected,
    correction_at,
    shifts_of,
    windows,
)
from models.curve import Curves, curves_of
from models.grid import Grid, days_of

GRID = Grid((1, 2, 3, 4))
MONDAY = date(2026, 1, 5)


def curves(close: float = 0.1, win: float = 0.5, *, days: tuple[date, ...] = (MONDAY,)) -> Curves:
    shape = (len(days), GRID.steps)
    return curves_of(days_of(list(days)), GRID, np.full(shape, close), np.full(shape, win))


def window(number: int, observed: int = 3, expected: float = 5.0, days: int = 14) -> Window:
    begins = MONDAY + timedelta(days=days * number)
    return Window(begins, begins + timedelta(days=days - 1), 50, observed, expected, 4.0)


def test_a_window_counts_wins_of_its_own_days_against_what_was_expected() -> None:
    ends = [MONDAY + timedelta(days=13), MONDAY + timedelta(days=14), MONDAY, MONDAY]

    (found,) = windows(
        curves(0.2, 0.5, days=(MONDAY,) * 4),
        pl.Series(["won", "won", "lost", "lost"]),
        pl.Series(ends, dtype=pl.Date),
        days=14,
    )

    chance = 0.5 * (1.0 - 0.8**2)
    assert (found.begins_on, found.ends_on) == (MONDAY, MONDAY + timedelta(days=13))
    assert (found.deals, found.observed) == (4, 1)
    assert found.expected == pytest.approx(4 * chance)
    assert found.variance == pytest.approx(4 * chance * (1.0 - chance))


def test_every_landmark_has_a_window_oldest_first() -> None:
    days = (MONDAY + timedelta(days=14), MONDAY, MONDAY)

    found = windows(
        curves(days=days), pl.Series(["open"] * 3), pl.Series([None] * 3, dtype=pl.Date), days=14
    )

    assert [(one.begins_on, one.deals) for one in found] == [(MONDAY, 2), (days[0], 1)]


def test_the_ratio_of_wins_is_shrunk_by_ten() -> None:
    found = correction_at(MONDAY + timedelta(weeks=12), [window(k) for k in range(6)])

    assert (found.observed, found.expected) == (18, 30.0)
    assert np.exp(found.shift) == pytest.approx(28 / 40)


def test_only_windows_of_the_quarter_before_that_have_ended_count() -> None:
    past = [window(k) for k in range(-13, 26)]

    found = correction_at(MONDAY + timedelta(weeks=12), past)
    a_day_early = correction_at(MONDAY + timedelta(weeks=12, days=-1), past)

    assert found.expected == 30.0
    assert a_day_early.expected == 25.0
    assert a_day_early.why_off is None


def test_with_less_than_a_quarter_nothing_is_moved_and_the_reason_is_told() -> None:
    found = correction_at(MONDAY + timedelta(weeks=8), [window(k) for k in range(4)])

    assert found.shift == 0.0
    assert found.why_off == "wins of 13 weeks before are needed, found 8"


@given(
    close=arrays(float, (3, GRID.steps), elements=st.floats(0.0, 1.0)),
    win=arrays(float, (3, GRID.steps), elements=st.floats(0.0, 1.0)),
    shift=st.floats(-3.0, 3.0),
)
def test_a_corrected_curve_is_still_a_curve(
    close: np.ndarray, win: np.ndarray, shift: float
) -> None:
    before = curves_of(days_of([MONDAY] * 3), GRID, close, win)

    after = corrected(before, shift)

    assert np.abs(after.won + after.lost + after.open - 1.0).max() < 1e-9
    assert (np.diff(after.won, axis=1) >= 0.0).all()
    assert (np.diff(after.lost, axis=1) >= 0.0).all()
    assert after.won.min() >= 0.0
    assert after.open.min() >= 0.0


def test_the_shift_moves_the_odds_of_winning_against_staying_open_and_not_those_of_losing() -> None:
    before = curves(0.2, 0.7, days=(MONDAY, MONDAY))

    after = corrected(before, np.array([0.0, np.log(2.0)]))

    assert np.allclose(after.won[0], before.won[0])
    whole = 0.28 + 0.06 + 0.8  # wins of the first step doubled, beside what is lost and stays
    assert after.won[1, 1] == pytest.approx(0.28 / whole)
    assert after.lost[1, 1] == pytest.approx(0.06 / whole)
    assert after.open[1, 1] == pytest.approx(0.8 / whole)
    assert after.won[1, 2] == pytest.approx((1.0 + 0.8 / whole) * 0.28 / whole)


@given(
    close=arrays(float, (3, GRID.steps), elements=st.floats(0.0, 1.0)),
    win=arrays(float, (3, GRID.steps), elements=st.floats(0.0, 1.0)),
    shift=st.floats(0.0, 3.0),
)
def test_more_wins_raise_the_curve_of_wins_at_every_point_and_lower_that_of_losses(
    close: np.ndarray, win: np.ndarray, shift: float
) -> None:
    before = curves_of(days_of([MONDAY] * 3), GRID, close, win)

    after = corrected(before, shift)

    assert (after.won >= before.won - 1e-9).all()
    assert (after.lost <= before.lost + 1e-9).all()
    assert (after.open <= before.open + 1e-9).all()


def test_what_never_or_surely_closes_goes_on_doing_so() -> None:
    close = np.array([[0.0, 1.0, 0.0, 0.0]])
    before = curves_of(days_of([MONDAY]), GRID, close, np.full((1, GRID.steps), 0.5))

    after = corrected(before, np.log(3.0))

    assert after.open[0].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert after.won[0].tolist() == pytest.approx([0.0, 0.0, 0.75, 0.75, 0.75])


def test_a_day_without_a_correction_is_not_moved() -> None:
    past = [window(k) for k in range(6)]
    day = MONDAY + timedelta(weeks=12)
    by_day = {day: correction_at(day, past)}

    found = shifts_of(days_of([day, MONDAY]), by_day)

    assert found.tolist() == [by_day[day].shift, 0.0]


def test_the_sums_of_surprises_grow_with_a_moved_rate_and_forget_chance() -> None:
    calm = chart([window(k, observed=5 + (-1) ** k) for k in range(20)])
    moved = chart([window(k, observed=1) for k in range(20)])

    assert max(max(point.above, point.below) for point in calm) == 0.0
    assert moved[-1].below == pytest.approx(20 * 1.5)
    assert moved[-1].above == 0.0


def test_shared_shocks_widen_the_band_and_dampen_surprise() -> None:
    (alone,) = chart([window(0, observed=1)])
    (shared,) = chart([window(0, observed=1)], overdispersion=0.75)

    assert alone.z == -2.0
    assert shared.z == -1.0
    assert shared.high - 5.0 == pytest.approx(2.0 * (alone.high - 5.0))
    assert alone.low == pytest.approx(5.0 - 2 * 1.2816)


def test_a_window_without_expectation_surprises_nobody() -> None:
    (point,) = chart([Window(MONDAY, MONDAY, 0, 0, 0.0, 0.0)])

    assert (point.z, point.low, point.high) == (0.0, 0.0, 0.0)


def test_a_window_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="windows of 1 day or more, got 0"):
        windows(curves(), pl.Series(["open"]), pl.Series([None], dtype=pl.Date), days=0)
