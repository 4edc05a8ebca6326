import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks import catalogue_gain
from benchmarks.catalogue_gain import compared, first_catalogue, gains_on
from features.catalogue import features_of
from training.config import Seeds

ROWS = 200
ACCOUNTS = [f"account-{number // 4}" for number in range(ROWS)]
TRUTH = np.arange(ROWS) % 2


def contest(served: str, features: int, **p_of: float) -> Any:
    """A contest in which each model gives the true answer a probability."""
    rows = pl.DataFrame(
        {"entity_id": [f"deal-{n}" for n in range(ROWS)], "account_id": ACCOUNTS, "as_of": 1}
    )
    told = {name: pl.DataFrame({"p": np.where(TRUTH == 1, p, 1.0 - p)}) for name, p in p_of.items()}
    return SimpleNamespace(
        part="bucket",
        judged=SimpleNamespace(rows=rows, by_model=told),
        outcome=TRUTH,
        judgement=SimpleNamespace(served=served),
        examples=SimpleNamespace(features=[None] * features),
    )


def test_the_first_catalogue_is_part_of_todays() -> None:
    first = first_catalogue()

    assert {entity: len(names) for entity, names in first.items()} == {"account": 51, "deal": 46}
    for entity, names in first.items():
        assert set(names) < {feature.name for feature in features_of(entity)}  # type: ignore[arg-type]


def test_each_catalogues_served_model_and_lightgbm_are_held_against_each_other() -> None:
    before = contest("blend", 20, blend=0.6, lightgbm=0.5)
    after = contest("lightgbm", 31, blend=0.7, lightgbm=0.8)

    found: Any = compared(before, after, seed=1)

    assert found["features"] == {"first": 20, "whole": 31}
    served, plain = found["models"]
    assert (served["model"], plain["model"]) == (
        "served (blend → lightgbm)",
        "LightGBM (lightgbm)",
    )
    assert served["gain"]["value"] == pytest.approx(np.log(0.8 / 0.6))
    assert plain["gain"]["value"] == pytest.approx(np.log(0.8 / 0.5))
    assert plain["first"]["value"] == pytest.approx(-np.log(0.5))
    assert served["gain"]["accounts"] == 50


def test_catalogues_that_were_judged_on_other_rows_are_refused() -> None:
    before, after = contest("blend", 1, blend=0.6), contest("blend", 1, blend=0.6)
    after.judged.rows = after.judged.rows.reverse()

    with pytest.raises(ValueError, match="expected the same rows under both catalogues"):
        compared(before, after, seed=1)


def test_both_catalogues_are_walked_with_the_same_recipe_but_for_the_features(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def walk(_book: Any, recipe: Any, _policy: Any, **_: Any) -> Any:
        asked.append(recipe)
        return contest("blend", 1, blend=0.6, lightgbm=0.6)

    def refuse(*_: Any, **__: Any) -> Any:
        raise catalogue_gain.NotEnoughDataError("slip: no deals\nno table")

    monkeypatch.setattr(catalogue_gain, "_CONTESTS", {"bucket": walk, "slip": refuse})
    recipe = replace(catalogue_gain.load_experiment(), horizon=13, seeds=Seeds(models=3))

    found: Any = gains_on(catalogue_gain.Ground(Any, recipe, Any))  # type: ignore[arg-type]

    narrow, whole = asked
    assert whole == recipe
    left = {**narrow.to_mapping(), "features": None}
    assert left == {**recipe.to_mapping(), "features": None}
    assert len(narrow.features.only) == 97
    assert found["missing"] == {"slip": "no deals"}
    assert set(found["parts"]) == {"bucket"}


def test_a_set_is_added_to_those_that_were_run_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    told = {"sets": {"bpi2012": {"parts": {}, "missing": {}}}}
    (results / "catalogue_gain.json").write_text(json.dumps(told))
    result = {"parts": {}, "missing": {}, "evaluated_on": "2026-11-22", "versions": {}}
    monkeypatch.setattr(catalogue_gain, "gains_on", lambda ground: result)
    monkeypatch.setattr(catalogue_gain, "write_page", lambda results, out: None)
    arguments = ["--data", str(tmp_path), "--results", str(results), "--accounts", "30"]

    code = catalogue_gain.main([*arguments, "--sets", "synthetic"])

    assert code == 0
    found = json.loads((results / "catalogue_gain.json").read_text())
    assert list(found["sets"]) == ["bpi2012", "synthetic, 30 accounts, seed 1"]
    assert found["catalogues"]["first"] == {"account": 51, "deal": 46}


def test_nothing_is_written_without_a_set_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path), "--results", str(tmp_path / "results")]

    assert catalogue_gain.main([*arguments, "--sets", "bpi2012"]) == 3
    assert catalogue_gain.main([*arguments, "--sets", "retail"]) == 2
    assert not (tmp_path / "results").exists()
