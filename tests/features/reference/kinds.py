"""Kinds of the newest contact: the place of a word in the vocabulary that the catalogue states."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from tests.factories import Cell, Row
from tests.features.reference.registry import of_account
from tests.features.reference.rows import Known
from tests.features.reference.touches import is_reply, is_touch, personal

KINDS = (
    *("email", "call", "voicemail", "meeting", "demo", "visit"),
    *("proposal", "contract", "training", "implementation", "review", "task"),
)
PHASES = ("pre_sales", "sales", "post_sales")


def code(word: Cell, vocabulary: Sequence[str]) -> float | None:
    """The place of the word; after the last for one that is not there; None without a word."""
    if word is None:
        return None
    plain = str(word).strip().lower()
    return vocabulary.index(plain) if plain in vocabulary else len(vocabulary)


def newest(rows: Iterable[Row], column: str, vocabulary: Sequence[str]) -> float | None:
    """The code of the latest row; of several at one moment the smallest."""
    best: tuple[datetime, float] | None = None
    for row in rows:
        found = code(row[column], vocabulary)
        if found is None:
            continue
        if best is None or (row["occurred_at"], -found) > (best[0], -best[1]):
            best = (row["occurred_at"], found)
    return None if best is None else best[1]


def _rows(account: str, known: Known) -> list[Row]:
    return personal(known.of_account("activities", account))


@of_account
def newest_touch_kind(account: str, as_of: datetime, known: Known) -> float | None:
    return newest(filter(is_touch, _rows(account, known)), "kind", KINDS)


@of_account
def newest_reply_kind(account: str, as_of: datetime, known: Known) -> float | None:
    return newest(filter(is_reply, _rows(account, known)), "kind", KINDS)


@of_account
def newest_phase(account: str, as_of: datetime, known: Known) -> float | None:
    return newest(_rows(account, known), "phase", PHASES)
