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
    Feature(
        name="pre_sales_share_90d",
        meaning="Share of the activities with a phase, last 90 days, whose phase is pre_sales; "
        "automated rows left out.",
        unit="share",
        concept="relationship",
        needs=("activities.phase",),
        null_means="no personal activity with a phase in the last 90 days",
        sentence="{value} of our contact in 90 days was before a sale; similar accounts {peer}",
        sentence_at_zero="no contact before a sale in 90 days; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="sales_share_90d",
        meaning="Share of the activities with a phase, last 90 days, whose phase is sales; "
        "automated rows left out.",
        unit="share",
        concept="relationship",
        needs=("activities.phase",),
        null_means="no personal activity with a phase in the last 90 days",
        sentence="{value} of our contact in 90 days was in selling; similar accounts {peer}",
        sentence_at_zero="no contact in selling in 90 days; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="post_sales_share_90d",
        meaning="Share of the activities with a phase, last 90 days, whose phase is post_sales; "
        "automated rows left out.",
        unit="share",
        concept="relationship",
        needs=("activities.phase",),
        null_means="no personal activity with a phase in the last 90 days",
        sentence="{value} of our contact in 90 days was after the sale; similar accounts {peer}",
        sentence_at_zero="no contact after the sale in 90 days; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="reps_active_90d",
        meaning="People of ours (distinct rep_id) with an activity of any direction in the last 90 "
        "days, automated rows left out.",
        unit="count",
        concept="rep_context",
        needs=("activities.rep_id",),
        null_means="the CRM does not say who did it",
        sentence="{value} of us in touch in 90 days; similar accounts {peer}",
        sentence_at_zero="none of us in touch in 90 days; similar accounts {peer}",
    ),
    Feature(
        name="new_contacts_180d",
        meaning="Contacts whose created_at is in the last 180 days; those who have left since "
        "count too.",
        unit="count",
        concept="relationship",
        needs=("contacts.created_at",),
        null_means="the CRM does not say when contacts were entered",
        sentence="{value} new contacts in half a year; similar accounts {peer}",
        sentence_at_zero="no new contact in half a year; similar accounts {peer}",
    ),
)


def contacts_active(days: int) -> pl.Expr:
    """Distinct contacts who took part in the last `days` days."""
    took_part = in_window(_AT, 0, days) & is_contact()
    return pl.col("contact_id").filter(took_part).drop_nulls().n_unique()


def reps_active(days: int) -> pl.Expr:
    """Distinct people of ours with any activity of the last `days` days."""
    return pl.col("rep_id").filter(in_window(_AT, 0, days)).drop_nulls().n_unique()


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
            feature(phase_share("pre_sales", 90), "pre_sales_share_90d"),
            feature(phase_share("sales", 90), "sales_share_90d"),
            feature(phase_share("post_sales", 90), "post_sales_share_90d"),
            feature(reps_active(90), "reps_active_90d"),
        )
    )
    left = pl.col("left_at")
    people = (
        view.known("contacts")
        .group_by(*KEYS)
        .agg(
            feature(left.is_null().sum(), "contacts_known"),
            feature(in_window(left, 0, 365).sum(), "contacts_left_365d"),
            feature(in_window(pl.col("created_at"), 0, 180).sum(), "new_contacts_180d"),
        )
    )
    is_owner = pl.col("field").is_in(["owner", "owner_rep_id"]) & pl.col("old").is_not_null()
    owners = (
        view.known("account_changes")
        .filter(is_owner & in_window(pl.col("changed_at"), 0, 730))
        .group_by(*KEYS)
        .agg(feature(pl.len(), "owner_changes_730d"))
    )
    active_zeros = ("contacts_active_90d", "contacts_active_365d", "reps_active_90d")
    people_zeros = ("contacts_known", "contacts_left_365d", "new_contacts_180d")
    told = view.keys.join(active, on=KEYS, how="left").join(people, on=KEYS, how="left")
    told = told.join(owners, on=KEYS, how="left")
    return view.beside(told, zeros=(*active_zeros, *people_zeros, "owner_changes_730d"))
