"""A bundle that holds loss reasons beside its slip model."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from models.booster import BoosterParams, fit_booster
from models.bundle import BundleError, load_bundle, read_bundle, verify_bundle
from models.layout import manifest_of
from models.loss_reason import LossReasonModel
from tests.models.conftest import NAMES
from tests.models.test_bundle import contents, written


@pytest.fixture(scope="module")
def loss_reason(parts):
    """Three reasons over the deal's features, told apart by silence."""
    thirds = np.digitize(parts.X["silence"].to_numpy(), [-0.4, 0.4])
    params = BoosterParams(objective="multiclass", classes=3, leaves=4, rounds=8, min_leaf=5)
    booster = fit_booster(parts.X, thirds, params=params)
    told = {"reasons": ("price", "timing", "other"), "shares": (0.5, 0.3, 0.2)}
    return LossReasonModel(NAMES, boosters=(booster,), lost=200, coded=150, **told)


def test_loss_reasons_come_back_bit_by_bit(parts, loss_reason, tmp_path):
    written(parts, tmp_path / "why", loss_reason=loss_reason)

    bundle = load_bundle(tmp_path / "why", limit=timedelta(seconds=60))

    assert "loss_reason/reason-0.txt" in contents(tmp_path / "why")
    assert bundle.loss_reason.predict(parts.X).equals(loss_reason.predict(parts.X))
    assert bundle.loss_reason == loss_reason


def test_a_bundle_from_before_there_were_loss_reasons_is_read(bundle_folder):
    assert "loss_reason.json" not in contents(bundle_folder)
    assert read_bundle(bundle_folder).loss_reason is None


def test_loss_reasons_without_a_slip_model_are_refused(parts, loss_reason, tmp_path):
    card = replace(parts.card, slip_kind=None)

    with pytest.raises(BundleError, match=r"loss_reason\.json: expected a slip\.json beside it"):
        written(parts, tmp_path / "alone", slip=None, card=card, loss_reason=loss_reason)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b'"replies"', b'"answers"'), r"loss_reason\.json: expected features"),
        ((b"reason-0.txt", b"reason-9.txt"), "booster files"),
        ((b'"lost": 200', b'"lost": 200, "more": 1'), "expected LossReasonDocument"),
    ],
)
def test_loss_reasons_that_contradict_the_bundle_are_refused_without_parsing(
    parts, loss_reason, tmp_path, monkeypatch, change, message
):
    folder = tmp_path / "odd"
    written(parts, folder, loss_reason=loss_reason)
    path = folder / "loss_reason.json"
    assert change[0] in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(*change))
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())
    monkeypatch.setattr("models.loss_reason.booster_from_text", lambda _: pytest.fail("parsed"))

    with pytest.raises(BundleError, match=message):
        verify_bundle(folder)


def test_loss_reasons_that_do_not_give_their_golden_answers_are_refused(
    parts, loss_reason, tmp_path
):
    folder = tmp_path / "other"
    written(parts, folder, loss_reason=loss_reason)
    path = folder / "loss_reason/reason-0.txt"
    again = fit_booster(
        parts.X,
        np.digitize(parts.X["spend"].to_numpy(), [-0.4, 0.4]),
        params=BoosterParams(objective="multiclass", classes=3, leaves=4, rounds=8, min_leaf=5),
    )
    path.write_text(again.text())
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())

    with pytest.raises(BundleError, match=r"loss_reason\.json: expected answers within 1e-9"):
        read_bundle(folder)


def test_loss_reasons_that_make_no_sense_are_refused_when_read(parts, loss_reason, tmp_path):
    folder = tmp_path / "sum"
    written(parts, folder, loss_reason=loss_reason)
    path = folder / "loss_reason.json"
    path.write_bytes(path.read_bytes().replace(b'"lost": 200', b'"lost": 20'))
    (folder / "manifest.json").write_text(manifest_of(contents(folder)).to_json())

    with pytest.raises(BundleError, match="sum: expected 1 to 20 lost deals with a reason"):
        read_bundle(folder)
