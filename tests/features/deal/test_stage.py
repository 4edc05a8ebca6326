import pytest

from features.deal.stage import stage
from tests.factories import account, book, change, closed, day, deal
from tests.features.views import deal_row

ORDER = [{"stage": name, "sort_order": at} for at, name in enumerate(("qualify", "offer", "agree"))]


def said_of(*changes: dict[str, object], at: float = 0) -> dict[str, float | None]:
    of = book(
        accounts=[account()],
        opportunities=[deal(), closed("won", "won", at=day(-100))],
        opportunity_changes=[
            change("stage", "qualify", "offer", at=day(-120), opportunity_id="won"),
            *changes,
        ],
        stages=ORDER,
    )
    return deal_row(stage, of, at=day(at))


def test_the_stage_is_the_one_of_the_time_and_has_a_place() -> None:
    moved = change("stage", "offer", "agree", at=day(-20))

    before, after = said_of(moved, at=-20), said_of(moved)

    assert (before["stage_position"], after["stage_position"]) == (0.5, 1.0)
    assert (before["stage_days"], after["stage_days"]) == (70.0, 20.0)


def test_time_in_stage_is_measured_by_the_deals_that_were_won() -> None:
    said = said_of(change("stage", "qualify", "offer", at=day(-30)))

    assert said["stage_days_ratio"] == pytest.approx(30 / 20)
    assert said["stage_win_rate"] == pytest.approx(1.0)


def test_moving_back_is_negative_progress() -> None:
    said = said_of(
        change("stage", "qualify", "agree", at=day(-91)),
        change("stage", "agree", "offer", at=day(-9)),
    )

    assert said["stage_progress_90d"] == -0.5
    assert said["stage_moves_90d"] == 1.0
