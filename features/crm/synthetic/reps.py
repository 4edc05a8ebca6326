"""Reps: who sells, and each one's habits; and who owns which account in which step."""

from dataclasses import dataclass

import numpy as np

from features.crm.synthetic.accounts import Accounts
from features.crm.synthetic.latent import drift
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.steps import DAY, Flags, Floats, Ints, Steps

SELLERS_PER_MANAGER = 10
PLAIN, SANDBAGGER, HAPPY_EARS = range(3)
_DATES = (1.0, 1.5, 0.7)
"""Factor of each style on the cycle length that is typed."""


@dataclass(frozen=True, slots=True)
class Team:
    """The sales team; the managers stand first and own no account.

    Attributes:
        managers: how many managers there are.
        manager: index of each rep's manager; a manager's own is -1.
        skill: effect on a deal's drive, about N(0, 1).
        diligence: effect on effort, about N(0, 1).
        style: PLAIN, SANDBAGGER or HAPPY_EARS.
        optimism: factor on the cycle length that the rep types.
        tidiness: weekly probability of mending an overdue close date.
        logging: probability that a touch is written down.
        lateness: probability that it is written down days later.
    """

    managers: int
    manager: Ints
    skill: Floats
    diligence: Floats
    style: Ints
    optimism: Floats
    tidiness: Floats
    logging: Floats
    lateness: Floats

    @property
    def count(self) -> int:
        """Managers and sellers."""
        return len(self.manager)


@dataclass(frozen=True, slots=True)
class Tenure:
    """Who owns what and pays how much attention, at one moment.

    Attributes:
        owner: rep index by account.
        attention: passing part of the effort that an account gets.
        leaves_on: day on which each rep goes, one row per world; far beyond the end for most.
        world: row of `leaves_on` for each account.
    """

    owner: Ints
    attention: Floats
    leaves_on: Ints
    world: Ints


@dataclass(frozen=True, slots=True)
class Reps:
    """The team and its books.

    Attributes:
        team: everybody, with their habits.
        owner: rep index by step and account.
        effort: attention that an account gets, by step and account, about N(0, 1).
        attention: the passing part of it.
        leaves_on: day on which each rep goes, one row per world.
    """

    team: Team
    owner: Ints
    effort: Floats
    attention: Floats
    leaves_on: Ints

    def is_active(self, steps: Steps) -> Flags:
        """Whether each rep of the first world is still there when the steps end."""
        stays: Flags = self.leaves_on[0] * DAY >= steps.end
        return stays


def make_team(rng: np.random.Generator, params: WorldParams, accounts: int) -> Team:
    """Draw the team for so many accounts: at least three sellers."""
    style = params.reps
    sellers = max(3, round(accounts / style.accounts_per_rep))
    managers = max(style.managers, round(sellers / SELLERS_PER_MANAGER))
    count = managers + sellers
    manager = np.arange(count) % managers
    manager[:managers] = -1
    draw = rng.random(count)
    bent = np.where(draw < style.sandbaggers, SANDBAGGER, PLAIN)
    bent = np.where(draw >= 1.0 - style.happy_ears, HAPPY_EARS, bent)
    return Team(
        managers=managers,
        manager=manager,
        skill=rng.standard_normal(count),
        diligence=rng.standard_normal(count),
        style=bent,
        optimism=rng.uniform(*style.optimism, count) * np.array(_DATES)[bent],
        tidiness=rng.uniform(*style.tidiness, count),
        logging=rng.uniform(*style.logging, count),
        lateness=rng.uniform(*style.lateness, count),
    )


def first_tenure(
    rng: np.random.Generator, params: WorldParams, team: Team, *, accounts: int, today: int
) -> Tenure:
    """Hand out the accounts, about as many to each seller, and draw who will leave when."""
    sellers = np.arange(team.managers, team.count)
    return Tenure(
        owner=sellers[rng.permutation(accounts) % len(sellers)],
        attention=rng.standard_normal(accounts),
        leaves_on=departures(rng, params, team, worlds=1, today=today + 56),
        world=np.zeros(accounts, dtype=np.int64),
    )


def departures(
    rng: np.random.Generator, params: WorldParams, team: Team, *, worlds: int, today: int
) -> Ints:
    """Draw the day on which each rep goes, at a constant hazard. Managers stay.

    Two sellers stay as well, so that there is always somebody to inherit a book.
    """
    years = rng.exponential(1.0 / max(params.reps.leaves, 1e-6), (worlds, team.count))
    days = np.minimum(365.25 * years, 1e6).astype(np.int64)
    days[:, : team.managers] = 1_000_000
    days[:, -2:] = 1_000_000
    return today + days


def walk_books(
    rng: np.random.Generator,
    params: WorldParams,
    team: Team,
    *,
    tenure: Tenure,
    accounts: Accounts,
    steps: Steps,
) -> Reps:
    """Continue owners and effort through the steps: handovers, other moves, drifting attention."""
    shape = (steps.count, accounts.count)
    attention = drift(rng, steps.weeks, params.latent.effort_half_life, tenure.attention)
    chance = 1.0 - (1.0 - params.reps.account_moves / 52) ** steps.weeks
    moves = rng.random(shape) < chance[:, None]
    owner = np.empty(shape, dtype=np.int64)
    now = tenure.owner
    for step in range(steps.count):
        stays = tenure.leaves_on > steps.day(step)
        must = ~stays[tenure.world, now]
        change = np.flatnonzero(must | (moves[step] & (accounts.arrives < step)))
        if len(change):
            now = now.copy()
            now[change] = _heirs(rng, team, stays[tenure.world[change]])
        owner[step] = now
    size = np.log(accounts.value)
    size = (size - size.mean()) / max(float(size.std()), 1e-9)
    return Reps(
        team=team,
        owner=owner,
        effort=0.45 * team.diligence[owner] + 0.25 * size + 0.80 * attention,
        attention=attention,
        leaves_on=tenure.leaves_on,
    )


def _heirs(rng: np.random.Generator, team: Team, stays: Flags) -> Ints:
    """One of the staying sellers for each row of `stays`."""
    can = stays.copy()
    can[:, : team.managers] = False
    place = np.floor(rng.random(len(can)) * can.sum(axis=1))
    heirs: Ints = np.argmax(np.cumsum(can, axis=1) > place[:, None], axis=1)
    return heirs
