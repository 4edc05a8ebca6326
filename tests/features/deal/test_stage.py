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


def test_a_move_entered_late_starts_the_days_of_the_stage_that_it_set() -> None:
    late = change("stage", "offer", "agree", at=day(-40), recorded_at=day(-5))
    moved = change("stage", "qualify", "offer", at=day(-20))

    before, after = said_of(moved, late, at=-5), said_of(moved, late)

    assert (before["stage_position"], before["stage_days"]) == (0.5, 15.0)
    assert (after["stage_position"], after["stage_days"]) == (1.0, 40.0)


def test_of_moves_known_at_one_moment_the_days_follow_the_one_that_set_the_stage() -> None:
    entered = {"recorded_at": day(-5)}
    moves = [
        change("stage", "qualify", "offer", at=day(-30), **entered),
        change("stage", "offer", "agree", at=day(-20), **entered),
    ]

    said = [said_of(*moves), said_of(*moves[::-1])]

    assert [(row["stage_position"], row["stage_days"]) for row in said] == [(1.0, 20.0)] * 2


def test_a_first_stage_entered_last_counts_from_creation() -> None:
    first = change("stage", None, "offer", at=day(-90), recorded_at=day(-5))

    said = said_of(change("stage", "qualify", "agree", at=day(-20)), first)

    assert (said["stage_position"], said["stage_days"]) == (0.5, 90.0)
    assert said["stage_moves_90d"] == 1.0


def test_progress_is_counted_in_whole_places() -> None:
    of = book(
        accounts=[account()],
        opportunities=[deal()],
        opportunity_changes=[change("stage", "a", "b", at=day(-20))],
        stages=[*({"stage": name, "sort_order": at} for at, name in enumerate("abcd"))],
    )
    alone = book(
        accounts=[account()],
        opportunities=[deal()],
        opportunity_changes=[change("stage", "a", "a", at=day(-20))],
        stages=[{"stage": "a", "sort_order": 1.0}, {"stage": "b"}],
    )

    assert deal_row(stage, of)["stage_progress_90d"] == pytest.approx(1 / 3, abs=1e-7)
    assert deal_row(stage, alone)["stage_progress_90d"] == 0.0
