"""How many people carry the deal, on both sides.

Roles, seniority and decision makers are current values without a history; only who was put on
the deal, and who took part, is known as of a moment.
"""

import polars as pl

from features.activity import is_contact, is_personal
from features.feature import Feature
from features.schema import ACCOUNT_ID, OCCURRED_AT
from features.view import KEYS, View, feature, in_window

_AT = pl.col(OCCURRED_AT)

FEATURES = (
    Feature(
        name="contacts_active_90d",
        meaning="People of the customer who took part in the deal in the last 90 days.",
        unit="count",
        concept="relationship",
        needs=("activities.direction", "activities.contact_id"),
        null_means="the CRM does not say with whom",
        sentence="{value} people active in 90 days; similar deals {peer}",
        sentence_at_zero="nobody active in 90 days; similar deals {peer} people",
    ),
    Feature(
        name="contacts_on_deal",
        meaning="People of the customer put on the deal so far.",
        unit="count",
        concept="relationship",
        needs=("opportunity_contacts.created_at",),
        null_means="the CRM does not say when people were put on deals",
        sentence="{value} people on the deal; similar deals {peer}",
    ),
    Feature(
        name="reps_active_90d",
        meaning="People of ours who worked on the deal in the last 90 days.",
        unit="count",
        concept="relationship",
        needs=("activities.rep_id",),
        null_means="the CRM does not say who did it",
        sentence="{value} of us worked on it in 90 days; similar deals {peer}",
    ),
)


def distinct(person: str, which: pl.Expr) -> pl.Expr:
    """Distinct people among the rows chosen; rows without a person do not count."""
    return pl.col(person).filter(which).drop_nulls().n_unique()


def people(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    key = None if view.book.has("activities.opportunity_id") else ACCOUNT_ID
    active = (
        view.known("activities", by=key)
        .filter(is_personal() & in_window(_AT, 0, 90))
        .group_by(*KEYS)
        .agg(
            feature(distinct("contact_id", is_contact()), "contacts_active_90d"),
            feature(distinct("rep_id", pl.lit(value=True)), "reps_active_90d"),
        )
    )
    named = (
        view.known("opportunity_contacts")
        .group_by(*KEYS)
        .agg(
            feature(pl.len(), "contacts_on_deal"),
        )
    )
    told = (
        view.spine.select(*KEYS)
        .join(active, on=KEYS, how="left")
        .join(named, on=KEYS, how="left")
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=tuple(entry.name for entry in FEATURES))
