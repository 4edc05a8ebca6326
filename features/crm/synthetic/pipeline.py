"""Pipeline: the whole state of deals and contracts at one moment of the world."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from features.crm.synthetic.accounts import Accounts, Latent
from features.crm.synthetic.contracts import Portfolio, open_portfolio
from features.crm.synthetic.deals import DealLogs, Deals
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.reps import Reps
from features.crm.synthetic.weeks import Flags, Ints, Weeks

LONG_AGO: Final = -1000
"""Week of the last close of an account that never had one."""


@dataclass(frozen=True, slots=True)
class World:
    """What the pursuit reads but does not change."""

    params: WorldParams
    weeks: Weeks
    accounts: Accounts
    latent: Latent
    reps: Reps


@dataclass(slots=True)
class Pipeline:
    """State of all deals and contracts, and the logs of what happened.

    Attributes:
        last_close: week of each account's last closed deal, one row per kind.
        is_customer: by week and account.
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
    portfolio = open_portfolio(rng, world.params.contracts, world.weeks, world.accounts)
    return Pipeline(
        world=world,
        deals=Deals(),
        logs=DealLogs.none(),
        portfolio=portfolio,
        last_close=np.full((3, n), LONG_AGO),
        is_customer=np.zeros((world.weeks.count, n), dtype=np.bool_),
    )
