from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendar import Calendar
from models.curve import Curves, curves_of, read_off
from models.grid import Grid, days_of

MONDAY = date(2026, 1, 5)
HAZARDS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=4, max_size=4)


def curves(close: list[float], win: list[float], ends: tuple[int, ...] = (1, 2, 3, 4)) -> Curves:
    rows = np.array([close]), np.array([win])
    return curves_of(days_of([MONDAY]), Grid(ends), *rows)


def state(committed: date | None, *, rows: int = 1) -> pl.DataFrame:
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    return pl.DataFrame(
        {"as_of": [moment] * rows, "committed_on": [committed] * rows},
        schema={"as_of": pl.Datetime("us", "UTC"), "committed_on": pl.Date},
    )


def at(found: Curves, day: date) -> float:
    return found.at(pl.Series([day]))["p_won"][0]


def test_two_steps_worked_out_by_hand():
    found = curves([0.5, 0.4], [0.2, 1.0], ends=(1, 2))

    assert found.won[0] == pytest.approx([0, 0.1, 0.1 + 0.5 * 0.4])
    assert found.lost[0] == pytest.approx([0, 0.4, 0.4])
    assert found.open[0] == pytest.approx([1, 0.5, 0.3])


@settings(max_examples=200, deadline=None)
@given(HAZARDS)
def test_won_lost_and_open_share_out_one_and_nothing_won_is_lost_again(steps):
    found = curves([close for close, _ in steps], [win for _, win in steps])

    assert np.abs(found.won + found.lost + found.open - 1).max() < 1e-9
    assert (np.diff(found.won, axis=1) >= 0).all()
    assert (np.diff(found.lost, axis=1) >= 0).all()
    assert found.won.max() <= 1 + 1e-12


def test_the_landmarks_own_day_is_the_first_of_the_first_week():
    found = curves([0.7, 0, 0, 0], [1, 1, 1, 1])

    assert at(found, MONDAY - timedelta(days=1)) == 0
    assert at(found, MONDAY) == pytest.approx(0.1)
    assert at(found, MONDAY + timedelta(days=6)) == pytest.approx(0.7)


def test_the_points_of_the_curve_lie_on_the_curve():
    found = curves([0.1, 0.2, 0.3, 0.1], [0.5, 0.5, 0.9, 0.1])

    read = [at(found, day) for day in found.dates()[0].tolist()]

    assert read == pytest.approx(found.won[0].tolist())


def test_a_wider_step_is_linear_in_days_too():
    found = curves([0.0, 0.8], [1, 1], ends=(1, 5))

    assert at(found, MONDAY + timedelta(days=6 + 14)) == pytest.approx(0.4)


def test_beyond_the_last_point_nothing_is_known():
    found = curves([0.1] * 4, [0.5] * 4)

    assert at(found, MONDAY + timedelta(days=27)) is not None
    assert at(found, MONDAY + timedelta(days=28)) is None


def test_read_off_at_the_committed_date():
    found = curves([0.7, 0, 0, 0], [1, 1, 1, 1])

    (row,) = read_off(found, state(MONDAY), Calendar()).to_dicts()

    assert row["p_won_by_committed"] == pytest.approx(0.1)
    assert row["slip_risk"] == pytest.approx(0.9)
    assert row["p_won_by_month_end"] == pytest.approx(0.7)
    assert row["month_end"] == date(2026, 1, 31)


def test_without_a_committed_date_the_period_is_that_of_the_as_of():
    found = curves([0.1] * 20, [0.5] * 20, ends=tuple(range(1, 21)))

    (row,) = read_off(found, state(None), Calendar()).to_dicts()

    assert row["p_won_by_committed"] is None
    assert row["slip_risk"] is None
    assert row["period_end"] == date(2026, 3, 31)
    assert row["p_won_by_period_end"] + row["p_lost"] + row["p_slip"] == pytest.approx(1)
    assert row["flags"] == ["no_commitment"]


