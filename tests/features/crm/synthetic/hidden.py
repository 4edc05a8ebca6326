"""The hidden state beside the tables it leaves: for each row, the latents of its account then."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from features.crm.synthetic import WorldParams
from features.crm.synthetic.deal_tables import deal_order
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.pursuit import run_pipeline
from features.crm.synthetic.steps import DAY
from features.crm.synthetic.world import make_stage, publish, streams_of
from features.schema import TABLES
from tests.features.crm.small_world import World

GRIDS = (
    "intent", "difficulty", "responsiveness", "discipline", "health", "volume", "champion",
)  # fmt: skip
TRAITS = ("fit", "hard", "open_minded", "orderly", "trend")
HABITS = ("skill", "diligence", "style", "optimism", "tidiness", "logging", "lateness")


@dataclass(frozen=True, slots=True)
class Lived:
    """A world with its hidden side.

    Attributes:
        pipeline: what nobody sees.
        tables: what is exported.
    """

    pipeline: Pipeline
    tables: World


def lived(params: WorldParams) -> Lived:
    """The world of one block, as `make_world` makes it."""
    streams = streams_of(params.seed)
    pipeline = run_pipeline(streams["pursuit"], make_stage(params, streams))
    return Lived(pipeline, publish(streams, pipeline))


def at_rows(world: Lived, name: str, moment: str) -> Mapping[str, np.ndarray]:
    """The latents of each row's account in the step of its moment, of its owner, of its deal."""
    frame, account, deal = world.tables[name], *_whose(world, name)
    if account is None:
        return {}
    inside, reps = world.pipeline.world, world.pipeline.world.reps
    day = frame[moment].cast(pl.Datetime("us")).cast(pl.Int64).to_numpy() // DAY
    known = np.isfinite(day) & (account >= 0)
    who = np.where(known, account, 0).astype(np.int64)
    step = inside.steps.step_of(np.where(known, day, 0).astype(np.int64))
    owner = reps.owner[step, who]
    found = {name: _grid(world, name)[step, who] for name in GRIDS}
    found |= {name: getattr(inside.latent.traits, name)[who] for name in TRAITS}
    found |= {name: getattr(reps.team, name)[owner] for name in HABITS}
    found["effort"] = reps.effort[step, who]
    if deal is not None:
        order = np.argsort(deal_order(world.pipeline))
        luck = world.pipeline.deals.luck[order]
        found["luck"] = np.where(deal >= 0, luck[np.maximum(deal, 0)], np.nan)
    return {name: np.where(known, value, np.nan) for name, value in found.items()}


def over_the_years(world: Lived) -> Mapping[str, np.ndarray]:
    """Each account's latents, as means over the whole history."""
    found = {name: _grid(world, name).mean(axis=0) for name in GRIDS}
    traits = world.pipeline.world.latent.traits
    return found | {name: getattr(traits, name) for name in TRAITS}


def rows_by(world: Lived, name: str, moment: str, *, is_rep: bool) -> np.ndarray | None:
    """The account of each row, or its owner at the moment; -1 for none."""
    account = _whose(world, name)[0]
    if account is None or not is_rep:
        return account
    inside = world.pipeline.world
    day = world.tables[name][moment].cast(pl.Datetime("us")).cast(pl.Int64).to_numpy() // DAY
    known = np.isfinite(day) & (account >= 0)
    step = inside.steps.step_of(np.where(known, day, 0).astype(np.int64))
    return np.where(known, inside.reps.owner[step, np.maximum(account, 0)], -1)


def of_reps(world: Lived) -> Mapping[str, np.ndarray]:
    """Each rep's habits; two flags for the styles."""
    team = world.pipeline.world.reps.team
    names = [field.name for field in fields(team) if field.name in HABITS and field.name != "style"]
    found = {name: getattr(team, name) for name in names}
    return found | {"hides": (team.style == 1) * 1.0, "runs ahead": (team.style == 2) * 1.0}


def number(ids: pl.Series) -> np.ndarray:
    """The index that an id stands for; -1 for none."""
    whole = ids.str.extract(r"(\d+)$").cast(pl.Int64) - 1
    return whole.fill_null(-1).to_numpy()


def _grid(world: Lived, name: str) -> np.ndarray:
    """A latent by step and account; volume against the others of its step, as all begin at 0."""
    grid: np.ndarray = getattr(world.pipeline.world.latent, name).astype(np.float64)
    if name == "volume":
        grid = grid - grid.mean(axis=1, keepdims=True)
        grid = grid / grid.std(axis=1, keepdims=True)
    return grid


def _whose(world: Lived, name: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Account and deal of each row."""
    frame = world.tables[name]
    deal = number(frame["opportunity_id"]) if "opportunity_id" in frame.columns else None
    if "account_id" in frame.columns:
        return number(frame["account_id"]), deal
    if deal is None or "opportunity_id" not in TABLES[name].schema:
        return None, None
    return number(world.tables["opportunities"]["account_id"])[deal], deal
