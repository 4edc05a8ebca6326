"""Regimes: the synthetic companies by name, each opened as a Book."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from features.book import Book, make_book
from features.calendar import Calendar
from features.crm.synthetic import REGIMES, WorldParams, make_world, regime


@dataclass(frozen=True, slots=True)
class World:
    """One company made from a regime.

    Attributes:
        regime: the regime's name.
        description: what it is, in one sentence.
        params: what it was made from.
        tables: the contract tables as they were exported.
    """

    regime: str
    description: str
    params: WorldParams
    tables: Mapping[str, pl.DataFrame]

    @property
    def calendar(self) -> Calendar:
        """The company's fiscal calendar."""
        return Calendar(fiscal_year_start_month=self.params.fiscal_year_start_month)

    @property
    def book(self) -> Book:
        """The exported tables, complete until the end of the world."""
        return make_book(
            {name: frame.lazy() for name, frame in self.tables.items()},
            observed_until=self.calendar.midnight(self.params.until),
        )


def open_world(name: str, *, accounts: int | None, seed: int) -> World:
    """Make the world of a regime.

    Args:
        name: of `names()`.
        accounts: size; None for the regime's own.
        seed: of the world.

    Raises:
        UnknownRegimeError: for a name that no regime has.
    """
    params = regime(name, accounts=accounts, seed=seed)
    return World(name, REGIMES[name].description, params, make_world(params))


def names() -> tuple[str, ...]:
    """The regimes, in their own order."""
    return tuple(REGIMES)
