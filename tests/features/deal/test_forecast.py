from datetime import timedelta

import pytest

from features.deal.forecast import forecast
from tests.factories import Row, account, book, change, day, deal
from tests.features.views import deal_row

TICK = timedelta(microseconds=1)


def said_of(*changes: Row, **cells: object) -> dict[str, float | None]:
    of = book(accounts=[account()], opportunities=[deal(**cells)], opportunity_changes=changes)
    return deal_row(forecast, of)


def test_the_category_is_that_of_the_moment_by_its_letters() -> None:
    said = said_of(
        change("forecast_category", None, "Pipeline", at=day(-80)),
        change("forecast_category", "Pipeline", "Commit", at=day(-60)),
        change("forecast_category", "Commit", "Best Case", at=day(-30)),
        change("forecast_category", "Best Case", "pipeline", at=day(0)),
        change("forecast_category", "Best Case", "my own", at=day(-40), opportunity_id="x"),
    )

    assert said["forecast_step"] == 2.0
    assert (said["forecast_raised"], said["forecast_lowered"]) == (1.0, 1.0)


def test_a_category_of_another_name_has_no_step_and_is_no_change() -> None:
    said = said_of(change("forecast_category", "commit", "my own", at=day(-30)))

    assert said["forecast_step"] is None
    assert (said["forecast_raised"], said["forecast_lowered"]) == (0.0, 0.0)


def test_the_probability_is_that_of_the_moment_and_its_moves_are_summed() -> None:
    said = said_of(
        change("probability", None, "0.1", at=day(-80)),
        change("probability", "0.1", "0.3", at=day(-90)),
        change("probability", "0.3", "0.9", at=day(-90) - TICK),
        change("crm_probability", "0.3", "0.25", at=day(-30)),
        change("probability", "0.25", "0.75", at=day(-5), recorded_at=day(0)),
    )

    assert said["crm_probability"] == pytest.approx(0.25)
    assert said["crm_probability_change_30d"] == pytest.approx(-0.05)
    assert said["crm_probability_change_90d"] == pytest.approx(0.15)


def test_without_changes_nothing_moved_and_nothing_is_known() -> None:
    said = said_of()

    assert (said["forecast_step"], said["crm_probability"]) == (None, None)
    assert said["forecast_raised"] == said["crm_probability_change_90d"] == 0.0


def test_moves_of_the_probability_below_a_thousandth_are_summed_too() -> None:
    said = said_of(
        change("probability", "0.1", "0.1004", at=day(-9)),
        change("probability", "0.1004", "0.1008", at=day(-8)),
    )

    assert said["crm_probability_change_30d"] == pytest.approx(0.0008)
