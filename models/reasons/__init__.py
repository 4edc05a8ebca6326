"""Reasons: contributions in log-odds, told as sentences a seller understands."""

from models.reasons.explanation import HIDDEN, Concepts, Explanation, concepts_of
from models.reasons.locale import Locale, locale_of
from models.reasons.sentence import Manner
from models.reasons.telling import (
    HYSTERESIS,
    MIN_CONTRIBUTION,
    MOST,
    REASON,
    Reason,
    Shown,
    dated,
    reasons_column,
    shown_in,
    top_reasons,
)

__all__ = [
    "HIDDEN",
    "HYSTERESIS",
    "MIN_CONTRIBUTION",
    "MOST",
    "REASON",
    "Concepts",
    "Explanation",
    "Locale",
    "Manner",
    "Reason",
    "Shown",
    "concepts_of",
    "dated",
    "locale_of",
    "reasons_column",
    "shown_in",
    "top_reasons",
]
