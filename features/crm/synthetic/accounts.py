"""Accounts: what they are, and the hidden state that drifts under everything they do.

The hidden state never leaves the world. Every exported column is a noisy consequence of it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from features.crm.synthetic.params import LatentParams, WorldParams
from features.crm.synthetic.weeks import Flags, Floats, Ints, Weeks

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
class Latent:
    """Hidden state, one row per week and one column per account, about N(0, 1) unless noted.

    Attributes:
        fit: how much the account gains from the product; constant, one value per account.
        intent: present need.
        difficulty: how much service and haggling the account costs.
        responsiveness: how readily it answers.
        discipline: how promptly it pays.
        volume: purchase volume, log points against the start.
        champion: whether somebody inside speaks for the product.
        health: inclination to stay, a mixture of the others.
    """

    fit: Floats
    intent: Floats
    difficulty: Floats
    responsiveness: Floats
    discipline: Floats
    volume: Floats
    champion: Flags
    health: Floats


@dataclass(frozen=True, slots=True)
class Accounts:
    """Fixed facts of every account.

    Attributes:
        segment: index into SEGMENTS; `segment_later` holds from `segment_week` on.
        arrives: week in which the CRM first holds the account.
        is_customer: whether it has a contract at go-live.
        value: typical annual contract value in the base currency.
    """

    segment: Ints
    segment_later: Ints
    segment_week: Ints
    industry: Ints
    country: Ints
    employees: Floats
    revenue: Floats
    arrives: Ints
    is_customer: Flags
    value: Floats

    @property
    def count(self) -> int:
        """Number of accounts."""
        return len(self.segment)

    def present(self, week: int) -> Flags:
        """Which accounts the CRM holds in that week."""
        return self.arrives <= week


def make_accounts(rng: np.random.Generator, params: WorldParams, weeks: Weeks) -> Accounts:
    """Draw the accounts; most stand there at go-live, the others arrive through the years."""
    n = params.accounts
    segment = rng.choice(3, n, p=SEGMENT_SHARES)
    employees = np.round(np.array(SEGMENT_EMPLOYEES)[segment] * rng.lognormal(0, 0.6, n)) + 3
    is_early = rng.random(n) < params.latent.at_go_live
    arrives = np.where(is_early, 0, rng.integers(1, max(2, weeks.count - 8), n))
    moves = (rng.random(n) < 0.04) & (segment < 2)
    move_week = arrives + 1 + rng.integers(0, weeks.count, n)
    return Accounts(
        segment=segment,
        segment_later=np.where(moves & (move_week < weeks.count), segment + 1, segment),
        segment_week=move_week,
        industry=rng.integers(0, len(INDUSTRIES), n),
        country=rng.integers(0, len(COUNTRIES), n),
        employees=employees,
        revenue=np.round(employees * rng.lognormal(np.log(160_000), 0.5, n), -3),
        arrives=arrives,
        is_customer=is_early & (rng.random(n) < params.latent.customers_at_go_live),
        value=VALUE_PER_EMPLOYEE * employees**0.75 * rng.lognormal(0, 0.4, n),
    )


def make_latent(rng: np.random.Generator, params: LatentParams, shape: tuple[int, int]) -> Latent:
    """Draw the hidden state for every week and account, already in its stationary law."""
    weeks, n = shape
    fit, hard, open_minded, orderly = rng.standard_normal((4, n))
    surge = drift(rng, shape, params.intent_half_life)
    rate = params.growth_mean + 0.05 * fit - 0.02 * hard + params.growth_sd * rng.normal(size=n)
    steps = rate / 52 + params.volume_shock * rng.standard_normal(shape)
    trouble = drift(rng, shape, params.difficulty_half_life)
    answer = drift(rng, shape, params.response_half_life)
    habit = drift(rng, shape, params.discipline_half_life)
    intent = 0.45 * fit + 0.85 * surge
    difficulty = 0.80 * hard + 0.60 * trouble
    champion = champions(rng, params, (weeks, n))
    return Latent(
        fit=fit,
        intent=intent,
        difficulty=difficulty,
        responsiveness=0.3 * fit - 0.1 * hard + 0.55 * open_minded + 0.4 * surge + 0.6 * answer,
        discipline=-0.35 * hard + 0.75 * orderly + 0.55 * habit,
        volume=np.cumsum(steps, axis=0),
        champion=champion,
        health=0.45 * (intent + fit - difficulty) + 0.6 * (champion - 0.7),
    )


def drift(rng: np.random.Generator, shape: tuple[int, int], half_life: float) -> Floats:
    """A first-order autoregression with unit variance, one column per account.

    Args:
        rng: source of the shocks.
        shape: (weeks, accounts).
        half_life: weeks until half of a shock is gone.
    """
    keep = 0.5 ** (1.0 / half_life)
    path = rng.standard_normal(shape)
    path[1:] *= np.sqrt(1.0 - keep**2)
    for week in range(1, shape[0]):
        path[week] += keep * path[week - 1]
    return path


def champions(rng: np.random.Generator, params: LatentParams, shape: tuple[int, int]) -> Flags:
    """Champions who come and go; a two-state Markov chain by account."""
    draws = rng.random(shape)
    path = np.empty(shape, dtype=np.bool_)
    path[0] = draws[0] < params.champion_share
    for week in range(1, shape[0]):
        stays = draws[week] >= params.champion_leaves
        comes = draws[week] < params.champion_found
        path[week] = np.where(path[week - 1], stays, comes)
    return path
