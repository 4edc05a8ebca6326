"""Deals: the opportunities of the world while it runs, and everything that happens to them."""

from dataclasses import dataclass, field, fields
from typing import Final, Self

import numpy as np

from features.crm.synthetic.log import Log
from features.crm.synthetic.steps import NEVER, Flags, Floats, Ints, no_flags, no_floats, no_ints

STAGES: Final = ("Qualify", "Discover", "Propose", "Negotiate", "Won", "Lost")
PROBABILITIES: Final = (0.10, 0.25, 0.50, 0.75, 1.0, 0.0)
"""What the CRM prints beside each stage; nobody has ever measured it."""
DISCOVER: Final = 1
PROPOSE: Final = 2
NEGOTIATE: Final = 3
WON: Final = 4
LOST: Final = 5
NEW: Final = 0
EXPANSION: Final = 1
RENEWAL: Final = 2

STAGE_FIELD: Final = 0
CLOSE_DATE_FIELD: Final = 1
AMOUNT_FIELD: Final = 2
OWNER_FIELD: Final = 3
PROBABILITY_FIELD: Final = 4
FORECAST_FIELD: Final = 5
FIELDS: Final = ("stage", "close_date", "amount", "owner", "probability", "forecast_category")
FORECASTS: Final = ("pipeline", "best_case", "commit", "closed", "omitted")


@dataclass(slots=True)
class Deals:
    """Current state of every deal, one array per property, in the order of creation.

    Attributes:
        account: account index.
        kind: NEW, EXPANSION or RENEWAL.
        stage: index into STAGES: where the deal really is.
        shown: the stage that the rep shows.
        forecast: index into FORECASTS, as the rep last gave it.
        stage_since: day on which the step began in which it came to its stage.
        created: moment.
        closed: moment, or NEVER.
        close_day: committed date as the rep last typed it; the real one after closing.
        amount: annual value net of discount.
        list_amount: annual value before discount.
        discount: percent.
        pushes: times that the committed date has moved out.
        is_stalled: gone silent.
        is_abandoned: no longer worked, though never closed.
        luck: what is special about this deal, on the scale of its drive.
        contract: contract index that a renewal renews, else -1.
    """

    account: Ints = field(default_factory=no_ints)
    kind: Ints = field(default_factory=no_ints)
    stage: Ints = field(default_factory=no_ints)
    shown: Ints = field(default_factory=no_ints)
    forecast: Floats = field(default_factory=no_floats)
    stage_since: Ints = field(default_factory=no_ints)
    created: Ints = field(default_factory=no_ints)
    closed: Ints = field(default_factory=no_ints)
    close_day: Ints = field(default_factory=no_ints)
    amount: Floats = field(default_factory=no_floats)
    list_amount: Floats = field(default_factory=no_floats)
    discount: Floats = field(default_factory=no_floats)
    pushes: Ints = field(default_factory=no_ints)
    is_stalled: Flags = field(default_factory=no_flags)
    is_abandoned: Flags = field(default_factory=no_flags)
    luck: Floats = field(default_factory=no_floats)
    contract: Ints = field(default_factory=no_ints)

    @property
    def count(self) -> int:
        """Number of deals so far."""
        return len(self.account)

    def extend(self, batch: Self) -> Ints:
        """Append newly created deals and return their indices."""
        first = self.count
        for column in fields(self):
            joined = np.concatenate([getattr(self, column.name), getattr(batch, column.name)])
            setattr(self, column.name, joined)
        return np.arange(first, self.count)

    def open_deals(self) -> Ints:
        """Indices of the deals that are not closed."""
        return np.flatnonzero(self.closed == NEVER)

    def take(self, which: Ints) -> "Deals":
        """A copy of some of the deals."""
        return Deals(**{column.name: getattr(self, column.name)[which] for column in fields(self)})


@dataclass(frozen=True, slots=True)
class DealLogs:
    """What happened to deals.

    Attributes:
        changes: deal, moment, field, old, new; numbers as in Deals, NaN where there was none.
        quotes: deal, moment, list_amount, amount, is_first.
        steps: one row per open deal and step: deal, step, stage, is_stalled, is_abandoned.
    """

    changes: Log
    quotes: Log
    steps: Log

    @classmethod
    def none(cls) -> Self:
        """Nothing has happened."""
        return cls(
            Log("deal", "moment", "field", "old", "new"),
            Log("deal", "moment", "list_amount", "amount", "is_first"),
            Log("deal", "step", "stage", "is_stalled", "is_abandoned"),
        )

    def change(self, deal: Ints, moment: Ints, *, field: int, old: Floats, new: Floats) -> None:
        """Log that a field went from `old` to `new`."""
        self.changes.add(deal, moment, np.full(len(deal), field), old, new)
