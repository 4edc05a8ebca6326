"""Mess parameters: how much of the book is in disorder, and in which way.

The values were chosen from what is plausible in a CRM that has been in use for years; they are
not tuned to a model. Every share is of accounts unless it says otherwise.
"""

from dataclasses import dataclass, field
from typing import Final

EURO_RATES: Final[dict[str, float]] = {
    "EUR": 1.0,
    "GBP": 1.17,
    "USD": 0.92,
    "SEK": 0.088,
    "PLN": 0.23,
    "CAD": 0.68,
}
"""Euros for one unit of each currency: the level around which its rate wanders.

New currencies go to the end: the order decides which random numbers a currency gets.
"""


@dataclass(frozen=True, slots=True)
class DuplicateParams:
    """Customers who stand in the CRM twice.

    Attributes:
        share: accounts that get a second record; accounts younger than twice `settled_days`
            at the end never do.
        merged: share of the second records that are merged into the first later on.
        web: share of the second records that a web form made; a colleague made the others.
        filed: share of the later touches and contacts that are filed under a second record.
        settled_days: least days from the first record to the second, and from there to the end.
    """

    share: float = 0.03
    merged: float = 0.5
    web: float = 0.4
    filed: float = 0.4
    settled_days: int = 30

    def __post_init__(self) -> None:
        _require_shares(share=self.share, merged=self.merged, web=self.web, filed=self.filed)
        if self.settled_days < 2:
            raise ValueError(f"expected settled_days of 2 or more, got {self.settled_days}")


@dataclass(frozen=True, slots=True)
class CurrencyParams:
    """Deals and invoices in the currency of the customer's country.

    Attributes:
        share: accounts in a country with another currency that are billed in it.
        base: currency of the book, and of all accounts that are not billed in their own.
        annual_sd: standard deviation of a rate's logarithm after a year.
    """

    share: float = 0.3
    base: str = "EUR"
    annual_sd: float = 0.06

    def __post_init__(self) -> None:
        _require_shares(share=self.share)
        if self.base not in EURO_RATES:
            known = ", ".join(EURO_RATES)
            raise ValueError(f"expected a base currency of {known}, got {self.base!r}")
        if not 0.0 <= self.annual_sd <= 1.0:
            raise ValueError(f"expected annual_sd from 0 to 1, got {self.annual_sd}")


@dataclass(frozen=True, slots=True)
class GapParams:
    """What nobody entered; the four gaps strike independently of one another.

    Attributes:
        no_contacts: accounts without any contact.
        employees: accounts whose number of employees is not known.
        annual_revenue: accounts whose revenue is not known.
        industry: accounts whose industry is not known.
    """

    no_contacts: float = 0.06
    employees: float = 0.05
    annual_revenue: float = 0.05
    industry: float = 0.05

    def __post_init__(self) -> None:
        _require_shares(
            no_contacts=self.no_contacts,
            employees=self.employees,
            annual_revenue=self.annual_revenue,
            industry=self.industry,
        )


@dataclass(frozen=True, slots=True)
class GroupParams:
    """Companies that belong to one another, and when their years begin.

    Attributes:
        share: accounts that belong to a parent.
        fiscal_known: accounts whose fiscal year is known.
    """

    share: float = 0.08
    fiscal_known: float = 0.6

    def __post_init__(self) -> None:
        _require_shares(share=self.share, fiscal_known=self.fiscal_known)


@dataclass(frozen=True, slots=True)
class MessParams:
    """All of the mess; a part whose shares are 0 leaves the tables as they are."""

    duplicates: DuplicateParams = field(default_factory=DuplicateParams)
    currencies: CurrencyParams = field(default_factory=CurrencyParams)
    gaps: GapParams = field(default_factory=GapParams)
    groups: GroupParams = field(default_factory=GroupParams)


def _require_shares(**shares: float) -> None:
    for name, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"expected {name} from 0 to 1, got {share}")
