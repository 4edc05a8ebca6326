"""Categories: a word of the CRM as its place in a closed vocabulary.

The vocabulary stands in the catalogue and travels with the model, so that a code means the same
word when the model is fitted and when it is asked. What the vocabulary does not know is one more
code, "other"; what the CRM does not say stays null.
"""

from collections.abc import Sequence

import polars as pl

ACTIVITY_KINDS = (
    "email",
    "call",
    "voicemail",
    "meeting",
    "demo",
    "visit",
    "proposal",
    "contract",
    "training",
    "implementation",
    "review",
    "task",
)
"""Kinds of activity that the data contract names; a CRM may have others."""


def coded(values: pl.Expr, vocabulary: Sequence[str]) -> pl.Expr:
    """The place of each word in the vocabulary, from 0; its length for any other word.

    Capitals, and spaces before or after a word, make no difference.

    Args:
        values: text or an Enum.
        vocabulary: as in the catalogue's entry.

    Returns:
        Float64; null where there is no word.
    """
    word = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    other = float(len(vocabulary))
    places = [float(place) for place in range(len(vocabulary))]
    code = word.replace_strict(list(vocabulary), places, default=other, return_dtype=pl.Float64)
    return pl.when(word.is_not_null()).then(code)


def of_newest(code: pl.Expr, moment: pl.Expr, which: pl.Expr) -> pl.Expr:
    """The code of the newest of the rows chosen; the smallest one of equal moments.

    Null where no row was chosen, or where none of the newest has a code.
    """
    return code.filter(which & (moment == moment.filter(which).max())).min()
