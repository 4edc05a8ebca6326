import json
from datetime import UTC, datetime
from math import nan

import pytest

from models.booster import BoosterParams
from training.intervals import Figure, Gain
from training.settings import AS_SIZED, Attempt, Settings, Tuned, Tuning

CUT = datetime(2026, 2, 1, tzinfo=UTC)


def gain(value: float | None, low: float | None, high: float | None) -> Gain:
    return Gain(Figure(value, low, high), None, 40, 10)


KEPT, NOT_KEPT = gain(0.010, -0.006, 0.026), gain(0.010, -0.007, 0.027)
"""Standard errors of 0.0097 and 0.0103."""


def test_settings_that_change_nothing_leave_a_size_as_it_was() -> None:
    size = BoosterParams(
        leaves=7, rounds=133, min_leaf=19, row_share=0.7, column_share=0.253, l2=4.7, seed=3
    )

    assert AS_SIZED.sized(size) == size


def test_factors_are_applied_to_the_size_of_the_head() -> None:
    size = BoosterParams(leaves=8, rounds=120, min_leaf=20, row_share=0.8, column_share=0.3, l2=5.0)
    factors = Settings(
        rounds=1.5, leaves=0.5, min_leaf=2.0, row_share=0.75, column_share=0.5, l2=4.0
    )

    found = factors.sized(size)

    assert (found.rounds, found.leaves, found.min_leaf, found.l2) == (180, 4, 40, 20.0)
    assert (found.row_share, found.column_share) == pytest.approx((0.6, 0.15))


def test_a_size_stays_one_that_can_be_grown() -> None:
    size = BoosterParams(leaves=3, rounds=1, min_leaf=1, row_share=0.8, column_share=0.8)
    least = Settings(rounds=0.1, leaves=0.1, min_leaf=0.1)
    most = Settings(row_share=2.0, column_share=2.0)

    small, large = least.sized(size), most.sized(size)

    assert (small.rounds, small.leaves, small.min_leaf) == (1, 2, 1)
    assert (large.row_share, large.column_share) == (1.0, 1.0)


@pytest.mark.parametrize("factor", [0.0, -1.0, nan, float("inf")])
def test_a_factor_that_is_none_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="expected l2 above 0"):
        Settings(l2=factor)


def test_fewer_than_no_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 trials or more, got -1"):
        Tuning(-1)


@pytest.mark.parametrize(
    ("found", "is_kept"),
    [
        (KEPT, True),
        (NOT_KEPT, False),
        (gain(-0.010, -0.011, -0.009), False),
        (gain(0.0, 0.0, 0.0), False),
        (gain(None, None, None), False),
    ],
)
def test_settings_are_kept_above_one_standard_error(found: Gain, *, is_kept: bool) -> None:
    assert Attempt(Settings(rounds=2.0), found).is_kept is is_kept


def test_each_side_is_kept_by_its_own_gain() -> None:
    trees, ridge = Settings(rounds=2.0), Settings(ridge=4.0)

    found = [
        Tuned(3, CUT, {"trees": Attempt(trees, one), "ridge": Attempt(ridge, other)}).settings
        for one, other in ((KEPT, NOT_KEPT), (NOT_KEPT, KEPT), (KEPT, KEPT), (NOT_KEPT, NOT_KEPT))
    ]

    assert found == [trees, ridge, Settings(rounds=2.0, ridge=4.0), AS_SIZED]


def test_a_search_says_in_a_line_what_it_tried_and_found() -> None:
    attempts = {
        "trees": Attempt(Settings(rounds=0.5, min_leaf=2.0), KEPT),
        "ridge": Attempt(Settings(ridge=4.0), NOT_KEPT),
    }

    assert str(Tuned(12, CUT, attempts)) == (  # type: ignore[arg-type]
        "12 settings tried since 2026-02-01, trees kept (rounds x 0.5, min leaf x 2), gain in log "
        "loss 0.0100 (-0.0060 to 0.0260); ridge not kept (ridge x 4), gain in log loss 0.0100 "
        "(-0.0070 to 0.0270)"
    )


def test_a_past_too_short_to_be_split_is_said() -> None:
    assert "too short" in str(Tuned(12))
    assert Tuned(12).settings == AS_SIZED


def test_what_was_found_can_be_written_down() -> None:
    tuned = Tuned(3, CUT, {"ridge": Attempt(Settings(ridge=4.0), KEPT)})

    found = json.loads(json.dumps(tuned.to_mapping()))

    assert found["cut"] == "2026-02-01T00:00:00+00:00"
    assert found["settings"]["ridge"] == 4.0
    assert found["settings"]["rounds"] == 1.0
    assert found["attempts"]["ridge"]["is_kept"] is True
    assert found["attempts"]["ridge"]["gain"]["value"] == 0.01
