"""What becomes of a fit on workers that fails, hangs or is refused, each try foretold."""

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from bucketlist.grove import ANSWER, OFFSET, WEIGHT, Grove
from models.booster import BoosterParams, fit_booster

NAMES = ("reply", "silence")
FEW = BoosterParams(rounds=8)


@dataclass
class Promise:
    """What one try comes to: a text, or an error."""

    comes: str | Exception
    is_cancelled: bool = False

    def result(self, timeout: float) -> str:
        if isinstance(self.comes, Exception):
            raise self.comes
        return self.comes

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class Workers:
    """Two workers of which each try is foretold."""

    tries: list[Promise]
    said: list[str] = field(default_factory=list)
    restarts: int = 0
    workers: int = 2
    told: str = f"LightGBM {version('lightgbm')}"

    @property
    def client(self) -> "Workers":
        return self

    def submit(self, *call: object, pure: bool) -> Promise:
        return self.tries.pop(0)

    def check(self, folders: set[str]) -> None: ...

    def everywhere(self, function: Any) -> dict[str, str]:
        return {"tcp://one": self.told}

    def restart(self) -> None:
        self.restarts += 1

    def say(self, line: str) -> None:
        self.said.append(line)


def foretold(*tries: Promise) -> tuple[Grove, Workers]:
    workers = Workers(list(tries))
    runner: Any = workers
    return Grove(runner, Path(), timeout=7.0), workers


def grown() -> str:
    """The text of a booster of this process."""
    draws = np.random.default_rng(0)
    X = pl.DataFrame(draws.normal(size=(200, 2)).astype(np.float32), schema=NAMES, orient="row")
    return fit_booster(X, draws.random(200) < 0.5, params=FEW).text()


def test_a_failed_try_is_said_and_made_once_more(tmp_path: Path) -> None:
    text = grown()
    few, workers = foretold(Promise(ValueError("no luck")), Promise(text))

    found = few.grown_from([tmp_path / "a.parquet"], FEW, names=NAMES)

    assert found.text() == text
    assert workers.restarts == 1
    assert workers.said == ["no trees, a second try on workers started anew: ValueError('no luck')"]


def test_a_second_failure_is_the_last_and_told_with_its_cause(tmp_path: Path) -> None:
    late = Promise(TimeoutError())
    few, workers = foretold(Promise(ValueError("no luck")), late, Promise("never asked"))

    with pytest.raises(RuntimeError, match=r"failed twice, at last with TimeoutError\(\)"):
        few.grown_from([tmp_path / "a.parquet"], FEW, names=NAMES)

    assert (workers.restarts, len(workers.tries), late.is_cancelled) == (2, 1, True)


def test_time_that_runs_out_is_told_in_seconds(tmp_path: Path) -> None:
    late = [Promise(TimeoutError()) for _ in range(2)]
    few, _ = foretold(*late)

    with pytest.raises(RuntimeError, match="a booster within 7 s, failed twice"):
        few.grown_from([tmp_path / "a.parquet"], FEW, names=NAMES)


def test_a_worker_with_half_of_lightgbm_is_named(
    tmp_path: Path,
) -> None:
    few, workers = foretold()
    workers.told = "LightGBM 0.0 imported without pandas"

    with pytest.raises(RuntimeError, match=r"1 of 1 that differ: tcp://one has LightGBM 0\.0 imp"):
        few.grown_from([tmp_path / "a.parquet"], FEW, names=NAMES)


@pytest.mark.parametrize("name", [ANSWER, WEIGHT, OFFSET])
def test_a_feature_with_a_name_that_is_taken_is_refused(name: str) -> None:
    few, _ = foretold()

    with pytest.raises(ValueError, match=rf"features of other names than \['{name}'\]"):
        few(pl.DataFrame({name: [0.0, 1.0]}), np.array([0, 1]), sizes=[FEW])
