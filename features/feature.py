"""Feature: what a catalogue entry says of itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Entity = Literal["account", "deal"]
Head = Literal["walk", "pain", "a_list", "close", "win"]
Concept = Literal[
    "engagement",
    "momentum",
    "timing",
    "relationship",
    "value",
    "payment",
    "service",
    "history",
    "advocacy",
    "covenants",
    "rep_context",
]


CATEGORY = "category"
OTHER = "other"
"""How the code reads that stands for every word outside a vocabulary."""

_WORD = re.compile(r"[a-z0-9]+(?:[_ -][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the feature frame; always Float32.

    Attributes:
        name: the column's name, unique within its entity.
        meaning: one plain sentence for docs/features.md.
        unit: count, days, share, ratio, money, weeks, flag, category, …
        concept: the heading under which its contribution is summed in the reasons.
        needs: source columns as `table` or `table.column`; a missing one switches it off (null).
        null_means: what a null says.
        sentence: how a rep reads the value, with `{value}` and optionally `{peer}` already
            formatted as text by `number_format`; e.g. "{value} replies in 90 days; similar
            accounts {peer}". Never the owner's name, never a causal verb. Empty: never told.
        sentence_at_zero: how a value of exactly zero reads, where "0 …" would be clumsy.
        sentence_below_zero: how a value below zero reads, with its size as `{value}`; the usual
            sentence where empty.
        number_format: a Python format spec for value and peer, e.g. ",.0f" or ".0%".
        is_rep_editable: whether a rep can type it (close date, stage, amount).
        direction: head → +1 or -1 where the head must be monotone in the feature.
        vocabulary: the words of a category, in the order of their codes: 0 is the first, its
            length is every other word. Empty where the value is a number.
    """

    name: str
    meaning: str
    unit: str
    concept: Concept
    needs: tuple[str, ...]
    null_means: str
    sentence: str
    number_format: str = ",.0f"
    sentence_at_zero: str = ""
    sentence_below_zero: str = ""
    is_rep_editable: bool = False
    direction: Mapping[Head, int] = field(default_factory=dict)
    vocabulary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or not self.name.islower():
            raise ValueError(f"expected a lower-case identifier as name, got {self.name!r}")
        wrong = {head: sign for head, sign in self.direction.items() if sign not in (-1, 1)}
        if wrong:
            raise ValueError(f"feature {self.name}: expected directions -1 or 1, got {wrong}")
        if (self.unit == CATEGORY) != bool(self.vocabulary):
            raise ValueError(
                f"feature {self.name}: expected a vocabulary with the unit {CATEGORY} and with no "
                f"other, got the unit {self.unit} and {list(self.vocabulary)}"
            )
        if self.vocabulary:
            self._check_category()

    @property
    def words(self) -> tuple[str, ...]:
        """What each code of a category reads; empty where the value is a number."""
        return (*self.vocabulary, OTHER) if self.vocabulary else ()

    def _check_category(self) -> None:
        odd = [word for word in self.vocabulary if not _WORD.fullmatch(word) or word == OTHER]
        twice = sorted({word for word in self.vocabulary if self.vocabulary.count(word) > 1})
        if odd or twice:
            raise ValueError(
                f"feature {self.name}: expected a vocabulary of different lower-case words "
                f"without {OTHER!r}, got {odd or twice}"
            )
        if self.direction:
            raise ValueError(
                f"feature {self.name}: expected no direction for a category, whose codes have no "
                f"order, got {dict(self.direction)}"
            )
