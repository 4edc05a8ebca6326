"""Norms: what similar accounts and deals show, counted again in plain Python.

Source: design, method §7: peers share segment, size and stage; fewer than 30 with a value make way
for those of any stage, then of any size, then for the whole book. The size of an account is the
power of ten of what was invoiced, less credit notes, in the twelve months before, in the base
currency; that of a deal, of its amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.reasons.reader import Claim, Entity
from features.schema import ACCOUNT_ID
from tests.factories import Cell, Row
from tests.features.reference.comparison import REFERENCES
from tests.features.reference.rows import Known

ENOUGH = 30
Group = tuple[Cell, int | None, Cell]


@dataclass(frozen=True, slots=True)
class Member:
    """An account, or a deal with its account, and the group of it."""

    ids: Mapping[str, str]
    group: Group


def members(entity: Entity, rows: Sequence[Mapping[str, str]], known: Known) -> list[Member]:
    """Everyone of whom answers are published, with segment, size and stage."""
    segments = {row[ACCOUNT_ID]: row.get("segment") for row in known.world.rows["accounts"]}
    found = []
    for ids in rows:
        if entity == "account":
            size, stage = _power(_invoiced(ids["account"], known)), None
        else:
            amount = known.deal_value(ids["deal"], "amount")
            size, stage = _power(amount), known.deal_value(ids["deal"], "stage")
        found.append(Member(ids, (segments[ids["account"]], size, stage)))
    return found


def norm(
    claim: Claim, who: Mapping[str, str], among: Sequence[Member], known: Known
) -> float | None:
    """The median of the closest group in which enough have a value; None where none has."""
    mine = next(member.group for member in among if member.ids == who)
    for width in (3, 2, 1, 0):
        if None in mine[:width]:
            continue
        alike = [member for member in among if member.group[:width] == mine[:width]]
        answers = [
            REFERENCES[claim.about][claim.question](member.ids[claim.about], known.as_of, known)
            for member in alike
        ]
        values = [answer for answer in answers if answer is not None]
        if len(values) >= ENOUGH:
            return median(values)
    return None


def is_norm_true(claim: Claim, found: float | None) -> bool:
    """Whether the sentence tells this norm, to the precision that it shows; or none of none."""
    if claim.peer is None or found is None:
        return claim.peer is None
    return abs(claim.peer - found) <= claim.peer_precision + 1e-6 * max(1.0, abs(found))


def _power(money: Cell) -> int | None:
    """How many digits the amount has before its decimal point; None of nothing."""
    if not isinstance(money, int | float) or money <= 0:
        return None
    return len(str(int(money))) if money >= 1 else 0


def _invoiced(account: str, known: Known) -> float:
    start = known.as_of.replace(year=known.as_of.year - 1)
    rows = [r for r in known.of_account("invoices", account) if r["issued_at"] >= start]
    return sum(row["amount"] * _rate(row, known) for row in rows)


def _rate(row: Row, known: Known) -> float:
    """The last rate valid on the day of as_of; 1 where there is none."""
    day = known.zone.day_of(known.as_of)
    rates = [
        (rate["valid_from"], rate["rate_to_base"])
        for rate in known.world.rows.get("exchange_rates", [])
        if rate["currency"] == row["currency"] and rate["valid_from"] <= day
    ]
    return max(rates)[1] if rates else 1.0
