"""Regimes: companies that differ in how they sell, what they write down, and what hits them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from features.crm.synthetic.params import (
    ActivityParams,
    BillingParams,
    ClimateParams,
    ContractParams,
    PursuitParams,
    RepParams,
    WorldParams,
)

UNTIL: Final = date(2026, 11, 21)


@dataclass(frozen=True, slots=True)
class Regime:
    """A named way in which a company can be.

    Attributes:
        description: one sentence.
        accounts: size unless another is asked for.
        years: history unless another is asked for.
        bend: what makes a baseline world one of this regime.
    """

    description: str
    accounts: int = 500
    years: float = 4.0
    bend: Callable[[WorldParams], WorldParams] = lambda params: params


class UnknownRegimeError(ValueError):
    """A name that no regime has."""


def regime(
    name: str,
    *,
    accounts: int | None = None,
    seed: int = 7,
    years: float | None = None,
    until: date = UNTIL,
    fiscal_year_start_month: int = 1,
) -> WorldParams:
    """The parameters of a world of a regime; size and history are the regime's own unless given.

    Raises:
        UnknownRegimeError: for a name that no regime has.
    """
    if name not in REGIMES:
        raise UnknownRegimeError(f"expected a regime out of {', '.join(REGIMES)}, got {name!r}")
    chosen = REGIMES[name]
    plain = WorldParams(
        accounts=chosen.accounts if accounts is None else accounts,
        seed=seed,
        years=chosen.years if years is None else years,
        until=until,
        fiscal_year_start_month=fiscal_year_start_month,
    )
    return chosen.bend(plain)


def _sparse(params: WorldParams) -> WorldParams:
    return replace(
        params,
        hidden=frozenset(
            {
                "covenants", "opportunity_contacts", "quotes", "referrals", "targets",
                "tickets", "usage",
            }
        ),
        reps=RepParams(logging=(0.15, 0.45), lateness=(0.10, 0.40)),
        activity=ActivityParams(contact_named=0.25),
    )  # fmt: skip


def _long_cycle(params: WorldParams) -> WorldParams:
    return replace(
        params,
        pursuit=PursuitParams(
            new_rate=0.020,
            expansion_rate=0.014,
            cool_down=9,
            advance=(0.12, 0.11, 0.10, 0.0),
            loss=(0.017, 0.016, 0.015, 0.019),
            win=(0.0, 0.001, 0.005, 0.025),
            stall=0.03,
            drive_on_advance=0.25,
            drive_on_win=0.40,
            drive_on_loss=0.40,
            deal_noise=0.40,
            stage_staleness=36.0,
            cycle_days=280.0,
            push_days=75.0,
        ),
        contracts=ContractParams(
            terms=(365, 730, 1095), term_shares=(0.45, 0.35, 0.20), open_before=(110, 160)
        ),
    )


def _transactional(params: WorldParams) -> WorldParams:
    return replace(
        params,
        hidden=frozenset(
            {
                "contracts", "covenants", "opportunities", "opportunity_changes",
                "opportunity_contacts", "quotes", "stages", "targets", "usage",
            }
        ),
        reps=RepParams(accounts_per_rep=60),
        contracts=ContractParams(auto_renews=0.85, auto_opportunity=0.10, cancel=0.012),
        billing=BillingParams(subscriptions=False, orders=0.20, order_appetite=0.8),
    )  # fmt: skip


def _gaming(params: WorldParams) -> WorldParams:
    return replace(params, reps=RepParams(sandbaggers=0.25, happy_ears=0.40, tidiness=(0.15, 0.60)))


def _shock(params: WorldParams) -> WorldParams:
    return replace(params, climate=ClimateParams(turns=40, easing=-0.7, demand=-0.3))


def _boom(params: WorldParams) -> WorldParams:
    return replace(params, climate=ClimateParams(turns=40, easing=0.5, demand=0.5))


REGIMES: Final[Mapping[str, Regime]] = MappingProxyType(
    {
        "baseline": Regime("A software vendor with contracts, renewals and a usual pipeline."),
        "sparse": Regime(
            "Reps write down little and late, and the CRM keeps neither tickets nor usage.",
            bend=_sparse,
        ),
        "tiny": Regime(
            "A young company with three sellers and two years of history.", accounts=60, years=2.0
        ),
        "long_cycle": Regime(
            "Enterprise deals that take most of a year, under contracts of up to three.",
            bend=_long_cycle,
        ),
        "transactional": Regime(
            "A wholesaler: orders come and stay away, and nobody keeps opportunities.",
            bend=_transactional,
        ),
        "gaming": Regime(
            "Most reps bend the pipeline: a quarter hide deals, two in five promise too much.",
            bend=_gaming,
        ),
        "shock": Regime(
            "A recession 40 weeks before the end: deals are won half as readily.", bend=_shock
        ),
        "boom": Regime(
            "A boom 40 weeks before the end: more deals, and they are won more readily.", bend=_boom
        ),
    }
)
