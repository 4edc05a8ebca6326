"""Feature contract: the columns a model was fitted on, to be met by whoever feeds it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from features.feature import Entity, Feature
from models.document import document


class ContractError(ValueError):
    """The features at hand are not those the model was fitted on."""


@document
@dataclass(frozen=True, slots=True)
class Column:
    """One feature as far as a model depends on it.

    Attributes:
        vocabulary: the words of a category in the order of their codes; empty for a number.
    """

    name: str
    dtype: str
    unit: str
    direction: dict[str, int]
    vocabulary: tuple[str, ...] = ()


@document
@dataclass(frozen=True, slots=True)
class FeatureContract:
    """The columns of both entities, in order."""

    account: tuple[Column, ...]
    deal: tuple[Column, ...]

    def names(self, entity: Entity) -> tuple[str, ...]:
        """Column names of one entity, in order."""
        columns = self.account if entity == "account" else self.deal
        return tuple(column.name for column in columns)

    def contract_hash(self) -> str:
        """SHA-256 in hex; what the catalogue's own hash gives for accounts and deals together."""
        relied_on = [_relied_on(column) for column in (*self.account, *self.deal)]
        text = json.dumps(relied_on, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def check(self, account: Sequence[Feature], deal: Sequence[Feature]) -> None:
        """Refuse another catalogue.

        Raises:
            ContractError: a column missing, added, moved or changed; the first one is named.
        """
        here = contract_of(account, deal)
        for entity, expected, found in (
            ("account", self.account, here.account),
            ("deal", self.deal, here.deal),
        ):
            for place in range(max(len(expected), len(found))):
                want = expected[place] if place < len(expected) else None
                have = found[place] if place < len(found) else None
                if want != have:
                    raise ContractError(f"{entity} feature {place}{_difference(want, have)}")


def contract_of(account: Sequence[Feature], deal: Sequence[Feature]) -> FeatureContract:
    """The contract of the catalogue's entries; every feature is Float32."""
    return FeatureContract(
        account=tuple(_column(feature) for feature in account),
        deal=tuple(_column(feature) for feature in deal),
    )


def _column(feature: Feature) -> Column:
    directions = {str(head): sign for head, sign in sorted(feature.direction.items())}
    return Column(feature.name, "Float32", feature.unit, directions, feature.vocabulary)


def _relied_on(column: Column) -> list[object]:
    """What is hashed of a column; the words only where there are some."""
    words = [column.vocabulary] if column.vocabulary else []
    return [column.name, column.dtype, column.unit, sorted(column.direction.items()), *words]


def _difference(want: Column | None, have: Column | None) -> str:
    """The rest of the sentence: both columns, or both vocabularies where only these differ."""
    if want and have and replace(want, vocabulary=have.vocabulary) == have:
        return (
            f" {want.name}: the model expects the vocabulary {list(want.vocabulary)}, "
            f"found {list(have.vocabulary)}"
        )
    return f": the model expects {want}, found {have}"
