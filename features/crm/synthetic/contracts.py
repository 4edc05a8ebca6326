"""Contracts: who is a customer until when, and how contracts begin, run on and end."""

from dataclasses import dataclass, field

import numpy as np

from features.crm.synthetic.accounts import Accounts
from features.crm.synthetic.params import ContractParams
from features.crm.synthetic.steps import (
    DAY,
    HOUR,
    NEVER,
    Flags,
    Floats,
    Ints,
    Steps,
    no_flags,
    no_floats,
    no_ints,
)


@dataclass(slots=True)
class Contracts:
    """Every contract so far, in the order in which the CRM learnt of them.

    Attributes:
        account: account index.
        starts: first day.
        ends: last day.
        value: annual value.
        is_auto: whether it runs on unless cancelled.
        is_addon: whether it only adds to the account's main contract.
        recorded: moment at which the CRM learnt of it.
        renewed: moment at which it was renewed, or NEVER.
        cancelled: moment at which it was cancelled, or NEVER.
        opens: day on which a rep opens its renewal; NEVER where nobody will.
        volume: purchase volume of the account when it was signed, log points.
    """

    account: Ints = field(default_factory=no_ints)
    starts: Ints = field(default_factory=no_ints)
    ends: Ints = field(default_factory=no_ints)
    value: Floats = field(default_factory=no_floats)
    is_auto: Flags = field(default_factory=no_flags)
    is_addon: Flags = field(default_factory=no_flags)
    recorded: Ints = field(default_factory=no_ints)
    renewed: Ints = field(default_factory=no_ints)
    cancelled: Ints = field(default_factory=no_ints)
    opens: Ints = field(default_factory=no_ints)
    volume: Floats = field(default_factory=no_floats)

    def append(self, batch: "Contracts") -> Ints:
        """Add signed contracts and return their indices."""
        first = len(self.account)
        for name in self.__slots__:
            setattr(self, name, np.concatenate([getattr(self, name), getattr(batch, name)]))
        return np.arange(first, len(self.account))

    def take(self, which: Ints) -> "Contracts":
        """A copy of some of the contracts."""
        return Contracts(**{name: getattr(self, name)[which] for name in self.__slots__})


@dataclass(slots=True)
class Portfolio:
    """The contract situation of every account, now.

    Attributes:
        contracts: all contracts so far.
        main: index of the account's main contract, or -1.
        arr: annual value under contract.
        renewal: index of the open renewal deal, or -1.
        is_leaving: whether the main contract will end without another.
    """

    contracts: Contracts
    main: Ints
    arr: Floats
    renewal: Ints
    is_leaving: Flags

    @property
    def ends(self) -> Ints:
        """Last day of each account's main contract; NEVER for those without."""
        if len(self.contracts.ends) == 0:
            return np.full(len(self.main), NEVER)
        return np.where(self.main >= 0, self.contracts.ends[self.main], NEVER)

    def sign(self, rng: np.random.Generator, params: ContractParams, batch: Contracts) -> Ints:
        """Put contracts in force, decide who will open their renewals, and return their indices."""
        n = len(batch.account)
        opens = batch.ends - rng.integers(*params.open_before, n)
        has_deal = ~batch.is_auto | (rng.random(n) < params.auto_opportunity)
        batch.opens = np.where(has_deal & ~batch.is_addon, opens, NEVER)
        batch.renewed = np.full(n, NEVER)
        batch.cancelled = np.full(n, NEVER)
        signed = self.contracts.append(batch)
        is_main = ~batch.is_addon
        self.main[batch.account[is_main]] = signed[is_main]
        self.arr[batch.account[is_main]] = batch.value[is_main]
        np.add.at(self.arr, batch.account[batch.is_addon], batch.value[batch.is_addon])
        self.is_leaving[batch.account[is_main]] = False
        return signed

    def renew(self, contract: Ints, moment: Ints) -> None:
        """Stamp contracts as renewed."""
        self.contracts.renewed[contract] = moment

    def cancel(self, contract: Ints, moment: Ints) -> None:
        """Stamp contracts as cancelled; their accounts stay customers to the last day."""
        self.contracts.cancelled[contract] = moment
        self.is_leaving[self.contracts.account[contract]] = True

    def run_on(
        self,
        rng: np.random.Generator,
        params: ContractParams,
        *,
        steps: Steps,
        step: int,
        volume: Floats,
    ) -> Ints:
        """End or extend the contracts without a renewal deal whose last day is in this step.

        Returns:
            The accounts that are no longer customers.
        """
        ends = self.ends
        is_over = (self.main >= 0) & (ends < steps.day(step + 1))
        over = np.flatnonzero(is_over & self.is_leaving)
        self.main[over] = -1
        self.arr[over] = 0.0
        on = np.flatnonzero(is_over & ~self.is_leaving & (self.renewal < 0))
        if len(on):
            old = self.main[on]
            moment = (np.maximum(ends[on], steps.day(step)) + 1) * DAY - 6 * HOUR
            moment = np.minimum(moment, steps.end - HOUR)
            self.renew(old, moment)
            index = np.where(rng.random(len(on)) < 0.4, rng.uniform(0.02, 0.05, len(on)), 0.0)
            length = self.contracts.ends[old] - self.contracts.starts[old] + 1
            term = nearest_term(params, length)
            batch = Contracts(
                account=on,
                starts=ends[on] + 1,
                ends=ends[on] + term,
                value=np.round(self.arr[on] * (1 + index), -1),
                is_auto=np.ones(len(on), dtype=np.bool_),
                is_addon=np.zeros(len(on), dtype=np.bool_),
                recorded=moment,
                volume=volume[on],
            )
            self.sign(rng, params, batch)
        return over


def nearest_term(params: ContractParams, length: Ints) -> Ints:
    """The usual term that is closest to each length in days."""
    terms = np.array(params.terms)
    nearest: Ints = terms[np.argmin(np.abs(length[:, None] - terms[None, :]), axis=1)]
    return nearest


def open_portfolio(
    rng: np.random.Generator, params: ContractParams, steps: Steps, accounts: Accounts
) -> Portfolio:
    """Sign the contracts that go-live brings over, with the terms that they still have to run."""
    n = accounts.count
    portfolio = Portfolio(
        contracts=Contracts(),
        main=np.full(n, -1),
        arr=np.zeros(n),
        renewal=np.full(n, -1),
        is_leaving=np.zeros(n, dtype=np.bool_),
    )
    held = np.flatnonzero(accounts.is_customer)
    count = len(held)
    term = rng.choice(params.terms, count, p=params.term_shares)
    left = np.maximum(110, (term * rng.random(count)).astype(np.int64))
    start = np.full(count, int(steps.works_from[0]))
    batch = Contracts(
        account=held,
        starts=start,
        ends=start + left,
        value=np.round(accounts.value[held] * rng.lognormal(0, 0.3, count), -1),
        is_auto=rng.random(count) < params.auto_renews,
        is_addon=np.zeros(count, dtype=np.bool_),
        recorded=np.full(count, int(steps.opening(0)) + HOUR),
        volume=np.zeros(count),
    )
    portfolio.sign(rng, params, batch)
    return portfolio
