"""Trees grown on Dask workers say what those of one process say, or why there are none."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bucketlist import grove
from bucketlist.cluster import Place
from bucketlist.grove import ANSWER, OFFSET, WEIGHT, Grove, planted
from models.booster import Booster, BoosterParams, Nature, fit_booster
from models.logodds import sigmoid

NAMES = tuple(f"feature_{n}" for n in range(20))
NATURE = Nature(monotone={"feature_0": 1}, categories=frozenset({"feature_3"}))
GROWN = BoosterParams(rounds=60)
FEW = BoosterParams(rounds=8)


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def started(said: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grove]:
    with planted(Place(workers=2), tmp_path_factory.mktemp("home"), said.append) as found:
        yield Grove(found.runner, found.folder, timeout=60.0)


def rows(count: int, *, seed: int = 0) -> pl.DataFrame:
    """Features, one of them a category and one often not known, and the files' other columns."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, len(NAMES))).astype(np.float32)
    X[:, 3] = rng.integers(0, 8, count)
    odds = 1.2 * X[:, 0] - 0.8 * X[:, 1] * (X[:, 2] > 0) + np.where(X[:, 3] % 2 == 0, 0.7, -0.7)
    odds = odds + 0.3 * X[:, 4:10].sum(axis=1) - 1.0
    X[rng.random(count) < 0.2, 2] = np.nan
    offset = rng.normal(size=count)
    y = rng.random(count) < sigmoid(odds.astype(np.float64) + offset)
    return pl.DataFrame(X, schema=NAMES, orient="row").with_columns(
        pl.Series(ANSWER, y),
        pl.Series(WEIGHT, rng.uniform(0.5, 1.5, count)),
        pl.Series(OFFSET, offset),
    )


def here(frame: pl.DataFrame, params: BoosterParams) -> Booster:
    """Grown in this process."""
    return fit_booster(
        frame.select(NAMES),
        frame[ANSWER].to_numpy(),
        params=params,
        weight=frame[WEIGHT].to_numpy(),
        offset=frame[OFFSET].to_numpy(),
        nature=NATURE,
    )


def on_workers(started: Grove, frame: pl.DataFrame, params: BoosterParams) -> Booster:
    (grown,) = started(
        frame.select(NAMES),
        frame[ANSWER].to_numpy(),
        sizes=[params],
        weight=frame[WEIGHT].to_numpy(),
        offset=frame[OFFSET].to_numpy(),
        nature=NATURE,
    )
    return grown


def log_loss(booster: Booster, frame: pl.DataFrame) -> float:
    odds = booster.log_odds(frame) + frame[OFFSET].to_numpy()
    signed = np.where(frame[ANSWER].to_numpy(), odds, -odds)
    return float(np.logaddexp(0.0, -signed).mean())


