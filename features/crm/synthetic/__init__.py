"""A synthetic CRM: a company that does not exist, whose records look like those of one."""

from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.regimes import REGIMES, Regime, UnknownRegimeError, regime
from features.crm.synthetic.switches import MESS, UnknownMessError, without
from features.crm.synthetic.world import make_world, world_blocks

__all__ = [
    "MESS",
    "REGIMES",
    "Regime",
    "UnknownMessError",
    "UnknownRegimeError",
    "WorldParams",
    "make_world",
    "regime",
    "without",
    "world_blocks",
]
