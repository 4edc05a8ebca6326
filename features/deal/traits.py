"""What kind of deal it is and how we last touched it: categories, coded by their vocabularies."""

import polars as pl

from features.activity import is_personal, is_touch
from features.category import ACTIVITY_KINDS, coded, of_newest
from features.feature import Feature
from features.schema import ACCOUNT_ID, DEAL_TYPES, OCCURRED_AT
from features.view import KEYS, View, feature

LEAD_SOURCES = (
    "web",
    "email",
    "phone",
    "event",
    "partner",
    "referral",
    "outbound",
    "customer",
)
"""Usual words for where a deal came from; the contract leaves them to the CRM."""

FEATURES = (
    Feature(
        name="deal_type",
        meaning="Type of the deal.",
        unit="category",
        concept="history",
        needs=("opportunities.type",),
        null_means="the CRM does not say what type the deal is",
        sentence="type of the deal: {value}",
        vocabulary=DEAL_TYPES,
    ),
    Feature(
        name="lead_source",
        meaning="Where the deal came from.",
        unit="category",
        concept="history",
        needs=("opportunities.lead_source",),
        null_means="the CRM does not say where the deal came from",
        sentence="source of the deal: {value}",
        vocabulary=LEAD_SOURCES,
    ),
    Feature(
        name="newest_touch_kind",
        meaning="Kind of the newest outbound activity on the deal; of equal moments the kind that "
        "comes first in the vocabulary; automated rows left out.",
        unit="category",
        concept="engagement",
        needs=("activities.direction",),
        null_means="no touch on the deal yet",
        sentence="kind of our last touch: {value}",
        vocabulary=ACTIVITY_KINDS,
    ),
)


def traits(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    types = view.spine.select(*KEYS, feature(coded(pl.col("type"), DEAL_TYPES), "deal_type"))
    sources = view.known("opportunities").select(
        *KEYS, feature(coded(pl.col("lead_source"), LEAD_SOURCES), "lead_source")
    )
    key = None if view.book.has("activities.opportunity_id") else ACCOUNT_ID
    kind = coded(pl.col("kind"), ACTIVITY_KINDS)
    touched = (
        view.known("activities", by=key)
        .filter(is_personal())
        .group_by(*KEYS)
        .agg(
            feature(of_newest(kind, pl.col(OCCURRED_AT), is_touch()), "newest_touch_kind"),
        )
    )
    told = (
        types.join(sources, on=KEYS, how="left")
        .join(touched, on=KEYS, how="left")
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told)
