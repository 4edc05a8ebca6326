"""Mess: what years of use do to the tables of a CRM, laid over a clean synthetic world."""

from features.crm.synthetic.mess.currencies import currencies
from features.crm.synthetic.mess.duplicates import duplicates
from features.crm.synthetic.mess.gaps import gaps
from features.crm.synthetic.mess.groups import groups
from features.crm.synthetic.mess.params import (
    CurrencyParams,
    DuplicateParams,
    GapParams,
    GroupParams,
    MessParams,
)
from features.crm.synthetic.mess.passes import MESS_PARTS, apply_mess
from features.crm.synthetic.mess.rates import exchange_rates

__all__ = [
    "MESS_PARTS",
    "CurrencyParams",
    "DuplicateParams",
    "GapParams",
    "GroupParams",
    "MessParams",
    "apply_mess",
    "currencies",
    "duplicates",
    "exchange_rates",
    "gaps",
    "groups",
]
