"""One small world end to end: what is learnt on the same world has to come out the same."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from benchmarks.grid import attainable, backtest
from benchmarks.grid.attainable import KEYS, Rows, run_attainable
from benchmarks.grid.backtest import Backtest, Terms, load_backtest, run_backtest
from benchmarks.grid.skill import COLUMNS, judged
from training.config import Experiment, Origins, Part

URL = "synthetic:accounts=60,seed=3,years=2,until=2026-11-21"
RECIPE = Experiment(name="small", horizon=13, origins=Origins(max_count=2))


@dataclass(frozen=True, slots=True)
class World:
    """A backtested world."""

    found: Backtest

    def rows(self, part: Part) -> pl.DataFrame:
        first = list(self.found.first_as_ofs(part))
        return judged(self.found.scores, part).filter(pl.col("as_of").is_in(first))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder: Path = tmp_path_factory.mktemp("cell")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest, "experiment", lambda: RECIPE)
        run_backtest(URL, folder, ("bucket", "slip"), lambda text: None)
    return World(load_backtest(folder))


@pytest.fixture(autouse=True)
def _small_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainable, "experiment", lambda: RECIPE)


def asked(world: World, part: Part) -> Rows:
    served = world.found.metrics[part]["served"]
    return Rows(part, world.rows(part).select(KEYS), served)


@pytest.mark.parametrize("part", ["bucket", "slip"])
def test_the_first_moment_of_an_origin_is_the_origin(world: World, part: Part) -> None:
    rows = world.rows(part)

    assert rows.height > 0
    assert rows["as_of"].to_list() == rows["origin"].to_list()


@pytest.mark.parametrize("part", ["bucket", "slip"])
def test_taught_on_the_same_world_the_family_says_the_same(world: World, part: Part) -> None:
    found = run_attainable(URL, world.found.terms, asked(world, part), lambda text: None)

    said = world.rows(part).select(*KEYS, *COLUMNS[part])
    both = said.join(found, on=KEYS, how="left", suffix="_big")
    assert found.height == said.height
    for column in COLUMNS[part]:
        assert both[column].to_list() == pytest.approx(both[f"{column}_big"].to_list(), abs=1e-9)


def test_rows_that_the_big_world_lacks_are_refused(world: World) -> None:
    rows = asked(world, "slip")
    strange = Rows("slip", rows.keys.with_columns(pl.lit("no-deal").alias("entity_id")), "hazard")

    with pytest.raises(ValueError, match="rows of the small world in the big one, found 0"):
        run_attainable(URL, world.found.terms, strange, lambda text: None)


def test_the_big_world_is_labelled_with_the_floor_of_the_small_one(world: World) -> None:
    terms = world.found.terms
    nothing_grows = Terms(terms.weeks, growth_floor=1e12)
    rows = asked(world, "bucket")

    own = run_attainable(URL, terms, rows, lambda text: None)
    other = run_attainable(URL, nothing_grows, rows, lambda text: None)

    assert other["p_a_list"].mean() < 0.8 * own["p_a_list"].mean()


def test_the_floor_of_the_small_world_is_kept(world: World) -> None:
    floor = world.found.terms.growth_floor

    assert floor is not None
    assert floor > 0
    assert world.found.terms.label_policy.growth_floor == floor
    assert world.found.terms.weeks == {"bucket": 13, "slip": 13}
