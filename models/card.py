"""Model card: what a version is, what it was judged on, and what it must not be used for."""

from dataclasses import dataclass, field
from datetime import datetime

from models.document import document, from_json, to_json

FAIR_USE = (
    "This model ranks accounts and deals so that a seller can decide where the next hour goes. "
    "It estimates outcomes from recorded business with a customer; it does not measure the worth "
    "of a customer or of a person, and its probabilities do not say that an action causes an "
    "outcome. Do not use it to appraise, pay or discipline sellers, to grant or refuse credit, to "
    "set the price for one customer, or to cut service that was agreed. An account marked walk "
    "away is one that is not expected to buy this period; the mark expires, a person may overrule "
    "it, and a share of such accounts stays in pursuit so that the model can be proved wrong. "
    "Private persons' characteristics are not features, and must not be added as such."
)


@document
@dataclass(frozen=True, slots=True)
class DataUsed:
    """What the final fit saw: row counts, and the moment up to which outcomes are known."""

    observed_until: datetime
    digest: str
    tables: dict[str, int]
    account_rows: int
    accounts: int
    deal_rows: int
    deals: int


@document
@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number with its 90 % interval; bounds are null where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


@document
@dataclass(frozen=True, slots=True)
class Contest:
    """Out-of-time results of one part, the model beside every baseline.

    Attributes:
        metrics: recipe or baseline → metric → figure.
        winner: who had the lowest log loss.
        served: what this version serves.
        sentence: the outcome in plain words, losing included.
    """

    metrics: dict[str, dict[str, Figure]]
    winner: str
    served: str
    sentence: str


@document
@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything a reader should know before trusting a version.

    Attributes:
        version: number in the registry; null until recorded there.
        experiment: name of the experiment file.
        horizon_weeks: length of the label window; null without a bucket model.
        tau: bucket → probability from which a flag is firm; a bucket missing here never is.
        bookings_below: what a firm walk-away's expected bookings lie below, in base currency; null
            where money was not asked.
        bucket_kind: lightgbm, logistic, blend, ensemble, constant; null without a bucket model.
        contests: part (bucket, slip) → results.
        not_applicable: baseline or metric → why it could not be had.
        switched_off: feature → what the data lack for it.
        badges: such as "short history", "indicative", "learning".
    """

    version: int | None
    trained_at: datetime
    experiment: str
    data_used: DataUsed
    policy_hash: str
    contract_hash: str
    horizon_weeks: int | None
    bucket_kind: str | None
    slip_kind: str | None
    tau: dict[str, float] = field(default_factory=dict)
    bookings_below: float | None = None
    contests: dict[str, Contest] = field(default_factory=dict)
    not_applicable: dict[str, str] = field(default_factory=dict)
    switched_off: dict[str, tuple[str, ...]] = field(default_factory=dict)
    badges: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fair_use: str = FAIR_USE

    def to_json(self) -> str:
        """The card as an indented JSON document."""
        return to_json(self)


def card_from_json(text: str | bytes) -> ModelCard:
    """Read a card.

    Raises:
        DocumentError: a key too many or too few, or a value of another type.
    """
    return from_json(ModelCard, text, name="card.json")
