"""Contacts: the people at each account, who come and go with the hidden champion."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline, World
from features.crm.synthetic.steps import NEVER, Flags, Ints, no_flags, no_ints

ROLES: Final = ("decision maker", "user", "technical buyer", "influencer")
FIRST: Final = (2, 3, 5)
"""Contacts that an account starts with, by segment; a random one or two come on top."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Everybody the CRM knows, sorted by account.

    Attributes:
        account: account index.
        seniority: index into the contract's seniorities.
        is_decision_maker: whether the rep ticked it.
        created: moment.
        left: moment, or NEVER.
        first: place of each account's first contact; one more entry than accounts.
    """

    account: Ints
    seniority: Ints
    is_decision_maker: Flags
    created: Ints
    left: Ints
    first: Ints

    def pick(self, rng: np.random.Generator, account: Ints, moment: Ints) -> Ints:
        """A random contact of each account who is there at the moment; -1 when the pick fails."""
        if len(self.account) == 0:
            return np.full(len(account), -1)
        size = self.first[account + 1] - self.first[account]
        place = self.first[account] + (rng.random(len(account)) * size).astype(np.int64)
        place = np.minimum(place, len(self.account) - 1)
        left = self.left[place]
        is_there = (self.created[place] < moment) & ((left == NEVER) | (left > moment))
        return np.where(is_there & (size > 0), place, -1)


def nobody(accounts: int) -> Contacts:
    """No contact for any of so many accounts."""
    return Contacts(
        no_ints(), no_ints(), no_flags(), no_ints(), no_ints(), np.zeros(accounts + 1, np.int64)
    )


def make_contacts(rng: np.random.Generator, world: World) -> Contacts:
    """Draw the contacts; a champion who goes or comes is often seen as a contact who does."""
    accounts, steps, champion = world.accounts, world.steps, world.latent.champion
    start = np.array(FIRST)[accounts.segment] + rng.integers(0, 3, accounts.count)
    early = np.repeat(np.arange(accounts.count), start)
    gained = np.argwhere(champion[1:] & ~champion[:-1]) + np.array([1, 0])
    gained = gained[accounts.arrives[gained[:, 1]] < gained[:, 0]]
    gained = gained[rng.random(len(gained)) < 0.7]
    later = np.argwhere(rng.random(champion.shape) < 0.008 * steps.weeks[:, None])
    later = later[accounts.arrives[later[:, 1]] < later[:, 0]]
    account = np.concatenate([early, gained[:, 1], later[:, 1]])
    step = np.concatenate([accounts.arrives[early], gained[:, 0], later[:, 0]])
    is_champion = np.arange(len(account)) < len(early) + len(gained)
    is_champion &= np.arange(len(account)) >= len(early)
    # The first contact of each account stands for the champion of the beginning.
    is_champion[np.concatenate([[0], np.cumsum(start)[:-1]])] = True
    lost = np.where(is_champion, _next_loss(champion, account, step), steps.count)
    lost = np.where(rng.random(len(account)) < 0.65, lost, steps.count)
    stays = (7 * rng.exponential(160, len(account))).astype(np.int64) + 7
    other = np.searchsorted(steps.edges[:-1], steps.day(step) + stays)
    leaves = np.minimum(lost, other)
    is_gone = leaves < steps.count
    left = steps.moment(rng, np.minimum(leaves, steps.count - 1))
    created = steps.moment(rng, step)
    created = np.where(step == accounts.arrives[account], steps.opening(step), created)
    order = np.lexsort((created, account))
    count = np.bincount(account, minlength=accounts.count)
    senior = rng.choice(4, len(account), p=(0.12, 0.23, 0.35, 0.30))
    decides = rng.random(len(account)) < np.where(is_champion, 0.6, 0.18) * (senior < 3)
    return Contacts(
        account=account[order],
        seniority=senior[order],
        is_decision_maker=decides[order],
        created=created[order],
        left=np.where(is_gone, left, NEVER)[order],
        first=np.concatenate([[0], np.cumsum(count)]),
    )


def attach(rng: np.random.Generator, pipeline: Pipeline, contacts: Contacts) -> Log:
    """Contacts put on deals at creation and at stage moves; deal, contact, moment, is_first."""
    deals, changes = pipeline.deals, pipeline.logs.changes
    which, moment = changes["deal"], changes["moment"]
    is_stage = (changes["field"] == deal.STAGE_FIELD) & (changes.numbers("new") < deal.WON)
    which, moment = which[is_stage], moment[is_stage]
    is_first = moment == deals.created[which]
    wanted = is_first | (rng.random(len(which)) < 0.6)
    which, moment, is_first = which[wanted], moment[wanted], is_first[wanted]
    contact = contacts.pick(rng, deals.account[which], moment)
    found = contact >= 0
    which, moment, contact, is_first = (
        column[found] for column in (which, moment, contact, is_first)
    )
    order = np.lexsort((moment, contact, which))
    pairs = np.stack([which[order], contact[order]])
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = np.any(pairs[:, 1:] != pairs[:, :-1], axis=0)
    chosen = order[fresh]
    log = Log("deal", "contact", "moment", "is_first")
    log.add(which[chosen], contact[chosen], moment[chosen], is_first[chosen])
    return log


def _next_loss(champion: Flags, account: Ints, step: Ints) -> Ints:
    """The first step after `step` in which each account's champion goes; the count if none."""
    steps = champion.shape[0]
    lost = np.zeros(champion.shape, dtype=np.bool_)
    lost[1:] = champion[:-1] & ~champion[1:]
    following = np.full(champion.shape[1], steps)
    upcoming = np.empty(champion.shape, dtype=np.int64)
    for back in range(steps - 1, -1, -1):
        upcoming[back] = following
        following = np.where(lost[back], back, following)
    found: Ints = upcoming[np.minimum(step, steps - 1), account]
    return found
