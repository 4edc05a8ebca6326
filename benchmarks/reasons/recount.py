"""Recount: a claim beside the same count, made row by row from the contract tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from benchmarks.reasons.reader import Claim
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, TABLES
from tests.factories import Cell, Row
from tests.features.reference.comparison import NEARLY, REFERENCES
from tests.features.reference.days import Zone
from tests.features.reference.kinds import KINDS, PHASES
from tests.features.reference.rows import Known, World
from tests.features.reference.traits import SOURCES, TYPES

VOCABULARIES: Mapping[str, tuple[str, ...]] = {
    "newest_touch_kind": KINDS,
    "newest_reply_kind": KINDS,
    "newest_phase": PHASES,
    "deal_type": TYPES,
    "lead_source": SOURCES,
}
OTHER = "other"


@dataclass(frozen=True)
class Ledger(World):
    """A world that remembers what it has sorted: the reference asks again and again."""

    sorted_changes: dict[tuple[str, str], list[tuple[datetime, Row]]] = field(default_factory=dict)

    def changes(self, table: str, column: str) -> list[tuple[datetime, Row]]:
        """As in `World`, sorted once."""
        asked = (table, column)
        if asked not in self.sorted_changes:
            self.sorted_changes[asked] = super().changes(table, column)
        return self.sorted_changes[asked]

    def at(self, as_of: datetime) -> Known:
        """As in `World`, with the rows of each account and deal at hand."""
        return _AtHand(self, as_of)


class _AtHand(Known):
    """What was known, its rows sorted by whom they are about; the same rows in the same order."""

    def __init__(self, world: World, as_of: datetime) -> None:
        super().__init__(world, as_of)
        self._by: dict[tuple[str, str], dict[Cell, list[Row]]] = {}

    def of_account(self, table: str, account: str) -> list[Row]:
        """As in `Known`."""
        if ACCOUNT_ID not in TABLES[table].schema:
            return super().of_account(table, account)
        return self._sorted(table, ACCOUNT_ID).get(account, [])

    def of_deal(self, table: str, deal: str) -> list[Row]:
        """As in `Known`."""
        return self._sorted(table, OPPORTUNITY_ID).get(deal, [])

    def _sorted(self, table: str, key: str) -> dict[Cell, list[Row]]:
        asked = (table, key)
        if asked not in self._by:
            by: dict[Cell, list[Row]] = {}
            for row in self.rows(table):
                by.setdefault(row.get(key), []).append(row)
            self._by[asked] = by
        return self._by[asked]


def ledger_of(tables: Mapping[str, pl.DataFrame], *, until: datetime, zone: Zone) -> Ledger:
    """The rows of the contract tables as dicts."""
    rows = {name: frame.to_dicts() for name, frame in tables.items()}
    present = {name: frozenset(frame.columns) for name, frame in tables.items()}
    unknown = sorted(set(rows) - set(TABLES))
    if unknown:
        raise ValueError(f"expected contract tables, got {unknown}")
    return Ledger(rows, present, until, zone)


def recounted(claim: Claim, who: Mapping[str, str], known: Known) -> float | str | None:
    """The number, or the word, that the tables give; None where they give none.

    Args:
        claim: what was read.
        who: the id of the `account` and, of a deal's sentence, of the `deal`.
        known: the tables as of the claim's day.

    Raises:
        LookupError: when nothing answers the question.
    """
    references = REFERENCES[claim.about]
    if claim.question not in references:
        raise LookupError(f"no reference of the question {claim.question}")
    found = references[claim.question](who[claim.about], known.as_of, known)
    words = VOCABULARIES.get(claim.question)
    if words is None or found is None:
        return found
    return (*words, OTHER)[round(found)].replace("_", " ")


def is_true(claim: Claim, found: float | str | None) -> bool:
    """Whether the sentence says what was counted, to the precision that it shows."""
    if found is None or isinstance(found, str):
        return found is not None and claim.word == found
    slack = NEARLY.get(claim.question, 0.0) + 1e-6 * max(1.0, abs(found))
    return claim.word is None and abs(claim.value - found) <= claim.precision + slack
