"""World parameters: every constant of the synthetic CRM, with its unit.

The values were chosen once, from what is plausible in business-to-business sales, before any
model was fitted; they are not tuned to a model afterwards. Rates are per week and multiply
`exp(weight x latent)`, where latents have mean 0 and standard deviation about 1.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from features.crm.synthetic.mess.params import MessParams
from features.crm.synthetic.sales_params import ContractParams, PursuitParams
from features.crm.synthetic.trace_params import ActivityParams, BillingParams, ServiceParams
from features.schema import TABLES

__all__ = [
    "ActivityParams",
    "BillingParams",
    "ClimateParams",
    "ContractParams",
    "LatentParams",
    "MessParams",
    "PursuitParams",
    "RepParams",
    "ServiceParams",
    "WorldParams",
]

KEEPS_BUSINESS: Final = frozenset({"opportunities", "invoices", "contracts"})
"""Of these tables a CRM keeps at least one."""
BLOCK: Final = 2_000
"""Accounts that are made at a time; larger worlds are made block by block."""


@dataclass(frozen=True, slots=True)
class LatentParams:
    """How the hidden state of an account is drawn and how fast it drifts.

    Attributes:
        intent_half_life: weeks until half of a surge of interest is gone.
        difficulty_half_life: weeks; difficulty is mostly a lasting trait.
        response_half_life: weeks.
        discipline_half_life: weeks; payment habits.
        effort_half_life: weeks; the seller's attention to one account.
        growth_mean: mean change of purchase volume, log points a year.
        growth_sd: spread between accounts, log points a year.
        volume_shock: weekly random-walk step of purchase volume, log points.
        champion_share: share of accounts that start with a champion.
        champion_leaves: probability per week that a champion goes.
        champion_found: probability per week that one is found.
        at_go_live: share of accounts that the CRM holds from its first week.
        customers_at_go_live: share of those that already have a contract.
    """

    intent_half_life: float = 14.0
    difficulty_half_life: float = 40.0
    response_half_life: float = 20.0
    discipline_half_life: float = 52.0
    effort_half_life: float = 6.0
    growth_mean: float = 0.03
    growth_sd: float = 0.10
    volume_shock: float = 0.022
    champion_share: float = 0.70
    champion_leaves: float = 0.010
    champion_found: float = 0.025
    at_go_live: float = 0.80
    customers_at_go_live: float = 0.78


@dataclass(frozen=True, slots=True)
class RepParams:
    """Who sells, and how differently.

    Attributes:
        accounts_per_rep: size of a book.
        managers: least number of reps without a book of their own who have the others as reports;
            there is one for every ten sellers.
        leaves: probability per year that a rep goes and a colleague inherits the book.
        account_moves: probability per account and year of a new owner for another reason.
        optimism: least and greatest factor on the typed cycle length.
        tidiness: least and greatest weekly probability of mending an overdue close date.
        logging: least and greatest probability that a touch is written down.
        lateness: least and greatest probability that it is written down days later.
        selling_hours: hours a month for selling.
        sandbaggers: share of reps who promise late, show an early stage and forecast low.
        happy_ears: share of reps who promise early, show a late stage and forecast high.
    """

    accounts_per_rep: int = 25
    managers: int = 2
    leaves: float = 0.06
    account_moves: float = 0.05
    optimism: tuple[float, float] = (0.65, 1.25)
    tidiness: tuple[float, float] = (0.30, 0.80)
    logging: tuple[float, float] = (0.60, 0.95)
    lateness: tuple[float, float] = (0.03, 0.25)
    selling_hours: float = 90.0
    sandbaggers: float = 0.05
    happy_ears: float = 0.10


@dataclass(frozen=True, slots=True)
class ClimateParams:
    """A turn of the market, for everybody at once.

    Attributes:
        turns: weeks before the end of the history at which it sets in; 0 for never.
        easing: log points on the win rates from then on, taken off the loss rates; a recession
            has a negative one.
        demand: log points on the rates at which deals open and orders come in.
    """

    turns: int = 0
    easing: float = 0.0
    demand: float = 0.0


@dataclass(frozen=True, slots=True)
class WorldParams:
    """One synthetic company: its size, its span, its seed, and its mechanism.

    Attributes:
        accounts: number of accounts at the end.
        seed: the same seed and parameters give the same tables, bit for bit.
        years: length of the history.
        until: the history ends strictly before 00:00 UTC of this day.
        fiscal_year_start_month: 1 to 12; where the quarter-end rush falls.
        block: accounts that are made at a time; a world of several blocks begins with the world
            of one block of the same seed.
        hidden: tables that this CRM does not keep.
    """

    accounts: int = 500
    seed: int = 7
    years: float = 4
    until: date = date(2026, 11, 21)
    fiscal_year_start_month: int = 1
    block: int = BLOCK
    hidden: frozenset[str] = frozenset()
    latent: LatentParams = field(default_factory=LatentParams)
    climate: ClimateParams = field(default_factory=ClimateParams)
    reps: RepParams = field(default_factory=RepParams)
    pursuit: PursuitParams = field(default_factory=PursuitParams)
    contracts: ContractParams = field(default_factory=ContractParams)
    activity: ActivityParams = field(default_factory=ActivityParams)
    billing: BillingParams = field(default_factory=BillingParams)
    service: ServiceParams = field(default_factory=ServiceParams)
    mess: MessParams = field(default_factory=MessParams)

    def __post_init__(self) -> None:
        if self.accounts < 1:
            raise ValueError(f"expected at least 1 account, got {self.accounts}")
        if not 0.25 <= self.years <= 30:
            raise ValueError(f"expected years between 0.25 and 30, got {self.years}")
        if self.seed < 0:
            raise ValueError(f"expected a seed of 0 or more, got {self.seed}")
        if self.block < 1:
            raise ValueError(f"expected blocks of at least 1 account, got {self.block}")
        if not 1 <= self.fiscal_year_start_month <= 12:
            raise ValueError(
                f"expected fiscal_year_start_month 1 to 12, got {self.fiscal_year_start_month}"
            )
        unknown = sorted(self.hidden - set(TABLES))
        if unknown:
            raise ValueError(f"expected hidden tables of the contract, got {unknown}")
        if "accounts" in self.hidden or self.hidden >= KEEPS_BUSINESS:
            raise ValueError(
                "expected accounts and one of contracts, invoices, opportunities to be kept, "
                f"got hidden tables {sorted(self.hidden)}"
            )
