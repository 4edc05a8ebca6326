"""Sentence: one value of one feature, as a seller would say it."""

import re
from dataclasses import dataclass

from features.feature import Feature
from models.reasons.locale import AMERICAN, Locale

MONEY = "money"
_SINGULAR = {
    "activities": "activity",
    "calls": "call",
    "changes": "change",
    "contacts": "contact",
    "contracts": "contract",
    "days": "day",
    "deals": "deal",
    "demos": "demo",
    "e-mails": "e-mail",
    "escalations": "escalation",
    "functions": "function",
    "hours": "hour",
    "invoices": "invoice",
    "meetings": "meeting",
    "messages": "message",
    "notes": "note",
    "people": "person",
    "quotes": "quote",
    "referrals": "referral",
    "replies": "reply",
    "stages": "stage",
    "steps": "step",
    "studies": "study",
    "tickets": "ticket",
    "times": "time",
    "touches": "touch",
    "weeks": "week",
}
_VERBS = {" are": " is", " were": " was", " have": " has", " end": " ends"}
_ONE = re.compile(
    rf"(?<![\d.,])1 (?P<words>(?:[a-z-]+ ){{0,2}}?)(?P<noun>{'|'.join(_SINGULAR)})\b"
    rf"(?P<verb>{'|'.join(_VERBS)})?\b"
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How values are written.

    Attributes:
        locale: of numbers and days.
        currency: ISO 4217 code of every amount; empty writes the bare figure.
    """

    locale: Locale = AMERICAN
    currency: str = ""

    def written(self, value: float, feature: Feature) -> str:
        """A value of the feature."""
        if feature.unit == MONEY:
            return self.locale.money(value, feature.number_format, self.currency)
        return self.locale.number(value, feature.number_format)


def sentence(feature: Feature, value: float, peer: float | None, manner: Manner) -> str:
    """What the feature says of a value, beside what the peers show.

    The clause about peers is left out without a norm; also where the norm lies below zero and a
    value there is told in other words, which that clause does not have.
    """
    if feature.words:
        return feature.sentence.format(value=feature.words[round(value)].replace("_", " "))
    told = feature.sentence
    if feature.sentence_below_zero and peer is not None and peer < 0.0:
        peer = None
    if value == 0.0 and feature.sentence_at_zero:
        told = feature.sentence_at_zero
    elif value < 0.0 and feature.sentence_below_zero:
        told, value = feature.sentence_below_zero, -value
    if peer is None:
        clauses = [clause for clause in told.split(";") if "{peer}" not in clause]
        told = ";".join(clauses).strip()
    texts = {"value": manner.written(value, feature)}
    if peer is not None:
        texts["peer"] = manner.written(peer, feature)
    return _of_one(told.format(**texts))


def _of_one(text: str) -> str:
    """`1 replies` → `1 reply`, and the verb after it."""
    return _ONE.sub(_singular, text)


def _singular(found: re.Match[str]) -> str:
    verb = _VERBS.get(found["verb"] or "", "")
    return f"1 {found['words']}{_SINGULAR[found['noun']]}{verb}"
