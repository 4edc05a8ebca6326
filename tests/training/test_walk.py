from datetime import UTC, datetime, timedelta
from threading import Event
from time import sleep

import polars as pl
import pytest

from training.folds import Fold, NotEnoughDataError
from training.forecasts import Forecasts
from training.heads import FitError
from training.walk import walk

FOLDS = [
    Fold(datetime(2025, 1, 1, tzinfo=UTC) + timedelta(weeks=13 * number), (), (), ())
    for number in range(4)
]


def told(fold: Fold) -> Forecasts:
    rows = pl.DataFrame({"origin": [fold.origin]})
    return Forecasts(rows, {"constant": pl.DataFrame({"p": [0.5]})}, ("p",), {})


def nothing_to_say(found: Forecasts) -> dict[str, float]:
    return {"constant": float(found.rows.height)}


def test_origins_are_told_in_their_order_however_long_a_fit_takes() -> None:
    second_is_done = Event()

    def forecast(fold: Fold) -> Forecasts:
        if fold == FOLDS[0]:
            assert second_is_done.wait(timeout=30)
        if fold == FOLDS[1]:
            second_is_done.set()
        return told(fold)

    said: list[str] = []
    found = walk(FOLDS, forecast, nothing_to_say, part="slip", threads=1, progress=said.append)

    assert found.rows["origin"].to_list() == [fold.origin for fold in FOLDS]
    assert said[0] == "slip 1/4  origin 2025-01-01  1 rows, log loss constant 1.000"
    assert [line[:8] for line in said] == ["slip 1/4", "slip 2/4", "slip 3/4", "slip 4/4"]


def test_an_origin_with_nothing_to_learn_from_is_said_and_left_out() -> None:
    def forecast(fold: Fold) -> Forecasts:
        if fold == FOLDS[1]:
            raise FitError("no deal closed")
        return told(fold)

    said: list[str] = []
    found = walk(FOLDS, forecast, nothing_to_say, part="bucket", threads=1, progress=said.append)

    assert found.rows["origin"].to_list() == [fold.origin for fold in FOLDS if fold != FOLDS[1]]
    assert said[1] == "bucket 2/4  origin 2025-04-02  left out: no deal closed"


def test_a_history_without_any_outcome_is_refused() -> None:
    def forecast(fold: Fold) -> Forecasts:
        raise FitError(f"nothing at {fold.origin}")

    with pytest.raises(NotEnoughDataError, match="slip: expected outcomes to learn from"):
        walk(FOLDS, forecast, nothing_to_say, part="slip", threads=1, progress=lambda _: None)


def test_fits_of_two_threads_take_turns() -> None:
    running: list[Fold] = []

    def forecast(fold: Fold) -> Forecasts:
        running.append(fold)
        sleep(0.01)
        assert running == [fold]
        running.remove(fold)
        return told(fold)

    found = walk(FOLDS, forecast, nothing_to_say, part="slip", threads=2, progress=lambda _: None)
    assert found.rows.height == len(FOLDS)


def test_an_error_of_a_fit_is_not_swallowed() -> None:
    def forecast(fold: Fold) -> Forecasts:
        raise KeyError(fold.origin)

    with pytest.raises(KeyError):
        walk(FOLDS, forecast, nothing_to_say, part="slip", threads=1, progress=lambda _: None)
