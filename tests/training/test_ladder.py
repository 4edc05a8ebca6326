import pytest

from training.ladder import CURVES, rung_of


@pytest.mark.parametrize(
    ("won", "lost", "curves"),
    [
        (0, 0, ["logistic"]),
        (99, 5_000, ["logistic"]),
        (5_000, 99, ["logistic"]),
        (100, 100, ["logistic", "blend"]),
        (500, 500, ["logistic", "blend"]),
        (500, 501, ["lightgbm", "logistic", "blend"]),
    ],
)
def test_more_closed_deals_let_more_curves_compete(won, lost, curves):
    assert [CURVES[name] for name in rung_of(won, lost).curves] == curves


def test_forty_won_and_forty_lost_deals_end_the_learning():
    assert rung_of(39, 40).is_learning
    assert rung_of(40, 39).is_learning
    assert not rung_of(40, 40).is_learning
