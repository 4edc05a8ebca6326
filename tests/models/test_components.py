import numpy as np
import polars as pl
import pytest

from models.booster import Booster, BoosterParams, Objective, fit_booster
from models.components import (
    COMPONENTS,
    ComponentDocument,
    ComponentHead,
    ComponentModel,
    ComponentsDocument,
    components_from_document,
)
from models.document import DocumentError, from_json, to_json
from tests.models.conftest import NAMES, table

X = table(600, seed=7)
FRESH = table(50, seed=8)


def grown(objective: Objective, y: np.ndarray) -> Booster:
    params = BoosterParams(objective=objective, leaves=4, rounds=40, min_leaf=20, seed=1)
    return fit_booster(X, y, params=params)


def effort() -> np.ndarray:
    """Hours around 2, 20 where there is much silence; every fifth account takes none."""
    hours = np.where(X["silence"].to_numpy() > 0, 20.0, 2.0)
    return np.where(np.arange(X.height) % 5 == 0, 0.0, hours)


@pytest.fixture(scope="module")
def model() -> ComponentModel:
    share = 1 / (1 + np.exp(-X["spend"].to_numpy().astype(np.float64)))
    return ComponentModel(
        NAMES,
        {
            "friction": ComponentHead(grown("cross_entropy", share)),
            "hours": ComponentHead(grown("tweedie", effort() / 10.0), scale=10.0),
            "growth": ComponentHead(grown("regression", X["spend"].to_numpy() - 5.0)),
            "no_win": ComponentHead(grown("binary", share > 0.5)),
            "advocate": ComponentHead(None, constant=0.25, note="3 of 600 rows say otherwise"),
        },
    )


def test_there_is_a_column_for_every_component_in_their_order(model: ComponentModel) -> None:
    found = model.predict(FRESH)

    assert found.columns == [component.name for component in COMPONENTS]
    assert set(found.dtypes) == {pl.Float64}
    assert found.height == 50


def test_what_this_crm_cannot_tell_is_null_and_the_rest_is_told(model: ComponentModel) -> None:
    nulls = model.predict(FRESH).null_count().row(0, named=True)

    assert {name for name, count in nulls.items() if count == 50} == {"bookings", "self_renewer"}
    assert set(nulls.values()) == {0, 50}


def test_a_constant_is_the_answer_for_every_account(model: ComponentModel) -> None:
    assert model.predict(FRESH)["advocate"].to_list() == [0.25] * 50


def test_hours_come_in_the_unit_of_the_data_and_are_never_negative(model: ComponentModel) -> None:
    found = model.predict(X)["hours"].to_numpy()
    busy = X["silence"].to_numpy() > 0

    assert (found > 0.0).all()
    assert found.mean() == pytest.approx(effort().mean(), rel=0.1)
    assert found[busy].mean() == pytest.approx(effort()[busy].mean(), rel=0.25)
    assert found[~busy].mean() == pytest.approx(effort()[~busy].mean(), rel=0.5)


def test_a_share_and_a_probability_stay_between_nothing_and_all(model: ComponentModel) -> None:
    found = model.predict(X).select("friction", "no_win").to_numpy()

    assert ((found > 0.0) & (found < 1.0)).all()
    assert (np.ptp(found, axis=0) > 0.4).all()


def test_growth_may_be_below_nothing(model: ComponentModel) -> None:
    found = model.predict(X)["growth"].to_numpy()

    assert found.max() < 0.0
    assert found.mean() == pytest.approx(X["spend"].to_numpy().mean() - 5.0, abs=0.05)


def test_no_account_gives_no_row(model: ComponentModel) -> None:
    assert model.predict(FRESH[:0]).shape == (0, len(COMPONENTS))


def test_a_model_without_any_component_says_nothing_of_every_account() -> None:
    found = ComponentModel(NAMES, {}).predict(FRESH)

    assert found.null_count().row(0) == (50,) * len(COMPONENTS)


def test_features_are_found_by_their_name(model: ComponentModel) -> None:
    turned = FRESH.select(*reversed(NAMES), pl.lit(1.0).alias("other"))

    assert model.predict(turned).equals(model.predict(FRESH))


def test_a_document_reads_back_to_the_same_answers_bit_by_bit(model: ComponentModel) -> None:
    described, texts = model.to_document()

    read = from_json(ComponentsDocument, to_json(described), name="components.json")
    back = components_from_document(read, texts)

    assert set(texts) == {
        f"components/{n}-0.txt" for n in ("friction", "hours", "growth", "no_win")
    }
    assert back.predict(FRESH).equals(model.predict(FRESH))
    assert back.heads["advocate"] == model.heads["advocate"]
    assert back.to_document() == (described, texts)


def test_a_head_is_either_a_booster_or_a_constant(model: ComponentModel) -> None:
    booster = model.heads["growth"].booster

    with pytest.raises(ValueError, match="booster or a constant"):
        ComponentHead(None)
    with pytest.raises(ValueError, match="booster or a constant"):
        ComponentHead(booster, constant=1.0)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan")])
def test_a_unit_is_above_nothing(model: ComponentModel, scale: float) -> None:
    with pytest.raises(ValueError, match="scale"):
        ComponentHead(model.heads["hours"].booster, scale=scale)


def test_a_component_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected components out of .* found \['luck'\]"):
        ComponentModel(NAMES, {"luck": ComponentHead(None, constant=0.5)})


def test_a_booster_of_other_features_is_refused(model: ComponentModel) -> None:
    with pytest.raises(ValueError, match="component growth: expected features"):
        ComponentModel(tuple(reversed(NAMES)), {"growth": model.heads["growth"]})


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (ComponentDocument(None, None, 1.0, ""), "booster or a constant"),
        (ComponentDocument(None, 0.5, 0.0, ""), "scale"),
    ],
)
def test_a_document_that_makes_no_sense_is_refused(part: ComponentDocument, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        components_from_document(ComponentsDocument(NAMES, {"hours": part}), {})


@pytest.mark.parametrize(
    ("old", "new"),
    [('"scale": 10.0', '"scale": "ten"'), ('"constant": 0.25', '"constant": NaN')],
)
def test_a_document_of_another_shape_is_refused(model: ComponentModel, old: str, new: str) -> None:
    text = to_json(model.to_document()[0])
    assert old in text

    with pytest.raises(DocumentError, match=r"components\.json: expected ComponentsDocument"):
        from_json(ComponentsDocument, text.replace(old, new), name="components.json")
