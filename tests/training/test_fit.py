from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from features.feature import Feature
from models.booster import fit_boosters
from models.logodds import sigmoid
from tests.training.learnable import FEATURES, table, values
from training.fit import FitError, fit_bucket
from training.heads import Craft, Sample, booster_params, fit_head, fit_logistic


def truth(found: np.ndarray) -> np.ndarray:
    """p_a_list, p_pain, p_walk_away, p_steady of the world the labels are drawn from."""
    a, b = found[:, 0].astype(np.float64), found[:, 1].astype(np.float64)
    walk, pain, a_list = sigmoid(a - 0.5), sigmoid(b - 1), sigmoid(-b)
    neither = (1 - walk) * (1 - pain)
    return np.stack([neither * a_list, (1 - walk) * pain, walk, neither * (1 - a_list)], axis=1)


def labelled(found: np.ndarray, seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    draws = rng.random((len(found), 1))
    drawn = (draws > truth(found).cumsum(axis=1)).sum(axis=1).clip(0, 3)
    label = np.array(["a_list", "pain", "walk_away", "steady"])[drawn]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(days=30 * (row % 12)) for row in range(len(found))]
    return pl.DataFrame(
        {"label": label, "as_of": moments, "horizon_days": 91},
        schema_overrides={"as_of": pl.Datetime("us", "UTC")},
    ).with_columns(weight_walk=1.0, weight_pain=1.0, weight_a_list=1.0)


def buckets(X: np.ndarray, labels: pl.DataFrame, kind: str = "lightgbm"):
    return fit_bucket(
        table(X),
        labels,
        features=FEATURES,
        kind=kind,
        seed=5,
        threads=1,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("kind", "limit"), [("lightgbm", 0.06), ("logistic", 0.04), ("blend", 0.06)]
)
def test_a_fitted_chain_comes_near_the_probabilities_of_its_world(kind, limit):
    X, fresh = values(6_000, 1), values(2_000, 2)

    model = buckets(X, labelled(X, 3), kind)

    said = model.predict(table(fresh)).to_numpy()
    assert np.abs(said - truth(fresh)).mean() < limit
    assert np.abs(said.mean(axis=0) - truth(fresh).mean(axis=0)).max() < 0.03


def test_the_constant_chain_says_the_shares_of_the_training_rows():
    X = values(3_000, 1)
    labels = labelled(X, 3)

    model = buckets(X, labels, "constant")

    (row,) = model.predict(table(X[:1])).rows(named=True)
    shares = {f"p_{name}": count / 3_000 for name, count in labels["label"].value_counts().rows()}
    assert row == pytest.approx(shares, abs=1e-3)
    assert model.walk.note == ""


def test_the_same_seed_gives_the_same_model():
    X = values(800, 1)
    labels = labelled(X, 3)

    one, again = buckets(X, labels), buckets(X, labels)

    assert one.to_document() == again.to_document()
    assert len({booster.text() for booster in one.walk.boosters}) == 3


def test_a_masked_row_teaches_its_head_nothing():
    X = values(2_000, 1)
    labels = labelled(X, 3)
    half = pl.int_range(2_000) < 1_000
    wrong = labels.with_columns(
        label=pl.when(half).then("label").otherwise(pl.lit("walk_away")),
        weight_walk=pl.when(half).then(1.0).otherwise(0.0),
    )

    masked, without = buckets(X, wrong), buckets(X[:1_000], labels[:1_000])

    # 12 moments are among the first half too, so the heads are of one size.
    assert masked.walk.boosters[0].text() == without.walk.boosters[0].text()


def test_a_row_with_friction_missing_counts_as_no_walk_away_and_nothing_else():
    X = values(1_500, 1)
    labels = labelled(X, 3)
    dropped = labels.with_columns(
        label=pl.when(pl.col("label") != "steady").then("label"),
        weight_pain=pl.when(pl.col("label") != "steady").then(1.0).otherwise(0.0),
        weight_a_list=pl.when(pl.col("label") == "a_list").then(1.0).otherwise(0.0),
    )

    model = buckets(X, dropped, "logistic")

    assert model.walk.logistic == buckets(X, labels, "logistic").walk.logistic
    assert model.a_list.constant is not None
    assert "rows say yes" in model.a_list.note


