"""Forward worlds: the state of a world at a moment, and what may come of it under the same rules.

Whatever a step has set in motion before the moment belongs to the state: an answer on its way, a
credit note to come, a departure date is not among them. Everything that later steps draw is drawn
anew: moods, attention, departures of reps, deals, contracts, touches, invoices and tickets.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.contracts import Portfolio
from features.crm.synthetic.deals import DealLogs, Deals
from features.crm.synthetic.latent import walk
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.pipeline import Pipeline, World, start_pipeline
from features.crm.synthetic.pursuit import live
from features.crm.synthetic.reps import Reps, Tenure, departures, walk_books
from features.crm.synthetic.steps import DAY, NEVER, Flags, Ints
from features.crm.synthetic.world import make_stage, streams_of

WON_DAYS_KEPT = 400
"""Won deals stay part of the state for so long; nothing looks back further."""
CONTRACT_DAYS_KEPT = 130
"""Contracts stay part of the state for so long after their last day."""


@dataclass(frozen=True, slots=True)
class State:
    """Deals and contracts as they stood when a step began.

    Attributes:
        step: the step.
        deals: every deal so far.
        portfolio: every contract so far.
        last_close: as in Pipeline.
    """

    step: int
    deals: Deals
    portfolio: Portfolio
    last_close: Ints


@dataclass(frozen=True, slots=True)
class History:
    """A world that was lived through to its end, and its states on the way.

    Attributes:
        pipeline: the world at its end.
        states: moment → state.
        block: its number in its world.
    """

    pipeline: Pipeline
    states: dict[datetime, State]
    block: int

    @property
    def world(self) -> World:
        """Calendar, accounts, hidden state and team."""
        return self.pipeline.world


@dataclass(frozen=True, slots=True)
class Futures:
    """Several forward worlds at once, account after account, world after world.

    Attributes:
        pipeline: all of them lived through; account i of world w is account w * accounts + i.
        worlds: how many there are.
        accounts: accounts of each.
        deal: index of each deal of the pipeline in the history; -1 for those that came later.
        was_open: whether each of the former was open when the worlds parted.
    """

    pipeline: Pipeline
    worlds: int
    accounts: int
    deal: Ints
    was_open: Flags


def live_through(params: WorldParams, moments: Sequence[datetime], *, block: int = 0) -> History:
    """Live through one block of a world, and keep its state at each moment.

    Args:
        params: with the accounts of this block.
        moments: beginnings of weeks or months inside the history.
        block: its number.

    Raises:
        ValueError: for a moment at which the world does not stand still.
    """
    streams = streams_of(params.seed, block)
    world = make_stage(params, streams)
    wanted = {world.steps.standing_at(moment) for moment in moments}
    states = {}
    rng = streams["pursuit"]
    pipeline = start_pipeline(rng, world)
    for step in range(world.steps.count):
        if step in wanted:
            kept = (pipeline.deals, pipeline.portfolio, pipeline.last_close)
            states[step] = State(step, *deepcopy(kept))
        live(rng, pipeline, step)
    by_moment = {moment: states[world.steps.standing_at(moment)] for moment in moments}
    return History(pipeline, by_moment, block)


def run_forward(
    rng: np.random.Generator, history: History, moment: datetime, *, worlds: int, until_day: int
) -> Futures:
    """Continue the state of a moment `worlds` times, each by chance of its own.

    Args:
        rng: source of chance.
        history: a world with a state at `moment`.
        moment: where the worlds part.
        worlds: how many to run side by side.
        until_day: day number at whose beginning they end.
    """
    state = history.states[moment]
    world = _world_ahead(rng, history.world, state.step, worlds=worlds, until_day=until_day)
    today = int(world.steps.day(0))
    pipeline, kept = _copies(world, state, worlds=worlds, today=today)
    for step in range(world.steps.count):
        live(rng, pipeline, step)
    known = np.tile(kept, worlds)
    was_open = state.deals.closed[known] == NEVER
    later = np.full(pipeline.deals.count - len(known), -1)
    count = history.world.accounts.count
    return Futures(pipeline, worlds, count, np.concatenate([known, later]), was_open)


def _world_ahead(
    rng: np.random.Generator, world: World, step: int, *, worlds: int, until_day: int
) -> World:
    """Accounts, hidden state and team of all worlds from the step on."""
    params, n = world.params, world.accounts.count
    steps = world.steps.after(step, until_day)
    accounts = world.accounts.later(step, times=worlds)
    latent = walk(
        rng,
        params.latent,
        traits=world.latent.traits.tile(worlds),
        mood=world.latent.mood_before(step).tile(worlds),
        steps=steps,
    )
    last = int(world.steps.day(step - 1))
    leaves_on = departures(rng, params, world.reps.team, worlds=worlds, today=last + 1)
    has_left = world.reps.leaves_on <= last
    tenure = Tenure(
        owner=np.tile(world.reps.owner[step - 1], worlds),
        attention=np.tile(world.reps.attention[step - 1], worlds),
        leaves_on=np.where(has_left, world.reps.leaves_on, leaves_on),
        world=np.repeat(np.arange(worlds), n),
    )
    reps: Reps = walk_books(
        rng, params, world.reps.team, tenure=tenure, accounts=accounts, steps=steps
    )
    return World(params, steps, accounts, latent, reps)


def _copies(world: World, state: State, *, worlds: int, today: int) -> tuple[Pipeline, Ints]:
    """The state in every world, without what nothing looks back to; and the deals it kept."""
    n = len(state.portfolio.main)
    deals, contracts = state.deals, state.portfolio.contracts
    is_recent = (deals.stage == deal.WON) & (deals.closed >= (today - WON_DAYS_KEPT) * DAY)
    kept = np.flatnonzero((deals.closed == NEVER) | is_recent)
    is_held = contracts.ends >= today - CONTRACT_DAYS_KEPT
    is_held[state.portfolio.main[state.portfolio.main >= 0]] = True
    is_held[deals.contract[kept][deals.contract[kept] >= 0]] = True
    held = np.flatnonzero(is_held)
    contract_at, deal_at = _places(held, len(is_held)), _places(kept, deals.count)
    size = (n, len(held), len(kept))

    def tiled(values: Ints, stride: int) -> Ints:
        """Indices in every world, each world's after those of the one before; -1 stays."""
        shift = np.repeat(np.arange(worlds) * stride, len(values))
        return np.where(np.tile(values, worlds) < 0, -1, np.tile(values, worlds) + shift)

    some = deals.take(np.tile(kept, worlds))
    some.account = tiled(deals.account[kept], size[0])
    some.contract = tiled(contract_at[deals.contract[kept]], size[1])
    terms = contracts.take(np.tile(held, worlds))
    terms.account = tiled(contracts.account[held], size[0])
    portfolio = Portfolio(
        contracts=terms,
        main=tiled(contract_at[state.portfolio.main], size[1]),
        arr=np.tile(state.portfolio.arr, worlds),
        renewal=tiled(deal_at[state.portfolio.renewal], size[2]),
        is_leaving=np.tile(state.portfolio.is_leaving, worlds),
    )
    pipeline = Pipeline(
        world=world,
        deals=some,
        logs=DealLogs.none(),
        portfolio=portfolio,
        last_close=np.tile(state.last_close, (1, worlds)),
        is_customer=np.zeros((world.steps.count, n * worlds), dtype=np.bool_),
    )
    return pipeline, kept


def _places(kept: Ints, count: int) -> Ints:
    """Old index → new index; the last entry, which index -1 finds, is -1 like all that is gone."""
    places = np.full(count + 1, -1)
    places[kept] = np.arange(len(kept))
    return places
