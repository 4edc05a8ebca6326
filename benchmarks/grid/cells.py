"""Cells: the worlds of the evaluation grid, each a regime, a size and a seed.

The small part is what `make evaluate` has time for; the full grid is every world that the goals
speak of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

UNTIL = date(2026, 11, 21)
"""Last day of every world."""

REGIMES = (
    "baseline",
    "sparse",
    "tiny",
    "long_cycle",
    "transactional",
    "gaming",
    "shock",
    "boom",
)

MAIN_SIZES = (60, 120, 250, 500, 1000, 1200)
MAIN_SEEDS = (1, 2, 3, 4, 5)
OTHER_SIZES = (120, 300)
TINY_SIZES = (60, 120)
OTHER_SEEDS = (1, 2, 3)
MAIN_REGIMES = ("baseline", "long_cycle")

ATTAINABLE_AT_MOST = 1200
"""Accounts up to which the same model family is also taught on ten times as many."""

TIMES = 10
"""How many times the accounts the attainable skill is learnt on."""

Extent = Literal["small", "full"]
EXTENTS: tuple[Extent, ...] = ("small", "full")


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One world of the grid.

    Attributes:
        regime: one of `REGIMES`.
        accounts: size, count.
        seed: where its chance comes from.
    """

    regime: str
    accounts: int
    seed: int

    def __post_init__(self) -> None:
        if self.regime not in REGIMES:
            raise ValueError(f"expected a regime out of {', '.join(REGIMES)}, got {self.regime!r}")
        if self.accounts < 1 or self.seed < 0:
            raise ValueError(
                "expected accounts of 1 or more and a seed of 0 or more, "
                f"got {self.accounts} and {self.seed}"
            )

    @property
    def name(self) -> str:
        """Stem of its result file.

        >>> Cell("baseline", 250, 1).name
        'baseline-250-seed-1'
        """
        return f"{self.regime}-{self.accounts}-seed-{self.seed}"

    @property
    def url(self) -> str:
        """The address that makes the world."""
        return (
            f"synthetic:regime={self.regime},accounts={self.accounts},seed={self.seed},"
            f"until={UNTIL.isoformat()}"
        )

    @property
    def big_url(self) -> str:
        """The address of a world of `TIMES` the accounts, whose first block is this world."""
        return (
            f"synthetic:regime={self.regime},accounts={TIMES * self.accounts},seed={self.seed},"
            f"until={UNTIL.isoformat()},block={self.accounts}"
        )

    @property
    def has_attainable(self) -> bool:
        """Whether the big world is small enough to be run."""
        return self.accounts <= ATTAINABLE_AT_MOST


SMALL: tuple[Cell, ...] = (Cell("baseline", 250, 1),)


def sizes_of(regime: str) -> tuple[int, ...]:
    """Accounts of the regime's worlds in the full grid."""
    if regime in MAIN_REGIMES:
        return MAIN_SIZES
    return TINY_SIZES if regime == "tiny" else OTHER_SIZES


def seeds_of(regime: str) -> tuple[int, ...]:
    """Seeds of the regime's worlds in the full grid."""
    return MAIN_SEEDS if regime in MAIN_REGIMES else OTHER_SEEDS


def full_grid() -> tuple[Cell, ...]:
    """Every cell, by regime, size and seed."""
    return tuple(
        Cell(regime, accounts, seed)
        for regime in REGIMES
        for accounts in sizes_of(regime)
        for seed in seeds_of(regime)
    )


def chosen(
    extent: Extent,
    *,
    only: str | None = None,
    accounts: int | None = None,
    seeds: Sequence[int] | None = None,
) -> tuple[Cell, ...]:
    """The extent's cells of that regime, that size and those seeds; None takes all.

    >>> [cell.name for cell in chosen("full", only="tiny", accounts=60, seeds=(2,))]
    ['tiny-60-seed-2']
    """
    cells = SMALL if extent == "small" else full_grid()
    return tuple(
        cell
        for cell in cells
        if only in (None, cell.regime)
        and accounts in (None, cell.accounts)
        and (seeds is None or cell.seed in seeds)
    )
