import numpy as np
import polars as pl
import pytest

from models.booster import BoosterParams, fit_boosters
from models.document import from_json, to_json
from models.head import Bend, BentLogistic, Head, HeadDocument, head_from_document
from models.logistic import LogisticHead

NAMES = ("age", "mood")
LINE = LogisticHead(
    names=NAMES,
    medians=(4.0, 0.0),
    lows=(0.0, -2.0),
    highs=(10.0, 2.0),
    means=(5.0, 0.0),
    scales=(2.0, 1.0),
    coefficients=(0.4, -1.0),
    flags=(0.3, 0.0),
    rates=(0.1, 0.0),
    intercept=-0.7,
)
BENT = BentLogistic(LINE, (Bend("age", 6.0, 0.5, -0.9), Bend("age", 3.0, 1.5, 0.2)))


def rows(*found: tuple[float, float]) -> np.ndarray:
    return np.array(found, dtype=np.float32)


def test_a_bend_counts_from_its_value_on_and_not_below():
    asked = rows((2.0, 0.0), (3.0, 0.0), (5.0, 0.0), (8.0, 0.0))

    added = BENT.log_odds(asked) - LINE.log_odds(asked)

    at_the_means = -0.5 * -0.9 - 1.5 * 0.2
    assert added - at_the_means == pytest.approx([0.0, 0.0, 0.4, 5 * 0.2 - 2 * 0.9])


def test_a_bend_takes_a_null_as_the_median_and_what_lies_far_out_as_the_end():
    asked = rows((np.nan, 0.0), (4.0, 0.0), (99.0, 0.0), (10.0, 0.0))

    unknown, median, far, end = BENT.log_odds(asked) - LINE.log_odds(asked)

    assert unknown == pytest.approx(median)
    assert far == pytest.approx(end)


def test_the_contributions_of_a_bent_regression_stand_with_their_feature_and_add_up():
    asked = rows((2.0, 1.0), (8.0, -1.0), (np.nan, np.nan))

    parts = BENT.contributions(asked)

    assert parts.shape == (3, 3)
    assert parts.sum(axis=1) == pytest.approx(BENT.log_odds(asked))
    assert parts[:, 1] == pytest.approx(LINE.contributions(asked)[:, 1])
    assert parts[:, -1] == pytest.approx([BENT.intercept] * 3)


def test_a_bend_of_a_feature_that_the_line_does_not_read_is_refused():
    with pytest.raises(ValueError, match="found \\['luck'\\]"):
        BentLogistic(LINE, (Bend("luck", 0.0, 0.0, 1.0),))


def test_a_head_of_a_bent_or_a_straight_regression_is_read_back_as_what_it_was():
    asked = rows((2.0, 1.0), (8.0, -1.0))
    for logistic in (BENT, LINE):
        head = Head("win", NAMES, logistic=logistic)
        described, texts = head.to_document("slip")

        again = head_from_document(
            from_json(HeadDocument, to_json(described), name="slip.json"), texts, names=NAMES
        )

        assert again == head
        assert (again.log_odds(asked) == head.log_odds(asked)).all()


def test_boosters_grown_on_a_regression_add_half_of_what_they_say_to_the_whole_of_it():
    X = np.random.default_rng(5).normal(size=(400, 2)).astype(np.float32)
    frame = pl.DataFrame(X, schema=list(NAMES), orient="row")
    sizes = [BoosterParams(rounds=20, leaves=4, seed=seed) for seed in (1, 2)]
    boosters = fit_boosters(frame, X[:, 0] > 0.3, sizes=sizes)

    head = Head("win", NAMES, boosters, logistic=LINE, is_grown_on_line=True)
    described, texts = head.to_document("slip")

    trees = np.mean([booster.log_odds(X) for booster in boosters], axis=0)
    whole = LINE.log_odds(X) + 0.5 * trees
    assert head.log_odds(X) == pytest.approx(whole)
    assert head.contributions(X).sum(axis=1) == pytest.approx(whole)
    assert head.levelled_contributions(X, 6).mean(axis=0).sum(axis=1) == pytest.approx(whole)
    assert head_from_document(described, texts, names=NAMES).log_odds(X) == pytest.approx(whole)


def test_nothing_grows_on_a_regression_that_is_not_there():
    with pytest.raises(ValueError, match="expected a logistic below its boosters, found none"):
        Head("win", ("size",), constant=0.0, is_grown_on_line=True)
