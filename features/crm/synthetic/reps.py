"""Reps: who owns which account in which week, and each one's habits."""

from dataclasses import dataclass

import numpy as np

from features.crm.synthetic.accounts import Accounts, drift
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.weeks import Flags, Floats, Ints, Weeks


@dataclass(frozen=True, slots=True)
class Reps:
    """The sales team; the managers stand first and own no account.

    Attributes:
        managers: how many managers there are.
        manager: index of each rep's manager; a manager's own is -1.
        is_active: whether the rep is still there at the end.
        skill: effect on a deal's drive, about N(0, 1).
        diligence: effect on effort, about N(0, 1).
        optimism: factor on the cycle length that the rep types.
        tidiness: weekly probability of mending an overdue close date.
        logging: probability that a touch is written down.
        lateness: probability that it is written down days later.
        owner: rep index by week and account.
        effort: attention that an account gets, by week and account, about N(0, 1).
    """

    managers: int
    manager: Ints
    is_active: Flags
    skill: Floats
    diligence: Floats
    optimism: Floats
    tidiness: Floats
    logging: Floats
    lateness: Floats
    owner: Ints
    effort: Floats

    @property
    def count(self) -> int:
        """Managers and reps."""
        return len(self.manager)


def make_reps(
    rng: np.random.Generator, params: WorldParams, weeks: Weeks, accounts: Accounts
) -> Reps:
    """Draw the team and hand out the accounts for every week."""
    style = params.reps
    sellers = max(3, round(accounts.count / style.accounts_per_rep))
    count = style.managers + sellers
    manager = np.arange(count) % style.managers
    manager[: style.managers] = -1
    leaving = _leaving_week(rng, params, weeks, count)
    owner = _owners(rng, params, weeks, (accounts, leaving))
    diligence = rng.standard_normal(count)
    attention = drift(rng, owner.shape, params.latent.effort_half_life)
    size = np.log(accounts.value)
    size = (size - size.mean()) / max(float(size.std()), 1e-9)
    return Reps(
        managers=style.managers,
        manager=manager,
        is_active=leaving >= weeks.count,
        skill=rng.standard_normal(count),
        diligence=diligence,
        optimism=rng.uniform(*style.optimism, count),
        tidiness=rng.uniform(*style.tidiness, count),
        logging=rng.uniform(*style.logging, count),
        lateness=rng.uniform(*style.lateness, count),
        owner=owner,
        effort=0.45 * diligence[owner] + 0.25 * size + 0.80 * attention,
    )


def _leaving_week(rng: np.random.Generator, params: WorldParams, weeks: Weeks, count: int) -> Ints:
    """The week in which each rep goes; beyond the grid for those who stay. Managers stay."""
    span = rng.exponential(52.0 / params.reps.leaves, count)
    span[: params.reps.managers] = np.inf
    # At least two sellers stay, so that there is always somebody to inherit a book.
    span[-2:] = np.inf
    return np.where(span < weeks.count, np.maximum(span, 8), weeks.count).astype(np.int64)


def _owners(
    rng: np.random.Generator,
    params: WorldParams,
    weeks: Weeks,
    held: tuple[Accounts, Ints],
) -> Ints:
    """Rep index by week and account, with handovers when reps leave and territories change."""
    accounts, leaving = held
    managers, n = params.reps.managers, accounts.count
    sellers = np.arange(managers, len(leaving))
    now = sellers[rng.permutation(n) % len(sellers)]
    moves = rng.random((weeks.count, n)) < params.reps.account_moves / 52
    owner = np.empty((weeks.count, n), dtype=np.int64)
    for week in range(weeks.count):
        staying = sellers[leaving[sellers] > week]
        must = leaving[now] <= week
        change = np.flatnonzero(must | (moves[week] & (accounts.arrives < week)))
        now = now.copy()
        now[change] = staying[rng.integers(0, len(staying), len(change))]
        owner[week] = now
    return owner