def test_a_committed_date_that_has_passed_can_no_longer_be_met():
    found = curves([0.1] * 20, [0.5] * 20, ends=tuple(range(1, 21)))

    (row,) = read_off(found, state(MONDAY - timedelta(days=1)), Calendar()).to_dicts()

    assert row["p_won_by_committed"] == 0
    assert row["slip_risk"] == 1
    assert row["flags"] == ["past_commitment"]


def test_a_committed_date_in_a_quarter_that_has_passed_has_slipped_out_of_it():
    found = curves([0.1] * 4, [0.5] * 4)

    (row,) = read_off(found, state(date(2025, 11, 3)), Calendar()).to_dicts()

    assert row["period_end"] == date(2025, 12, 31)
    assert (row["p_won_by_period_end"], row["p_lost"], row["p_slip"]) == (0, 0, 1)


def test_a_committed_date_beyond_the_grid_is_null_and_flagged():
    found = curves([0.1] * 4, [0.5] * 4)

    (row,) = read_off(found, state(date(2026, 6, 1)), Calendar()).to_dicts()

    assert row["p_won_by_committed"] is None
    assert row["p_slip"] is None
    assert row["flags"] == ["beyond_horizon"]


@pytest.mark.parametrize(
    ("half", "rest", "is_slow"),
    [(0.005, 0.02, True), (0.01, 0.02, False), (0.005, 0.0, False)],
)
def test_who_buys_late_but_buys_is_a_slow_buyer(half, rest, is_slow):
    weeks = [half] * 26 + [rest] * 26
    found = curves(weeks, [1.0] * 52, ends=tuple(range(1, 53)))

    (row,) = read_off(found, state(MONDAY), Calendar()).to_dicts()

    assert ("slow_buyer" in row["flags"]) is is_slow


def test_on_a_curve_of_less_than_half_a_year_nobody_is_slow():
    found = curves([0.0] * 20 + [0.5] * 5, [1.0] * 25, ends=tuple(range(1, 26)))

    assert read_off(found, state(MONDAY), Calendar())["flags"].to_list() == [[]]


def test_days_are_the_organisations_and_not_those_of_utc():
    found = curves([0.7, 0, 0, 0], [1, 1, 1, 1])
    late = state(date(2026, 1, 4)).with_columns(
        as_of=pl.lit(datetime(2026, 1, 4, 22, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    )

    (far_east,) = read_off(found, late, Calendar("Asia/Tokyo")).to_dicts()
    (utc,) = read_off(found, late, Calendar()).to_dicts()

    assert "past_commitment" in far_east["flags"]
    assert "past_commitment" not in utc["flags"]


def test_close_dates_are_quantiles_of_the_wins_within_the_grid():
    found = curves([0.25, 1 / 3, 0.5, 1.0], [1, 1, 1, 1])  # a quarter of the wins each week

    (row,) = read_off(found, state(MONDAY), Calendar()).to_dicts()

    assert row["close_p25"] == MONDAY + timedelta(days=6)
    assert row["close_p50"] == MONDAY + timedelta(days=13)
    assert row["close_p75"] == MONDAY + timedelta(days=20)
    assert row["p_won_end"] == pytest.approx(1)


def test_a_deal_that_is_never_won_has_no_close_date():
    found = curves([0.5] * 4, [0.0] * 4)

    (row,) = read_off(found, state(MONDAY), Calendar()).to_dicts()

    assert row["close_p50"] is None
    assert row["p_won_end"] == 0


def test_curves_can_be_put_into_another_order():
    close = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])
    days = days_of([MONDAY + timedelta(days=place) for place in range(3)])
    found = curves_of(days, Grid((1, 2)), close, np.full((3, 2), 0.25))

    other = found.at_rows(np.array([2, 0, 1]))

    assert other.as_of.tolist() == [days[place].item() for place in (2, 0, 1)]
    for moved, stood in (
        (other.won, found.won),
        (other.lost, found.lost),
        (other.open, found.open),
    ):
        assert (moved == stood[[2, 0, 1]]).all()
