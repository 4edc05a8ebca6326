"""Portrait: every figure of one world, as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.portrait.deals import Funnel, Pushes, QuarterWeeks, funnel, pushes, quarter_weeks
from benchmarks.portrait.fact import Lacking, written
from benchmarks.portrait.months import (
    ActivityMonths,
    LabelMonths,
    Misses,
    activity_months,
    label_months,
    misses,
)
from benchmarks.portrait.payment import Lateness, lateness
from benchmarks.portrait.regimes import World


@dataclass(frozen=True, slots=True)
class Portrait:
    """What is seen in one world.

    Attributes:
        regime: its name.
        description: what it is, in one sentence.
        accounts: its size.
        years: length of its history.
        seed: what makes it again.
        rows: table → rows.
    """

    regime: str
    description: str
    accounts: int
    years: float
    seed: int
    rows: Mapping[str, int]
    funnel: Funnel | Lacking
    pushes: Pushes | Lacking
    quarter_weeks: QuarterWeeks | Lacking
    lateness: Lateness | Lacking
    labels: LabelMonths | Lacking
    misses: Misses | Lacking
    activities: ActivityMonths | Lacking

    def __post_init__(self) -> None:
        if self.accounts < 1 or self.years <= 0:
            raise ValueError(
                f"expected accounts and years above 0, got {self.accounts} and {self.years}"
            )

    def a_year(self, table: str) -> float:
        """Rows of a table for each year of the history."""
        return self.rows.get(table, 0) / self.years

    def to_mapping(self) -> dict[str, Any]:
        """As it stands in the result file."""
        facts = (
            *(self.funnel, self.pushes, self.quarter_weeks, self.lateness),
            *(self.labels, self.misses, self.activities),
        )
        world = {
            name: getattr(self, name)
            for name in ("regime", "description", "accounts", "years", "seed", "rows")
        }
        yearly = {
            f"{table}_a_year": self.a_year(table) for table in ("opportunities", "activities")
        }
        names = ("funnel", "pushes", "quarter_weeks", "lateness", "labels", "misses", "activities")
        found = {name: fact.to_mapping() for name, fact in zip(names, facts, strict=True)}
        return {**written({**world, **yearly}), "figures": found}


def portray(world: World) -> Portrait:
    """Measure every figure of a world."""
    book, calendar = world.book, world.calendar
    return Portrait(
        regime=world.regime,
        description=world.description,
        accounts=world.params.accounts,
        years=world.params.years,
        seed=world.params.seed,
        rows={name: frame.height for name, frame in sorted(world.tables.items())},
        funnel=funnel(book),
        pushes=pushes(book),
        quarter_weeks=quarter_weeks(book, calendar),
        lateness=lateness(book, calendar),
        labels=label_months(book, calendar),
        misses=misses(book, calendar),
        activities=activity_months(book, calendar),
    )
