import numpy as np
import polars as pl
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from training.intervals import Clusters, Codes, Floats, clusters_of
from training.metrics import book_codes, measure, measure_classes, top_weights

ROWS = 600


def sample(seed: int = 5) -> tuple[Floats, Floats, Clusters, Codes]:
    generator = np.random.default_rng(seed)
    p = np.round(generator.beta(2, 4, size=ROWS), 2)  # rounded: many ties
    outcome = (generator.random(ROWS) < p).astype(np.float64)
    accounts = pl.Series([f"a{number % 90}" for number in range(ROWS)])
    books = np.arange(ROWS) % 6
    return outcome, p, clusters_of(accounts, seed=1, repeats=100), books


def test_figures_agree_with_the_reference_implementation() -> None:
    outcome, p, clusters, books = sample()

    found = measure(outcome, p, clusters=clusters, books=books, seed=1)

    assert found.auc.value == pytest.approx(roc_auc_score(outcome, p))
    assert found.average_precision.value == pytest.approx(average_precision_score(outcome, p))
    assert found.log_loss.value == pytest.approx(log_loss(outcome, np.clip(p, 1e-7, 1 - 1e-7)))
    assert found.brier.value == pytest.approx(brier_score_loss(outcome, p))
    assert found.prevalence.value == pytest.approx(outcome.mean())
    assert found.bias.value == pytest.approx((p - outcome).mean())


def test_a_resampled_auc_is_that_of_the_repeated_rows() -> None:
    outcome, p, clusters, books = sample()
    once = Clusters(clusters.codes, clusters.draws[:1])
    rows = np.repeat(np.arange(ROWS), clusters.draws[0][clusters.codes].astype(int))

    found = measure(outcome, p, clusters=once, books=books, seed=1)

    assert found.auc.low == pytest.approx(roc_auc_score(outcome[rows], p[rows]))
    assert found.average_precision.low == pytest.approx(
        average_precision_score(outcome[rows], p[rows])
    )
    assert found.log_loss.low == pytest.approx(log_loss(outcome[rows], np.clip(p[rows], 1e-7, 1)))


def test_every_figure_lies_in_its_interval() -> None:
    outcome, p, clusters, books = sample()

    found = measure(outcome, p, clusters=clusters, books=books, seed=1).to_mapping()

    for name, figure in found.items():
        if isinstance(figure, dict):
            assert figure["low"] <= figure["value"] <= figure["high"], name


def test_a_model_that_keeps_its_word_has_no_calibration_error_beyond_chance() -> None:
    excess = []
    for seed in range(12):
        outcome, p, clusters, books = sample(seed)
        found = measure(outcome, p, clusters=clusters, books=books, seed=seed)
        assert found.ece.value is not None
        assert found.excess_ece.value is not None
        assert found.ece.value > found.excess_ece.value
        excess.append(found.excess_ece.value)

    assert abs(float(np.mean(excess))) < 0.01


def test_a_model_that_says_too_much_has_excess_calibration_error_and_bias() -> None:
    outcome, p, clusters, books = sample()

    found = measure(outcome, np.clip(p + 0.2, 0, 1), clusters=clusters, books=books, seed=1)

    assert found.excess_ece.value is not None
    assert found.excess_ece.value > 0.12
    assert found.bias.low is not None
    assert found.bias.low > 0.12


def test_a_constant_has_a_lift_of_one_and_an_auc_of_one_half() -> None:
    outcome, p, clusters, books = sample()

    found = measure(outcome, np.full_like(p, 0.3), clusters=clusters, books=books, seed=1)

    assert found.lift_at_k.value == pytest.approx(1.0)
    assert found.auc.value == pytest.approx(0.5)


def test_the_top_fifth_is_taken_of_each_book() -> None:
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    books = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])

    found = top_weights(p, books)

    assert found.tolist() == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_rows_that_tie_at_the_border_share_it() -> None:
    found = top_weights(np.array([0.9, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), np.zeros(10))

    assert found.tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0, 0, 0])


def test_a_book_is_one_reps_rows_of_one_as_of() -> None:
    as_of = pl.Series([1, 1, 2, 1, 1])
    owner = pl.Series(["x", "y", "x", None, None])

    found = book_codes(as_of, owner)

    assert len(set(found.tolist())) == 4
    assert found[3] == found[4]


def test_four_classes_are_judged_together_and_the_first_alone() -> None:
    generator = np.random.default_rng(2)
    p = generator.dirichlet([2, 1, 1, 1], size=ROWS)
    label = np.array([generator.choice(4, p=row) for row in p])
    _, _, clusters, books = sample()

    found = measure_classes(label, p, clusters=clusters, books=books, seed=1)

    assert found.log_loss.value == pytest.approx(log_loss(label, p))
    assert found.brier.value == pytest.approx(((p - np.eye(4)[label]) ** 2).sum(axis=1).mean())
    assert found.auc.value == pytest.approx(roc_auc_score(label == 0, p[:, 0]))


def test_one_kind_of_outcome_leaves_ranking_figures_empty() -> None:
    _, p, clusters, books = sample()

    found = measure(np.zeros(ROWS), p, clusters=clusters, books=books, seed=1)

    assert found.auc.value is None
    assert found.lift_at_k.value is None
    assert found.log_loss.value is not None


def test_no_rows_are_said_to_be_none() -> None:
    _, _, clusters, _ = sample()
    nothing = np.array([])

    found = measure(
        nothing, nothing, clusters=clusters.take(np.zeros(ROWS, dtype=bool)),
        books=np.array([], dtype=np.int64), seed=1,
    )  # fmt: skip

    assert (found.n, found.accounts, found.auc.value) == (0, 0, None)
