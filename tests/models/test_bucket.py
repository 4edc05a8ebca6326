from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.bucket import BucketModel, bucket_from_document
from models.document import from_json, to_json
from models.head import Head
from models.logodds import logit, sigmoid


def constant(name: str, share: float) -> Head:
    return Head(name, ("a",), constant=float(logit(np.array(share))))


def test_probabilities_follow_the_chain_of_questions():
    model = BucketModel(
        "constant", ("a",), constant("walk", 0.2), constant("pain", 0.25), constant("a_list", 0.5)
    )

    (row,) = model.predict(pl.DataFrame({"a": [1.0]})).rows()

    assert row == pytest.approx((0.3, 0.2, 0.2, 0.3))  # a_list, pain, walk_away, steady


def test_the_four_probabilities_of_every_row_sum_to_one(parts):
    shares = parts.bucket.predict(parts.X)

    assert shares.columns == ["p_a_list", "p_pain", "p_walk_away", "p_steady"]
    assert shares.select((pl.sum_horizontal(pl.all()) - 1).abs().max()).item() < 1e-12
    assert shares.select(pl.min_horizontal(pl.all()).min()).item() >= 0


def test_a_blend_averages_boosters_and_logistic_in_log_odds_by_their_share(parts):
    head = replace(parts.bucket.pain, logistic_share=0.3)
    rows = parts.X.to_numpy(order="c").astype(np.float32)

    trees = np.mean([booster.log_odds(rows) for booster in head.boosters], axis=0)

    expected = 0.7 * trees + 0.3 * head.logistic.log_odds(rows)
    assert np.abs(head.log_odds(rows) - expected).max() < 1e-12


@pytest.mark.parametrize("name", ["walk", "pain", "a_list"])
def test_the_contributions_of_each_question_add_up_to_what_it_predicts(parts, name):
    rows = parts.X.to_numpy(order="c").astype(np.float32)

    parts_of = parts.bucket.contributions(parts.X, name)

    assert np.abs(parts_of.sum(axis=1) - parts.bucket.head(name).log_odds(rows)).max() < 1e-6


def test_the_explanation_of_a_displayed_bucket_adds_up_to_its_question(parts):
    shown = ["walk_away", "pain", "a_list", "steady"] * 15
    rows = parts.X.to_numpy(order="c").astype(np.float32)

    told = parts.bucket.explain(parts.X, shown)

    total = told.base + told.averaged().sum(axis=1)
    asked = ["walk", "pain", "a_list", "a_list"] * 15
    odds = [parts.bucket.head(name).log_odds(rows)[row] for row, name in enumerate(asked)]
    assert np.abs(total - np.array(odds)).max() < 1e-6
    assert told.raises[:4] == ("toward_walk_away", "toward_pain", "toward_a_list", "toward_a_list")
    assert told.lowers[3] == "away_from_a_list"


def test_an_unknown_bucket_is_refused_by_name(parts):
    with pytest.raises(ValueError, match=r"found \['gold'\]"):
        parts.bucket.explain(parts.X[:1], ["gold"])


def test_a_model_read_back_from_its_files_answers_bit_by_bit_alike(parts):
    described, texts = parts.bucket.to_document()

    again = bucket_from_document(
        from_json(type(described), to_json(described), name="bucket.json"), texts
    )

    assert again.predict(parts.X).equals(parts.bucket.predict(parts.X))
    assert again.a_list.note == "too few"


def test_a_head_over_other_features_is_refused(parts):
    with pytest.raises(ValueError, match="head walk: expected features"):
        BucketModel(
            "constant",
            ("b",),
            constant("walk", 0.2),
            constant("pain", 0.2),
            constant("a_list", 0.5),
        )


def test_heads_in_each_others_place_are_refused():
    with pytest.raises(ValueError, match="expected head walk, found pain"):
        BucketModel(
            "constant",
            ("a",),
            constant("pain", 0.2),
            constant("walk", 0.2),
            constant("a_list", 0.5),
        )


def test_log_odds_and_probabilities_are_each_others_inverse():
    shares = np.array([1e-9, 0.3, 0.5, 1 - 1e-9])

    assert sigmoid(logit(shares)) == pytest.approx(shares, rel=1e-9)
