"""Facts: what every measured figure of a portrait has in common, and what stands where none is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

DIGITS = 6


@dataclass(frozen=True, slots=True)
class Fact(ABC):
    """A figure of one world; its headline says in a sentence what is seen."""

    @property
    @abstractmethod
    def headline(self) -> str:
        """What is seen, with the number."""

    def to_mapping(self) -> dict[str, Any]:
        """As it stands in the result file: numbers rounded, days as text."""
        return {"headline": self.headline, **written(asdict(self))}


@dataclass(frozen=True, slots=True)
class Lacking(Fact):
    """A figure that this world cannot have.

    Attributes:
        reason: why, in words: "no deals in this regime".
    """

    reason: str

    @property
    def headline(self) -> str:
        """The reason, as a sentence begins."""
        return self.reason[:1].upper() + self.reason[1:]


def percent(share: float) -> str:
    """A share as whole percent.

    >>> percent(0.234)
    '23 %'
    """
    return f"{share * 100:.0f} %"


def written(value: Any) -> Any:
    """A value as JSON holds it; floats keep 6 digits, so that the last bit does not show."""
    if isinstance(value, Mapping):
        return {key: written(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(inner) for inner in value]
    if isinstance(value, date):
        return value.isoformat()
    return round(value, DIGITS) if isinstance(value, float) else value
