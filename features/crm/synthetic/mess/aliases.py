"""Aliases: under which other name somebody enters a company that is already there."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

LOTS: Final = ("_kind", "_letter")
"""The uniform draws (0 to 1) that an alias needs: which kind, and which letter is mistyped."""
FORMED, RECASED = 0.4, 0.7
"""Draws of the kind below the first change the legal form, below the second the case."""

LEGAL_FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "DE": "GmbH", "FR": "SAS", "NL": "BV", "GB": "Ltd", "SE": "AB",
        "PL": "SA", "ES": "SA", "IT": "Srl", "US": "Inc.", "CA": "Corp.",
    }
)  # fmt: skip
"""Country → the legal form that is written behind a name, abbreviated."""
ANY_FORM: Final = "Inc."
_WRITTEN = (
    r"(?i),? (incorporated|inc|limited|ltd|corporation|corp|company|llc|plc"
    r"|gmbh|ag|sas|sa|bv|ab|srl|spa)\.?$"
)


def alias() -> pl.Expr:
    """The name as the second person writes it; null without a name.

    Three things happen: the legal form is left out where there is one and put in where there is
    none; all letters become capitals; or one letter behind the first gets lost.

    Needs the columns name, country and LOTS. A name of two letters or more always changes, unless
    it is in capitals already.
    """
    name = pl.col("name")
    form = pl.col("country").replace_strict(LEGAL_FORMS, default=ANY_FORM, return_dtype=pl.String)
    has_form = name.str.contains(_WRITTEN)
    formed = pl.when(has_form).then(name.str.replace(_WRITTEN, "")).otherwise(name + " " + form)
    letters = name.str.len_chars().cast(pl.Int64)
    place = 1 + (pl.col("_letter") * (letters - 1)).floor().cast(pl.Int64)
    mistyped = name.str.slice(0, place) + name.str.slice(place + 1)
    kind = pl.col("_kind")
    return (
        pl.when(kind < FORMED)
        .then(formed)
        .when(kind < RECASED)
        .then(name.str.to_uppercase())
        .otherwise(mistyped)
        .alias("name")
    )
