"""Population: how many accounts, how busy each is, and when; the shape of the made-up tables."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

ACTIVITIES, CHANGES, INVOICES, TICKETS = 100, 25, 20, 5
"""Rows for each account, on average."""

DEALS = 3
CONTACTS = 12
"""Deals of each account, and the most contacts it has."""

SPREAD = 1.2
"""Standard deviation of the logarithm of how busy an account is: a heavy tail."""

LATE = 0.05
"""Share of the rows that are recorded late …"""

LATE_DAYS = 20.0
"""… and by how many days, on average."""

ROWS_AT_ONCE = 250_000
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Population:
    """The accounts of a made-up CRM.

    Attributes:
        accounts: how many.
        seed: where all chance comes from.
        until: the last moment anything is recorded.
        years: how long the CRM has been running.
    """

    accounts: int
    seed: int = 7
    until: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    years: float = 4.0

    def __post_init__(self) -> None:
        if self.accounts < 1 or self.years <= 0:
            raise ValueError(
                f"expected accounts and years, got {self.accounts} accounts and {self.years} years"
            )

    @property
    def reps(self) -> int:
        """One rep for 50 accounts."""
        return 1 + self.accounts // 50

    @cached_property
    def since_us(self) -> int:
        """When the CRM began; microseconds since 1970."""
        began = self.until - timedelta(days=365.25 * self.years)
        return int(began.timestamp()) * 1_000_000

    @cached_property
    def until_us(self) -> int:
        """`until` in microseconds since 1970."""
        return int(self.until.timestamp()) * 1_000_000

    @cached_property
    def _cumulated(self) -> Floats:
        rng = np.random.default_rng([self.seed, 0])
        total: Floats = np.cumsum(np.exp(SPREAD * rng.standard_normal(self.accounts)))
        total /= total[-1]
        return total

    def who(self, rng: np.random.Generator, count: int) -> Numbers:
        """Accounts of `count` rows: busy ones more often."""
        found = np.searchsorted(self._cumulated, rng.random(count), side="right")
        return np.minimum(found, self.accounts - 1).astype(np.int64)

    def recorded(self, rng: np.random.Generator, part: int, parts: int, count: int) -> Numbers:
        """Rising moments of recording in the `part`-th of `parts` equal spans; microseconds."""
        span = (self.until_us - self.since_us) / parts
        within = np.sort(rng.random(count))
        return (self.since_us + span * (part + within)).astype(np.int64)

    def as_ofs(self, count: int, months: int = 3) -> tuple[datetime, ...]:
        """The last `count` firsts of a month, `months` apart, up to `until`; the oldest first."""
        last = self.until.year * 12 + self.until.month - 1
        numbers = (last - months * back for back in reversed(range(count)))
        return tuple(datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in numbers)


def occurred(rng: np.random.Generator, recorded: Numbers) -> Numbers:
    """When the rows happened: mostly when they were recorded, for a twentieth earlier."""
    is_late = rng.random(recorded.size) < LATE
    delay = rng.exponential(LATE_DAYS * DAY_US, recorded.size).astype(np.int64)
    return recorded - np.where(is_late, delay, 0)


def parts(rows: int) -> list[int]:
    """Sizes of the chunks a table is made in."""
    count = max(1, -(-rows // ROWS_AT_ONCE))
    return [rows // count + (part < rows % count) for part in range(count)]