def test_later_questions_are_asked_only_of_the_rows_that_reach_them():
    X = values(3_000, 1)
    labels = labelled(X, 3)

    model = buckets(X, labels, "constant")

    count = dict(labels["label"].value_counts().rows())
    neither = count["a_list"] + count["steady"]
    assert sigmoid(np.array(model.a_list.constant)) == pytest.approx(
        count["a_list"] / neither, abs=1e-3
    )


def test_a_question_that_no_row_answers_is_an_error():
    X = values(50, 1)
    labels = labelled(X, 3).with_columns(label=pl.lit("walk_away"))

    with pytest.raises(FitError, match="head pain: expected rows with a known answer"):
        buckets(X, labels)


def test_the_direction_of_a_feature_binds_its_head_alone():
    X = values(2_000, 1)
    turned = labelled(-X, 3)
    sweep = np.zeros((200, 3), dtype=np.float32)
    sweep[:, 0] = np.linspace(-3, 3, 200)

    model = buckets(X, turned)

    assert (np.diff(model.walk.log_odds(sweep)) >= 0).all()


def test_heads_grow_with_the_cases_of_the_rarer_answer():
    def size(rarer: int, overlap: float = 1.0, rows: int = 20_000):
        sample = Sample(pl.DataFrame(), np.zeros(rows, bool), np.ones(rows), rarer, overlap)
        return booster_params(sample, "walk", seed=0, threads=1)

    few, some, many = size(50), size(200), size(2_000)

    assert few.rounds < some.rounds < many.rounds
    assert few.leaves < many.leaves
    assert size(200, overlap=6).min_leaf == 6 * size(200).min_leaf
    assert size(20, rows=60).min_leaf == 5


def kind_of(words: int) -> Feature:
    return replace(
        FEATURES[1],
        name="kind",
        unit="category",
        vocabulary=tuple(f"kind {number}" for number in range(words)),
    )


def coded_sample() -> Sample:
    """The codes 1 and 3 say yes, the others no, and of some rows the code is not known."""
    codes = np.random.default_rng(1).integers(0, 5, 2_000).astype(np.float32)
    y = np.isin(codes, (1, 3))
    codes[::7] = np.nan
    y[::7] = np.arange(len(y[::7])) % 3 != 0
    X = pl.DataFrame({"kind": codes})
    return Sample(X, y, np.ones(len(y)), rarer=800)


def test_a_head_takes_the_codes_of_a_category_for_what_they_are():
    sample = coded_sample()
    codes = pl.DataFrame({"kind": [0.0, 1.0, 2.0, 3.0, 4.0]})

    head = fit_head(sample, "walk", Craft("lightgbm", (kind_of(4),), seed=1, threads=1))

    assert "num_cat=0" not in head.boosters[0].text()
    odds = head.log_odds(codes.to_numpy().astype(np.float32))
    assert odds[[1, 3]].min() > odds[[0, 2, 4]].max()


def test_the_logistic_reads_no_number_out_of_a_code_but_knows_whether_there_is_one():
    sample = coded_sample()
    codes = pl.DataFrame({"kind": [0.0, 1.0, 4.0, None]})

    head = fit_head(sample, "walk", Craft("logistic", (kind_of(4),), seed=1, threads=1))

    first, second, last, unknown = head.logistic.log_odds(codes)
    assert first == second == last
    assert unknown > first


def test_a_column_that_is_never_known_does_not_trouble_the_logistic():
    X = values(500, 1)
    X[:, 2] = np.nan
    sample = Sample(table(X), X[:, 0] > 0, np.ones(500), rarer=200)

    head = fit_logistic(sample)

    assert np.isfinite(head.log_odds(table(X))).all()
    assert head.coefficients[2] == 0
    assert head.coefficients[0] > 1


def test_the_boosters_of_every_head_are_those_that_the_grower_returned():
    grown = []

    def grow(X, y, **asked):
        grown.append(fit_boosters(X, y, **asked)[:1])
        return grown[-1]

    X = values(600, 1)
    model = fit_bucket(
        table(X), labelled(X, 3), features=FEATURES, kind="blend", seed=5, threads=1, grow=grow
    )

    assert [model.walk.boosters, model.pain.boosters, model.a_list.boosters] == grown
