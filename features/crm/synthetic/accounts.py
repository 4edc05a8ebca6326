"""Accounts: what they are, once and for all."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.steps import Flags, Floats, Ints, Steps

SEGMENTS: Final = ("small", "mid_market", "enterprise")
SEGMENT_SHARES: Final = (0.50, 0.35, 0.15)
SEGMENT_EMPLOYEES: Final = (45.0, 320.0, 2600.0)
"""Median number of employees by segment."""
INDUSTRIES: Final = (
    "manufacturing",
    "software",
    "retail",
    "logistics",
    "healthcare",
    "finance",
    "energy",
    "education",
)
COUNTRIES: Final = ("DE", "FR", "NL", "GB", "SE", "PL", "ES", "IT", "US", "CA")
REGIONS: Final = (
    "central",
    "west",
    "west",
    "north",
    "north",
    "central",
    "south",
    "south",
    "america",
    "america",
)
VALUE_PER_EMPLOYEE: Final = 600.0
"""Typical annual contract value is this times employees to the power of 0.75."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Fixed facts of every account.

    Attributes:
        segment: index into SEGMENTS; `segment_later` holds from `segment_step` on.
        arrives: step in which the CRM first holds the account.
        is_customer: whether it has a contract at go-live.
        value: typical annual contract value in the base currency.
        appetite: factor on the rate of its orders.
        is_monthly: whether contracts are billed by the month, else by the quarter.
    """

    segment: Ints
    segment_later: Ints
    segment_step: Ints
    industry: Ints
    country: Ints
    employees: Floats
    revenue: Floats
    arrives: Ints
    is_customer: Flags
    value: Floats
    appetite: Floats
    is_monthly: Flags

    @property
    def count(self) -> int:
        """Number of accounts."""
        return len(self.segment)

    def present(self, step: int) -> Flags:
        """Which accounts the CRM holds in that step."""
        return self.arrives <= step

    def later(self, step: int, *, times: int) -> "Accounts":
        """The same accounts `times` over, with steps counted from `step` on."""
        tiled = {name: np.tile(getattr(self, name), times) for name in self.__slots__}
        shifted = {name: tiled[name] - step for name in ("arrives", "segment_step")}
        return Accounts(**(tiled | shifted))


def make_accounts(rng: np.random.Generator, params: WorldParams, steps: Steps) -> Accounts:
    """Draw the accounts; most stand there at go-live, the others arrive through the years."""
    n = params.accounts
    segment = rng.choice(3, n, p=SEGMENT_SHARES)
    employees = np.round(np.array(SEGMENT_EMPLOYEES)[segment] * rng.lognormal(0, 0.6, n)) + 3
    is_early = rng.random(n) < params.latent.at_go_live
    arrives = np.where(is_early, 0, rng.integers(1, max(2, steps.count - 8), n))
    moves = (rng.random(n) < 0.04) & (segment < 2)
    moves_at = arrives + 1 + rng.integers(0, steps.count, n)
    return Accounts(
        segment=segment,
        segment_later=np.where(moves & (moves_at < steps.count), segment + 1, segment),
        segment_step=moves_at,
        industry=rng.integers(0, len(INDUSTRIES), n),
        country=rng.integers(0, len(COUNTRIES), n),
        employees=employees,
        revenue=np.round(employees * rng.lognormal(np.log(160_000), 0.5, n), -3),
        arrives=arrives,
        is_customer=is_early & (rng.random(n) < params.latent.customers_at_go_live),
        value=VALUE_PER_EMPLOYEE * employees**0.75 * rng.lognormal(0, 0.4, n),
        appetite=rng.lognormal(0, params.billing.order_appetite, n),
        is_monthly=rng.random(n) < params.billing.monthly,
    )
