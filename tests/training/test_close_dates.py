from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from training.close_dates import close_dates

START = date(2026, 1, 5)


def after(days: float) -> date:
    return START + timedelta(days=int(days) - 1)


def deals(taken: list[int | None], watched: list[int] | None = None) -> pl.DataFrame:
    """Deals described on one day, won after so many days (None: still open).

    The curve names days 10, 20 and 30.
    """
    count = len(taken)
    seen = watched or [400] * count
    return pl.DataFrame(
        {
            "account_id": [f"a{number}" for number in range(count)],
            "as_of_on": [START] * count,
            "event": ["open" if days is None else "won" for days in taken],
            "event_on": pl.Series([days and after(days) for days in taken], dtype=pl.Date),
            "censored_on": [after(days) for days in seen],
            "curve_ends_on": [after(100)] * count,
            "close_p25": [after(10)] * count,
            "close_p50": [after(20)] * count,
            "close_p75": [after(30)] * count,
        }
    )


def test_a_win_on_the_day_named_counts_half_and_the_day_after_not_at_all() -> None:
    found = close_dates(deals([9, 10, 11, 20, 30, 31]), seed=1)

    assert found.wins == 6
    assert found.by_p25.value == pytest.approx(1.5 / 6)
    assert found.by_p50.value == pytest.approx(3.5 / 6)
    assert found.by_p75.value == pytest.approx(4.5 / 6)
    assert found.between.value == pytest.approx(3 / 6)
    assert found.width_days.value == pytest.approx(20.0)


def test_the_lost_and_the_open_are_not_wins() -> None:
    frame = deals([5, 5, 5, None])
    frame = frame.with_columns(event=pl.Series(["won", "lost", None, "open"]))

    found = close_dates(frame, seed=1)

    assert (found.wins, found.by_p25.value) == (1, 1.0)


def test_a_win_after_the_end_of_the_curve_is_no_promise_of_it() -> None:
    found = close_dates(deals([5, 25, 100, 101, 300]), seed=1)

    assert (found.wins, found.by_p25.value) == (3, pytest.approx(1 / 3))


def test_a_late_win_speaks_for_those_that_were_not_watched_as_long() -> None:
    # Half of the deals were watched for 15 days only: their wins after that are not seen.
    frame = deals([5, 25, 5, None], watched=[40, 25, 15, 15])

    found = close_dates(frame, seed=1)

    assert found.by_p25.value == pytest.approx(2 / 4)
    assert found.watched_days == 40


def test_shares_hold_when_the_newest_deals_are_watched_for_days_only() -> None:
    rng = np.random.default_rng(5)
    days = rng.uniform(0, 39, size=8_000)  # quartiles within days 10, 20 and 30
    watched = rng.integers(5, 60, size=days.size)
    taken = [
        int(np.ceil(d)) if np.ceil(d) <= w else None for d, w in zip(days, watched, strict=True)
    ]

    found = close_dates(deals(taken, watched=watched.tolist()), seed=1)

    assert found.by_p25.value == pytest.approx(0.25, abs=0.02)
    assert found.by_p50.value == pytest.approx(0.50, abs=0.02)
    assert found.by_p75.value == pytest.approx(0.75, abs=0.02)
    assert found.between.value == pytest.approx(0.50, abs=0.02)


def test_one_late_win_weighs_no_more_than_twenty() -> None:
    frame = deals([35, *([1] * 99)], watched=[40, *([20] * 99)])

    found = close_dates(frame, seed=1)

    assert found.by_p75.value == pytest.approx(99 / (99 + 20))


def test_a_curve_that_names_no_days_is_left_out() -> None:
    frame = deals([5, 35]).with_columns(
        pl.when(pl.col("account_id") == "a0").then("close_p25").alias("close_p25")
    )

    found = close_dates(frame, seed=1)

    assert (found.wins, found.accounts) == (1, 1)


def test_without_wins_nothing_is_said() -> None:
    found = close_dates(deals([None, None]), seed=1)

    assert found.wins == 0
    assert found.between.to_mapping() == {"value": None, "low": None, "high": None}
    assert found.to_mapping()["watched_days"] == 400
