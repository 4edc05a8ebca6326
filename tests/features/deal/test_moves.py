import pytest

from features.deal.moves import moves
from tests.factories import Row, account, book, change, closed, day, deal
from tests.features.views import deal_row

STAGES = ("qualify", "show", "offer", "agree")
ORDER = [{"stage": name, "sort_order": at} for at, name in enumerate(STAGES)]


def moved(old: str | None, new: str, days: float, **cells: object) -> Row:
    return change("stage", old, new, at=day(days), **cells)


def said_of(*changes: Row) -> dict[str, float | None]:
    """Won deals stood 40 days in qualify and 20 in offer, and nowhere else."""
    of = book(
        accounts=[account()],
        opportunities=[deal(), closed("won", "won", at=day(-100))],
        opportunity_changes=[moved("qualify", "offer", -120, opportunity_id="won"), *changes],
        stages=ORDER,
    )
    return deal_row(moves, of)


def test_moves_back_and_stages_passed_over_are_counted() -> None:
    said = said_of(
        moved(None, "qualify", -90),
        moved("qualify", "agree", -80),
        moved("agree", "show", -50),
        moved("show", "elsewhere", -40),
        moved("elsewhere", "offer", -30),
    )

    assert (said["stage_moves"], said["stage_moves_back"]) == (4.0, 1.0)
    assert (said["stages_skipped"], said["is_last_move_back"]) == (2.0, 0.0)


def test_the_last_move_is_the_newest_one_that_is_known() -> None:
    back = moved("offer", "qualify", -9)
    forward = moved("qualify", "offer", -5)

    assert said_of(moved("qualify", "offer", -20), back)["is_last_move_back"] == 1.0
    assert said_of(back, forward)["is_last_move_back"] == 0.0
    assert said_of(back, {**forward, "recorded_at": day(0)})["is_last_move_back"] == 1.0


def test_the_way_is_measured_stage_by_stage() -> None:
    said = said_of(moved("qualify", "show", -60), moved("show", "offer", -50))

    assert said["first_stage_days"] == 30.0
    assert said["path_days_ratio"] == pytest.approx((30 + 50) / (40 + 20))


def test_a_deal_that_never_moved_still_stands_in_its_first_stage() -> None:
    said = said_of(moved(None, "qualify", -90))

    assert (said["first_stage_days"], said["stage_moves"]) == (90.0, 0.0)
    assert said["path_days_ratio"] == pytest.approx(90 / 40)


def test_stages_without_won_deals_have_no_usual_time() -> None:
    assert said_of(moved("show", "agree", -60))["path_days_ratio"] is None


def test_a_move_before_creation_took_no_days() -> None:
    said = said_of(moved("qualify", "offer", -95))

    assert said["first_stage_days"] == 0.0
    assert said["path_days_ratio"] == pytest.approx(95 / 60)


def test_the_usual_time_is_exact_to_the_microsecond() -> None:
    """A won deal stood 0.0004 days in qualify and so did this one: thousandths would say 0."""
    stood = 0.0004
    of = book(
        accounts=[account()],
        opportunities=[deal(at=day(-1)), closed("won", "won", at=day(-100))],
        opportunity_changes=[
            moved("qualify", "offer", -160 + stood, opportunity_id="won"),
            moved("qualify", "elsewhere", -1 + 2 * stood),
        ],
        stages=ORDER,
    )

    assert deal_row(moves, of)["path_days_ratio"] == pytest.approx(2.0)


def test_of_moves_at_one_moment_the_one_recorded_first_ended_the_stay() -> None:
    first = moved("show", "qualify", -50, recorded_at=day(-49))
    second = moved("qualify", "offer", -50, recorded_at=day(-48))

    assert said_of(first, second)["path_days_ratio"] == pytest.approx((0 + 50) / (40 + 20))
    assert said_of(second, first)["path_days_ratio"] == pytest.approx((0 + 50) / (40 + 20))
