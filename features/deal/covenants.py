"""Next steps that both sides agreed on: made, kept, and broken (stage debt)."""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF
from features.view import KEYS, View, feature, ratio

_IS_MET = pl.col("met_at").is_not_null()

FEATURES = (
    Feature(
        name="covenants_agreed",
        meaning="Next steps agreed so far.",
        unit="count",
        concept="covenants",
        needs=("covenants",),
        null_means="the CRM has no agreed next steps",
        sentence="{value} next steps agreed; similar deals {peer}",
        sentence_at_zero="no next step agreed; similar deals {peer}",
    ),
    Feature(
        name="covenants_unmet",
        meaning="Agreed next steps past their day and not met at as_of: stage debt.",
        unit="count",
        concept="covenants",
        needs=("covenants.due_on", "covenants.met_at"),
        null_means="the CRM does not say when next steps are due and met",
        sentence="{value} agreed next steps not kept; similar deals {peer}",
    ),
    Feature(
        name="covenants_met_share",
        meaning="Share met of the agreed next steps that were due or met by as_of.",
        unit="share",
        concept="covenants",
        needs=("covenants.due_on", "covenants.met_at"),
        null_means="no agreed next step was due yet",
        sentence="kept {value} of the agreed next steps; similar deals {peer}",
        number_format=".0%",
    ),
)


def covenants(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    is_past = (pl.col("due_on") < view.calendar.local_day(pl.col(AS_OF))).fill_null(value=False)
    told = (
        view.known("covenants")
        .with_columns(is_past.alias("is_past"))
        .group_by(*KEYS)
        .agg(
            feature(pl.len(), "covenants_agreed"),
            feature((pl.col("is_past") & ~_IS_MET).sum(), "covenants_unmet"),
            feature(
                ratio(_IS_MET.sum(), (pl.col("is_past") | _IS_MET).sum()), "covenants_met_share"
            ),
        )
    )
    return view.beside(told, zeros=("covenants_agreed", "covenants_unmet"))
