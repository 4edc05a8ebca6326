"""Steps: weeks from Monday, cut where a month begins, at whose edges the world stands still."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.crm.synthetic.steps import DAY, EPOCH, HOUR, Steps, day_number, make_steps

untils = st.dates(date(2019, 1, 1), date(2031, 12, 31))
spans = st.floats(0.25, 6.0)
MONDAY = 0


def laid(until: date, years: float = 2.0) -> Steps:
    return make_steps(until, years=years, fiscal_year_start_month=1)


def days_of(steps: Steps) -> list[date]:
    first, last = int(steps.edges[0]), int(steps.edges[-1])
    return [EPOCH + timedelta(days=day) for day in range(first, last)]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(until=untils, years=spans)
def test_steps_follow_one_another_from_a_monday_to_the_end(until: date, years: float) -> None:
    steps = laid(until, years)

    edges = [EPOCH + timedelta(days=int(edge)) for edge in steps.edges]
    assert edges[0].weekday() == MONDAY
    assert edges[-1] == until
    assert steps.end == day_number(until) * DAY
    assert np.all(np.diff(steps.edges) > 0)
    assert np.array_equal(steps.works_from, steps.edges[:-1])
    assert 0 <= (until - edges[0]).days - round(years * 365.25) < 7


@given(until=untils, years=spans)
def test_an_edge_is_a_monday_or_a_first_on_a_working_day(until: date, years: float) -> None:
    steps = laid(until, years)

    inner = {EPOCH + timedelta(days=int(edge)) for edge in steps.edges[:-1]}
    expected = {
        day
        for day in days_of(steps)
        if day.weekday() == MONDAY or (day.day == 1 and day.weekday() < 5)
    }
    assert inner == expected


@given(until=untils, years=spans)
def test_the_steps_share_out_all_working_days(until: date, years: float) -> None:
    steps = laid(until, years)

    working = sum(day.weekday() < 5 for day in days_of(steps))
    assert steps.working_days.min() >= 1
    assert steps.working_days.max() <= 5
    assert float(steps.share.sum()) == pytest.approx(working / 5)
    assert float(steps.weeks.sum()) == pytest.approx(len(days_of(steps)) / 7)


@given(until=untils, years=spans)
def test_the_world_stands_still_on_mondays_and_firsts_and_on_no_other_working_day(
    until: date, years: float
) -> None:
    steps = laid(until, years)
    last = EPOCH + timedelta(days=int(steps.edges[-2]))

    # From the second step's beginning on; what lies after the last step's is no moment inside.
    first = EPOCH + timedelta(days=int(steps.edges[1]))
    for day in days_of(steps):
        if not first <= day <= last or (day.weekday() > 4 and day.day != 1):
            continue
        if day.weekday() == MONDAY or day.day == 1:
            step = steps.standing_at(midnight(day))
            before = int(steps.edges[step - 1])
            assert 0 < step < steps.count
            assert before < day_number(day) <= int(steps.edges[step])
        else:
            with pytest.raises(ValueError, match="expected an as_of at the beginning"):
                steps.standing_at(midnight(day))


@given(until=untils, seed=st.integers(0, 2**32 - 1))
def test_a_moment_lies_in_the_working_hours_of_its_step(until: date, seed: int) -> None:
    steps = laid(until)
    step = np.repeat(np.arange(steps.count), 5)

    moment = steps.moment(np.random.default_rng(seed), step)

    day = moment // DAY
    assert np.all((day >= steps.edges[step]) & (day < steps.edges[step + 1]))
    assert np.all(day < steps.works_from[step] + steps.working_days[step])
    assert np.all((moment % DAY >= 8 * HOUR) & (moment % DAY < 18 * HOUR))
    assert np.all(moment > steps.opening(step))
    assert np.array_equal(steps.step_of(day), step)


@given(until=untils, step=st.integers(1, 90), ahead=st.integers(1, 400))
def test_the_steps_ahead_begin_where_they_are_asked_to_and_end_on_their_day(
    until: date, step: int, ahead: int
) -> None:
    steps = laid(until)
    until_day = min(int(steps.edges[step]) + ahead, int(steps.edges[-1]))

    rest = steps.after(step, until_day)

    assert int(rest.edges[0]) == int(steps.edges[step])
    assert int(rest.edges[-1]) <= until_day
    assert np.array_equal(rest.edges[:-1], steps.edges[step : step + rest.count])
    assert np.array_equal(rest.working_days[:-1], steps.working_days[step : step + rest.count - 1])
    assert int(rest.working_days[-1]) <= int(steps.working_days[step + rest.count - 1])
    worked = [day for day in days_of(steps) if int(steps.edges[step]) <= day_number(day)]
    worked = [day for day in worked if day_number(day) < until_day and day.weekday() < 5]
    assert int(rest.working_days.sum()) == len(worked)


def test_a_wednesday_in_mid_month_is_refused_with_the_two_nearest() -> None:
    steps = laid(date(2026, 11, 21))

    with pytest.raises(ValueError, match="got 2026-05-13 00:00; the nearest are 2026-05-11 and"):
        steps.standing_at(datetime(2026, 5, 13, tzinfo=UTC))
    with pytest.raises(ValueError, match="the nearest are 2026-06-29 and 2026-07-01"):
        steps.standing_at(datetime(2026, 6, 30, tzinfo=UTC))


@pytest.mark.parametrize("outside", [datetime(2020, 1, 6, tzinfo=UTC), midnight(date(2026, 12, 7))])
def test_a_monday_outside_the_history_is_refused(outside: datetime) -> None:
    with pytest.raises(ValueError, match="inside the history"):
        laid(date(2026, 11, 21)).standing_at(outside)


def test_an_as_of_is_understood_in_any_zone() -> None:
    steps = laid(date(2026, 11, 21))
    east = datetime(2026, 5, 11, 2, tzinfo=timezone(timedelta(hours=2)))

    assert steps.standing_at(east) == steps.standing_at(datetime(2026, 5, 11, tzinfo=UTC))
    with pytest.raises(ValueError, match="expected an as_of"):
        steps.standing_at(datetime(2026, 5, 11, 12, tzinfo=UTC))


def test_a_first_on_a_weekend_finds_the_monday_after_it_still_ahead() -> None:
    steps = laid(date(2026, 11, 21))
    sunday, monday = date(2026, 3, 1), date(2026, 3, 2)

    assert sunday.weekday() == 6
    assert steps.standing_at(midnight(sunday)) == steps.standing_at(midnight(monday))


def test_no_working_day_ahead_is_refused() -> None:
    steps = laid(date(2026, 11, 21))

    with pytest.raises(ValueError, match="expected a working day in the steps ahead"):
        steps.after(10, int(steps.edges[10]))


@pytest.mark.parametrize(("first_month", "left"), [(1, 0), (2, 30)])
def test_a_quarter_ends_where_the_fiscal_year_says(first_month: int, left: int) -> None:
    steps = make_steps(date(2026, 11, 21), years=1, fiscal_year_start_month=first_month)

    days = np.array([day_number(date(2026, 3, 31))])
    assert steps.to_quarter_end(days).tolist() == [left]
    assert steps.next_end(steps.month_ends, days - 3).tolist() == days.tolist()
