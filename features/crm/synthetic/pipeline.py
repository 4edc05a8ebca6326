"""Pipeline: the whole state of deals and contracts at one moment of the world."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from features.crm.synthetic.accounts import Accounts
from features.crm.synthetic.contracts import Portfolio, open_portfolio
from features.crm.synthetic.deals import DealLogs, Deals
from features.crm.synthetic.latent import Latent
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.reps import Reps
from features.crm.synthetic.steps import Flags, Ints, Steps, day_number

LONG_AGO: Final = -100_000
"""Day of the last close of an account that never had one."""


@dataclass(frozen=True, slots=True)
class World:
    """What the pursuit reads but does not change."""

    params: WorldParams
    steps: Steps
    accounts: Accounts
    latent: Latent
    reps: Reps

    def easing(self, step: int) -> float:
        """What the market adds to win rates in that step, log points."""
        return self.params.climate.easing if self._has_turned(step) else 0.0

    def demand(self, step: int) -> float:
        """What the market adds to the rates of new deals and orders, log points."""
        return self.params.climate.demand if self._has_turned(step) else 0.0

    def _has_turned(self, step: int) -> bool:
        turns = self.params.climate.turns
        since = day_number(self.params.until) - 7 * turns
        return turns > 0 and int(self.steps.day(step)) >= since


@dataclass(slots=True)
class Pipeline:
    """State of all deals and contracts, and the logs of what happened.

    Attributes:
        last_close: day of each account's last closed deal, one row per kind.
        is_customer: by step and account.
    """

    world: World
    deals: Deals
    logs: DealLogs
    portfolio: Portfolio
    last_close: Ints
    is_customer: Flags = field(repr=False)


def start_pipeline(rng: np.random.Generator, world: World) -> Pipeline:
    """The state at go-live: contracts brought over, no deals yet."""
    n = world.accounts.count
    portfolio = open_portfolio(rng, world.params.contracts, world.steps, world.accounts)
    return Pipeline(
        world=world,
        deals=Deals(),
        logs=DealLogs.none(),
        portfolio=portfolio,
        last_close=np.full((3, n), LONG_AGO),
        is_customer=np.zeros((world.steps.count, n), dtype=np.bool_),
    )