def in_files(folder: Path, *parts: pl.DataFrame) -> list[Path]:
    files = [folder / f"{number}.parquet" for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        part.write_parquet(file)
    return files


@pytest.fixture(scope="module")
def two(started: Grove) -> Booster:
    """Grown on two workers."""
    return on_workers(started, rows(20_000), GROWN)


def test_two_workers_foretell_fresh_rows_about_as_well_as_one_process(two: Booster) -> None:
    fresh = rows(20_000, seed=1)

    difference = log_loss(two, fresh) - log_loss(here(rows(20_000), GROWN), fresh)

    assert "[num_machines: 2]" in two.text()
    assert abs(difference) < 0.001


def test_the_text_names_the_features_and_no_address(two: Booster) -> None:
    assert two.names == NAMES
    assert "127.0.0.1" not in two.text()


def test_the_same_rows_and_seed_give_the_same_text_on_two_workers(
    started: Grove, two: Booster
) -> None:
    assert on_workers(started, rows(20_000), GROWN).text() == two.text()


def test_trees_of_two_workers_keep_their_direction(two: Booster) -> None:
    sweep = (
        rows(1)
        .drop("feature_0")
        .join(pl.DataFrame({"feature_0": np.linspace(-3, 3, 300)}), how="cross")
    )

    steps = np.diff(two.log_odds(sweep))

    assert (steps >= 0).all()
    assert steps.sum() > 1.0


def test_categories_are_codes_without_an_order_on_two_workers(two: Booster) -> None:
    codes = rows(1).drop("feature_3").join(pl.DataFrame({"feature_3": np.arange(8.0)}), how="cross")

    odds = two.log_odds(codes)

    assert "num_cat=1" in two.text()
    assert odds[::2].min() > odds[1::2].max()


def test_few_rows_grow_on_one_worker_as_in_one_process(started: Grove) -> None:
    frame = rows(3_000)
    params = BoosterParams(rounds=60, row_share=1.0)  # rows are drawn by their place

    found = on_workers(started, frame, params)

    assert "[num_machines: 1]" in found.text()
    assert np.allclose(found.log_odds(frame), here(frame, params).log_odds(frame))


def test_without_an_offset_trees_start_from_the_mean(started: Grove) -> None:
    frame = rows(3_000)
    X, y = frame.select(NAMES), frame[ANSWER].to_numpy()
    params = BoosterParams(rounds=8, row_share=1.0)

    (found,) = started(X, y, sizes=[params])

    assert np.allclose(found.log_odds(X), fit_booster(X, y, params=params).log_odds(X))


def test_an_empty_file_is_nobodys(started: Grove, tmp_path: Path) -> None:
    frame = rows(12_000)
    files = in_files(tmp_path, frame[:0], frame)

    found = started.grown_from(files, FEW, names=NAMES, nature=NATURE)

    assert "[num_machines: 1]" in found.text()


def test_a_worker_all_of_whose_rows_say_yes_takes_them_for_a_yes(
    started: Grove, tmp_path: Path
) -> None:
    frame = rows(20_000)
    yes, no = frame.filter(ANSWER), frame.filter(~pl.col(ANSWER))

    found = started.grown_from(in_files(tmp_path, yes, no), GROWN, names=NAMES, nature=NATURE)

    odds = found.log_odds(frame) + frame[OFFSET].to_numpy()
    assert "[num_machines: 2]" in found.text()
    assert abs(sigmoid(odds).mean() - yes.height / frame.height) < 0.03


def test_the_rows_are_gone_when_the_trees_are_grown(started: Grove, two: Booster) -> None:
    assert list(started.folder.glob("**/*.parquet")) == []


def test_files_without_rows_are_told(started: Grove, tmp_path: Path) -> None:
    files = [str(file) for file in in_files(tmp_path, rows(10)[:0])]

    tried = started.runner.client.submit(grove.grow, files, {}, list(NAMES), [])

    with pytest.raises(ValueError, match="rows to learn from, found none in 1 files"):
        tried.result()


@pytest.mark.parametrize(
    ("first", "told"),
    [("bucketlist.grove", ""), ("models.booster", " imported without scikit-learn or pandas")],
)
def test_a_process_tells_whether_lightgbm_came_whole(first: str, told: str) -> None:
    program = f"import {first}; from bucketlist.grove import lightgbm_here; print(lightgbm_here())"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.split(maxsplit=2)[2:] == ([told.strip() + "\n"] if told else [])


def test_workers_that_hang_start_anew(
    started: Grove, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = in_files(tmp_path, rows(10))
    text = here(rows(600), FEW).text()

    def hangs(files: list[str], *rest: object) -> str:
        import threading  # noqa: PLC0415  a function within a test travels whole
        from pathlib import Path  # noqa: PLC0415

        tried = Path(files[0]).with_name("tried")
        if not tried.exists():
            tried.touch()
            threading.Event().wait()
        return text

    monkeypatch.setattr(grove, "grow", hangs)
    pids = set(started.runner.everywhere(os.getpid).values())

    found = Grove(started.runner, tmp_path, timeout=5.0).grown_from(files, FEW, names=NAMES)

    assert found.text() == text
    assert pids.isdisjoint(started.runner.everywhere(os.getpid).values())
