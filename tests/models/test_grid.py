from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.calendar import Calendar
from models.grid import TARGET_NAMES, Grid, days_of, full_grid, target_calendar

DAYS = st.dates(date(2018, 1, 1), date(2030, 12, 31))


def facts(as_of: date, committed: date | None, grid: Grid, calendar: Calendar) -> list[dict]:
    found = target_calendar(days_of([as_of]), days_of([committed]), grid, calendar)
    return [dict(zip(TARGET_NAMES, row.tolist(), strict=True)) for row in found[0]]


def test_the_grid_is_weekly_for_half_a_year_and_then_monthly():
    ends = full_grid().ends

    assert ends[:3] == (1, 2, 3)
    assert ends[25:28] == (26, 30, 34)
    assert ends[-1] <= 104


def test_a_grid_that_does_not_rise_is_refused():
    with pytest.raises(ValueError, match="rising"):
        Grid((1, 1, 2))


def test_weeks_to_the_committed_date_and_whether_it_is_near_or_past():
    # Steps of 2026-01-05: 5 to 11 January, 12 to 18, 19 to 25, 26 January to 1 February.
    steps = facts(date(2026, 1, 5), date(2026, 1, 14), Grid((1, 2, 3, 4)), Calendar())

    told = [
        (s["target_weeks_to_committed"], s["target_near_committed"], s["target_past_committed"])
        for s in steps
    ]
    assert told == [
        (pytest.approx(3 / 7), 1.0, 0.0),
        (pytest.approx(-4 / 7), 1.0, 0.0),
        (pytest.approx(-11 / 7), 1.0, 1.0),
        (pytest.approx(-18 / 7), 0.0, 1.0),
    ]


def test_without_a_committed_date_what_depends_on_it_is_not_known():
    (step,) = facts(date(2026, 1, 5), None, Grid((1,)), Calendar())

    assert np.isnan([step[name] for name in TARGET_NAMES[4:]]).all()
    assert not np.isnan([step[name] for name in TARGET_NAMES[:4]]).any()


def test_the_last_two_weeks_of_a_quarter_count_day_by_day():
    # The quarter ends on 31 March; its last two weeks begin on the 18th. Step 1: 11 to 17 March.
    steps = facts(date(2026, 3, 11), None, Grid((1, 2, 3, 4, 8)), Calendar())

    shares = [step["target_quarter_close"] for step in steps]
    assert shares == pytest.approx([0, 1, 1, 0, 0])
    (step,) = facts(date(2026, 3, 13), None, Grid((1,)), Calendar())
    assert step["target_quarter_close"] == pytest.approx(2 / 7)


@settings(max_examples=60, deadline=None)
@given(as_of=DAYS, start_month=st.integers(1, 12))
def test_fiscal_facts_agree_with_the_calendar_day_by_day(as_of: date, start_month: int):
    calendar, grid = Calendar(fiscal_year_start_month=start_month), Grid((1, 5, 9))

    steps = facts(as_of, None, grid, calendar)

    for step, start, end in zip(steps, (0, 7, 35), (7, 35, 63), strict=True):
        days = [as_of + timedelta(days=day) for day in range(start, end)]
        middle = days[(end - start - 1) // 2]
        quarter_end = calendar.quarter_end_of(middle)
        late = [day for day in days if (calendar.quarter_end_of(day) - day).days < 14]
        after = calendar.quarter_end_of(quarter_end + timedelta(days=1))
        begins_new_year = (quarter_end + timedelta(days=1)).month == start_month
        assert step["target_quarter_close"] == pytest.approx(len(late) / len(days))
        assert step["target_final_quarter"] == float(begins_new_year)
        assert 1 <= step["target_quarter_week"] <= 14
        assert after > quarter_end
