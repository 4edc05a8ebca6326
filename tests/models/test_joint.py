"""Boosters over all buckets at once, and the ensemble that they are half of."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from features.calendar import Calendar
from models.booster import Booster, BoosterParams, fit_booster
from models.bucket import BucketModel, bucket_from_document
from models.bundle import load_bundle
from models.document import from_json, to_json
from models.golden import GoldenDeals, golden_rows
from models.joint import UNTOLD, Joint
from models.logodds import sigmoid
from models.policy import BUCKETS
from tests.models.conftest import NAMES, table
from tests.models.test_bundle import contents, written

ALL = (*BUCKETS, UNTOLD)
QUESTIONS = ("walk", "pain", "a_list")
ANSWERS = {"walk": "walk_away", "pain": "pain", "a_list": "a_list"}


def booster(classes: tuple[str, ...], *, seed: int) -> Booster:
    X = table(900, seed=3)
    draws = np.random.default_rng(seed).normal(0.0, 1.0, 900)
    pull = X.to_numpy()[:, :2].sum(axis=1)
    known = np.where(np.isnan(pull), 0.0, pull) + draws
    ranks = known.argsort().argsort() * len(classes) // len(known)
    size = BoosterParams(
        objective="multiclass", classes=len(classes), leaves=5, rounds=25, seed=seed, row_share=0.7
    )
    return fit_booster(X, ranks, params=size)


@pytest.fixture(scope="module")
def joint() -> Joint:
    return Joint(NAMES, ALL, tuple(booster(ALL, seed=seed) for seed in (1, 2)))


@pytest.fixture(scope="module")
def ensemble(joint: Joint, bucket: BucketModel) -> BucketModel:
    return replace(bucket, kind="ensemble", joint=joint)


def counted(scores: np.ndarray, classes: tuple[str, ...], question: str) -> np.ndarray:
    """Log-odds of a question by the shares of its classes, one row after the other."""
    among = {
        "walk": set(classes),
        "pain": {"pain", "a_list", "steady"},
        "a_list": {"a_list", "steady"},
    }[question]
    found = []
    for row in scores:
        shares = dict(zip(classes, np.exp(row), strict=True))
        yes = shares[ANSWERS[question]]
        no = sum(share for name, share in shares.items() if name in among) - yes
        found.append(np.log(yes / no))
    return np.array(found)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_by_the_shares_of_the_classes_it_is_asked_among(joint, question):
    X = table(40, seed=8)
    members = [counted(each.scores(X), ALL, question) for each in joint.boosters]

    assert np.abs(joint.log_odds(X)[question] - np.mean(members, axis=0)).max() < 1e-9


@pytest.mark.parametrize("rows", [40, 1_200])  # a few by LightGBM, many looked up
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_members_contributions_add_up_to_what_it_says(joint, question, rows):
    X = table(rows, seed=8)

    parts = joint.member_contributions(X, question)

    assert parts.shape == (2, rows, len(NAMES) + 1)
    for member, each in zip(parts, joint.boosters, strict=True):
        said = counted(each.scores(X), ALL, question)
        assert np.abs(member.sum(axis=1) - said).max() < 1e-9
        assert np.ptp(member[:, -1]) < 1e-9  # one base for all rows


def test_a_feature_that_no_tree_reads_contributes_nothing():
    X = table(900, seed=3).with_columns(pl.lit(1.0, pl.Float32).alias(NAMES[-1]))
    size = BoosterParams(objective="multiclass", classes=4, leaves=4, rounds=10)
    blind = fit_booster(X, np.arange(900) % 4, params=size)

    parts = Joint(NAMES, BUCKETS, (blind,)).member_contributions(X[:50], "walk")

    assert np.abs(parts[:, :, len(NAMES) - 1]).max() == 0.0


def test_many_rows_contribute_what_a_few_do(joint):
    X = table(1_200, seed=8)
    each = joint.boosters[0]

    assert np.abs(each.score_contributions(X)[:, :60] - each.score_contributions(X[:60])).max() < (
        1e-9
    )


def test_no_rows_are_an_answer_too(joint):
    none = table(0, seed=1)

    assert all(len(odds) == 0 for odds in joint.log_odds(none).values())
    assert joint.member_contributions(none, "walk").shape == (2, 0, len(NAMES) + 1)


def test_an_ensemble_averages_its_heads_and_its_joint_boosters_in_log_odds(
    ensemble, bucket, joint, parts
):
    rows = parts.X.to_numpy(order="c").astype(np.float32)
    told = joint.log_odds(rows)
    walk, pain, a_list = (
        sigmoid((bucket.head(name).log_odds(rows) + told[name]) / 2) for name in QUESTIONS
    )

    found = ensemble.predict(parts.X)

    assert np.abs(found["p_walk_away"].to_numpy() - walk).max() < 1e-12
    assert np.abs(found["p_pain"].to_numpy() - (1 - walk) * pain).max() < 1e-12
    assert np.abs(found["p_a_list"].to_numpy() - (1 - walk) * (1 - pain) * a_list).max() < 1e-12
    assert np.abs(found.sum_horizontal().to_numpy() - 1.0).max() < 1e-12


def test_the_reasons_of_an_ensemble_add_up_to_the_question_of_the_displayed_bucket(ensemble, parts):
    shown = ["walk_away", "pain", "a_list", "steady"] * 15

    told = ensemble.explain(parts.X, shown)

    p = ensemble.predict(parts.X)
    walk, pain, a_list = (p[name].to_numpy() for name in ("p_walk_away", "p_pain", "p_a_list"))
    odds = {
        "walk_away": np.log(walk / (1 - walk)),
        "pain": np.log(pain / (1 - walk - pain)),
        "a_list": np.log(a_list / (1 - walk - pain - a_list)),
    }
    odds["steady"] = odds["a_list"]
    asked = np.array([odds[name][row] for row, name in enumerate(shown)])
    assert np.abs(told.base + told.averaged().sum(axis=1) - asked).max() < 1e-6
    assert np.abs(told.shares.sum() - 1.0) < 1e-12
    for name in QUESTIONS:
        both = ensemble.contributions(parts.X, name).sum(axis=1)
        assert np.abs(both - odds[ANSWERS[name]]).max() < 1e-6


def test_an_ensemble_read_back_from_its_files_answers_bit_by_bit_alike(ensemble, parts):
    described, texts = ensemble.to_document()

    again = bucket_from_document(
        from_json(type(described), to_json(described), name="bucket.json"), texts
    )

    assert {"bucket/joint-0.txt", "bucket/joint-1.txt"} <= set(texts)
    assert again.predict(parts.X).equals(ensemble.predict(parts.X))


def test_a_bundle_holds_an_ensemble_and_knows_its_files(ensemble, parts, tmp_path):
    golden = golden_rows(
        Calendar(fiscal_year_start_month=2),
        bucket=ensemble,
        components=parts.components,
        accounts=parts.X,
        slip=parts.slip,
        deals=GoldenDeals(parts.X, parts.state),
    )
    card = replace(parts.card, bucket_kind="ensemble")
    written(parts, tmp_path / "both", bucket=ensemble, card=card, golden=golden)

    bundle = load_bundle(tmp_path / "both", limit=timedelta(seconds=60))

    assert "bucket/joint-1.txt" in contents(tmp_path / "both")
    assert bundle.bucket is not None
    assert bundle.bucket.predict(parts.X).equals(ensemble.predict(parts.X))


def test_joint_boosters_go_with_an_ensemble_and_with_nothing_else(bucket, joint, ensemble):
    with pytest.raises(ValueError, match="an ensemble alone, got lightgbm"):
        replace(bucket, kind="lightgbm", joint=joint)
    with pytest.raises(ValueError, match="an ensemble alone, got ensemble"):
        replace(ensemble, joint=None)


def test_classes_and_features_that_do_not_fit_are_refused(joint):
    with pytest.raises(ValueError, match="expected the classes"):
        replace(joint, classes=("a_list", "pain", "walk_away"))
    with pytest.raises(ValueError, match="found none"):
        replace(joint, boosters=())
    with pytest.raises(ValueError, match="expected features"):
        replace(joint, names=("other",))
