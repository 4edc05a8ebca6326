from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.booster import Booster, BoosterParams, fit_booster
from models.document import DocumentError, from_json, to_json
from models.loss_reason import (
    WAYS,
    LossReasonDocument,
    LossReasonModel,
    loss_reason_from_document,
)
from tests.models.conftest import NAMES, table

X = table(600, seed=7)
FRESH = table(50, seed=8)
REASONS = ("price", "no_decision", "timing")
DEALS = ((0.5, 1.0, None), (-0.5, -1.0, 2.0))


def grown(seed: int, *, classes: int = 3, names: tuple[str, ...] = NAMES) -> Booster:
    """Price where the first thirds of silence are low, and so on."""
    silence = X["silence"].to_numpy()
    edges = np.quantile(silence, np.linspace(0, 1, classes + 1)[1:-1])
    params = BoosterParams(
        objective="multiclass", classes=classes, leaves=4, rounds=20, min_leaf=20, seed=seed
    )
    return fit_booster(X.select(names), np.digitize(silence, edges), params=params)


def book(**changed: object) -> LossReasonModel:
    """The shares of a book of ten lost deals, eight with a reason."""
    told = {
        "names": NAMES,
        "reasons": REASONS,
        "shares": (0.5, 0.25, 0.25),
        "boosters": (),
        "lost": 10,
        "coded": 8,
    }
    return LossReasonModel(**(told | changed))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fitted() -> LossReasonModel:
    return book(boosters=(grown(1), grown(2)), note="better by .1")


def test_shares_are_the_answer_for_every_deal() -> None:
    found = book().predict(FRESH)

    assert found.columns == list(REASONS)
    assert found.unique().rows() == [(0.5, 0.25, 0.25)]
    assert found.height == 50


def test_a_head_tells_deals_apart_and_sums_to_one(fitted: LossReasonModel) -> None:
    asked = pl.DataFrame({"replies": [0.0] * 2, "silence": [-2.0, 2.0], "spend": [0.0] * 2})

    quiet, silent = fitted.predict(asked).rows()

    assert quiet.index(max(quiet)) == 0
    assert silent.index(max(silent)) == 2
    assert fitted.predict(FRESH).sum_horizontal().to_list() == pytest.approx([1.0] * 50)


def test_seeds_are_averaged_in_log_probabilities(fitted: LossReasonModel) -> None:
    first, second = (booster.expected(FRESH) for booster in fitted.boosters)
    mean = np.sqrt(first * second)

    expected = mean / mean.sum(axis=1, keepdims=True)

    assert np.abs(fitted.predict(FRESH).to_numpy() - expected).max() < 1e-12
    assert np.abs(first - second).max() > 1e-3


def test_the_two_likeliest_are_told_and_equal_ones_by_name() -> None:
    turned = book(reasons=("price", "timing", "no_decision"))

    (found,) = turned.likeliest(FRESH[:1]).to_list()

    assert found == [{"reason": "price", "p": 0.5}, {"reason": "no_decision", "p": 0.25}]


def test_a_single_reason_is_told_alone() -> None:
    one = book(reasons=("price",), shares=(1.0,))

    assert one.likeliest(FRESH[:1]).to_list() == [[{"reason": "price", "p": 1.0}]]


def test_no_deal_gives_no_row(fitted: LossReasonModel) -> None:
    for model in (book(), fitted):
        assert model.predict(FRESH[:0]).shape == (0, 3)
        assert model.likeliest(FRESH[:0]).dtype == WAYS
        assert model.likeliest(FRESH[:0]).is_empty()


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_what_is_told_is_the_top_of_what_is_predicted(counts: list[int]) -> None:
    shares = tuple(count / sum(counts) for count in counts)
    model = book(reasons=tuple(f"r{n}" for n in range(len(counts))), shares=shares)

    (told,) = model.likeliest(FRESH[:1]).to_list()

    assert [way["p"] for way in told] == sorted(shares, reverse=True)[:2]
    assert all(shares[int(way["reason"][1:])] == way["p"] for way in told)


def test_coverage_is_the_share_of_lost_deals_with_a_reason(fitted: LossReasonModel) -> None:
    assert book().coverage == 0.8
    assert (book().is_fitted, fitted.is_fitted) == (False, True)


def test_a_document_reads_back_to_the_same_answers_bit_by_bit(fitted: LossReasonModel) -> None:
    for model in (book(), fitted):
        described, texts = model.to_document(DEALS)

        read = from_json(LossReasonDocument, to_json(described), name="loss_reason.json")
        back = loss_reason_from_document(read, texts)

        assert sorted(texts) == [f"loss_reason/reason-{n}.txt" for n in range(len(model.boosters))]
        assert back.predict(FRESH).equals(model.predict(FRESH))
        assert back.to_document(DEALS) == (described, texts)
        assert back.largest_difference(DEALS, read.golden) == 0.0


def test_another_model_does_not_give_the_golden_answers(fitted: LossReasonModel) -> None:
    golden = fitted.to_document(DEALS)[0].golden

    assert book().largest_difference(DEALS, golden) > 0.01
    assert replace(fitted, boosters=fitted.boosters[:1]).largest_difference(DEALS, golden) > 1e-6
    assert fitted.largest_difference(DEALS, golden[:1]) == float("inf")
    assert fitted.largest_difference((), ()) == float("inf")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"reasons": ("price", "price", "timing")}, "different reasons"),
        ({"reasons": ("price", "timing")}, "different reasons"),
        ({"shares": (0.5, 0.5, 0.0)}, "above 0 of sum 1"),
        ({"shares": (0.5, 0.25, 0.2)}, "above 0 of sum 1"),
        ({"reasons": (), "shares": ()}, "above 0 of sum 1"),
        ({"coded": 0}, "1 to 10 lost deals with a reason, found 0"),
        ({"coded": 11}, "1 to 10 lost deals with a reason, found 11"),
        ({"boosters": (grown(1, classes=4),)}, "boosters over 3 reasons, found 4"),
        ({"boosters": (grown(1, names=NAMES[:2]),)}, "expected features"),
        ({"boosters": (grown(1),), "reasons": ("price",), "shares": (1.0,)}, "no booster"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        book(**changed)


def test_a_booster_of_a_yes_or_no_question_is_refused() -> None:
    answer = X["silence"].to_numpy() > 0
    binary = fit_booster(X, answer, params=BoosterParams(leaves=4, rounds=5, min_leaf=20))

    with pytest.raises(ValueError, match="boosters over 3 reasons, found 1"):
        book(boosters=(binary,))


@pytest.mark.parametrize(
    ("old", "new"), [('"lost": 10', '"lost": "ten"'), ("0.25", "NaN"), ('"note"', '"notes"')]
)
def test_a_document_of_another_shape_is_refused(old: str, new: str) -> None:
    text = to_json(book().to_document(DEALS)[0])
    assert old in text

    with pytest.raises(DocumentError, match=r"loss_reason\.json: expected LossReasonDocument"):
        from_json(LossReasonDocument, text.replace(old, new), name="loss_reason.json")
