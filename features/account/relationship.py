"""Whom we know there and how steadily: breadth of contacts, departures, owners, phases.

Seniority and decision makers are current values without a history, so they are no feature; who
took part in what happened stands in for them.
"""

import polars as pl

from features.activity import is_contact, is_personal
from features.feature import Feature
from features.schema import OCCURRED_AT
from features.view import KEYS, View, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)

FEATURES = (
    Feature(
        name="contacts_active_90d",
        meaning="People who replied or took part in the last 90 days.",
        unit="count",
        concept="relationship",
        needs=("activities.direction", "activities.contact_id"),
        null_means="the CRM does not say with whom",
        sentence="{value} people active in 90 days; similar accounts {peer}",
        sentence_at_zero="nobody active in 90 days; similar accounts {peer} people",
        direction={"walk": -1},
    ),
    Feature(
        name="contacts_active_365d",
        meaning="People who replied or took part in the last 365 days.",
        unit="count",
        concept="relationship",
        needs=("activities.direction", "activities.contact_id"),
        null_means="the CRM does not say with whom",
        sentence="{value} people active in a year; similar accounts {peer}",
    ),
    Feature(
        name="contacts_known",
        meaning="Contacts entered and not known to have left.",
        unit="count",
        concept="relationship",
        needs=("contacts.created_at",),
        null_means="the CRM does not say when contacts were entered",
        sentence="{value} contacts known; similar accounts {peer}",
    ),
    Feature(
        name="contacts_left_365d",
        meaning="Contacts who left in the last 365 days.",
        unit="count",
        concept="relationship",
        needs=("contacts.created_at", "contacts.left_at"),
        null_means="the CRM does not say when contacts leave",
        sentence="{value} contacts left in a year; similar accounts {peer}",
    ),
    Feature(
        name="owner_changes_730d",
        meaning="Changes of the account's owner in the last two years.",
        unit="count",
        concept="rep_context",
        needs=("account_changes", "accounts.owner_rep_id"),
        null_means="the CRM keeps no history of owners",
        sentence="{value} changes of owner in two years; similar accounts {peer}",
    ),
    Feature(
        name="post_sales_share_365d",
        meaning="Share of the personal activity of the last 365 days that came after a sale; low "
        "for a customer means neglect.",
        unit="share",
        concept="relationship",
        needs=("activities.phase",),
        null_means="no personal activity with a phase in the last 365 days",
        sentence="{value} of our contact was after the sale; similar accounts {peer}",
        sentence_at_zero="no contact after the sale in this time; similar accounts {peer}",
        number_format=".0%",
    ),
)


def contacts_active(days: int) -> pl.Expr:
    """Distinct contacts who took part in the last `days` days."""
    took_part = in_window(_AT, 0, days) & is_contact()
    return pl.col("contact_id").filter(took_part).drop_nulls().n_unique()


def phase_share(phase: str, days: int) -> pl.Expr:
    """Share of the rows with a phase, last `days` days, that are of this one."""
    has_phase = in_window(_AT, 0, days) & pl.col("phase").is_not_null()
    return ratio((has_phase & (pl.col("phase") == phase)).sum(), has_phase.sum())


def relationship(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    active = (
        view.known("activities")
        .filter(is_personal() & in_window(_AT, 0, 365))
        .group_by(*KEYS)
        .agg(
            feature(contacts_active(90), "contacts_active_90d"),
            feature(contacts_active(365), "contacts_active_365d"),
            feature(phase_share("post_sales", 365), "post_sales_share_365d"),
        )
    )
    left = pl.col("left_at")
    people = (
        view.known("contacts")
        .group_by(*KEYS)
        .agg(
            feature(left.is_null().sum(), "contacts_known"),
            feature(in_window(left, 0, 365).sum(), "contacts_left_365d"),
        )
    )
    is_owner = pl.col("field").is_in(["owner", "owner_rep_id"]) & pl.col("old").is_not_null()
    owners = (
        view.known("account_changes")
        .filter(is_owner & in_window(pl.col("changed_at"), 0, 730))
        .group_by(*KEYS)
        .agg(feature(pl.len(), "owner_changes_730d"))
    )
    zeros = ("contacts_active_90d", "contacts_active_365d", "contacts_known", "contacts_left_365d")
    told = view.keys.join(active, on=KEYS, how="left").join(people, on=KEYS, how="left")
    told = told.join(owners, on=KEYS, how="left")
    return view.beside(told, zeros=(*zeros, "owner_changes_730d"))
