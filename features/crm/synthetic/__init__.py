"""A synthetic CRM: a company that does not exist, whose records look like those of one."""

from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.world import make_world

__all__ = ["WorldParams", "make_world"]
