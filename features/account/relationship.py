"""Whom we know there and how steadily: breadth of contacts, departures, owners, phases.

Seniority and decision makers are current values without a history, so they are no feature; who
took part in what happened stands in for them.
"""

import polars as pl

from features.activity import is_contact, is_personal
from features.feature import Feature
from features.schema import PHASES
from features.view import KEYS, View, count, distinct, feature, in_window, ratio

FEATURES = (
    Feature(
        name="contacts_active_90d",
        meaning="People (contact_id) who took part in the last 90 days (of 24 hours, exactly 90 "
        "included): with an inbound row, an outbound one marked answered, or a mutual one; "
        "automated rows left out.",
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
        meaning="People (contact_id) who took part (as in contacts_active_90d) in the last 365 "
        "days (of 24 hours, exactly 365 included).",
        unit="count",
        concept="relationship",
        needs=("activities.direction", "activities.contact_id"),
        null_means="the CRM does not say with whom",
        sentence="{value} people active in a year; similar accounts {peer}",
        sentence_at_zero="nobody active in a year; similar accounts {peer}",
    ),
    Feature(
        name="contacts_known",
        meaning="Contacts with a created_at before as_of and without a left_at before as_of.",
        unit="count",
        concept="relationship",
        needs=("contacts.created_at",),
        null_means="the CRM does not say when contacts were entered",
        sentence="{value} contacts known; similar accounts {peer}",
    ),
    Feature(
        name="contacts_left_365d",
        meaning="Contacts whose left_at is in the last 365 days (of 24 hours, exactly 365 "
        "included); a contact without a created_at before as_of is not known yet.",
        unit="count",
        concept="relationship",
        needs=("contacts.created_at", "contacts.left_at"),
        null_means="the CRM does not say when contacts leave",
        sentence="{value} contacts left in a year; similar accounts {peer}",
    ),
    Feature(
        name="owner_changes_730d",
        meaning="Changes of the account's owner in the last 730 days (of 24 hours, exactly 730 "
        "included); one from no owner is left out.",
        unit="count",
        concept="rep_context",
        needs=("account_changes", "accounts.owner_rep_id"),
        null_means="the CRM keeps no history of owners",
        sentence="{value} changes of owner in two years; similar accounts {peer}",
    ),
    Feature(
        name="post_sales_share_365d",
        meaning="Share of the activities with a phase, last 365 days (of 24 hours, exactly 365 "
        "included), whose phase is post_sales, automated rows left out; low for a customer means "
        "neglect.",
        unit="share",
        concept="relationship",
        needs=("activities.phase",),
        null_means="no personal activity with a phase in the last 365 days",
        sentence="{value} of our contact in a year was after the sale; similar accounts {peer}",
        sentence_at_zero="no contact after the sale in a year; similar accounts {peer}",
        number_format=".0%",
    ),
    Feature(
        name="pre_sales_share_90d",
        meaning="Share of the activities with a phase, last 90 days (of 24 hours, exactly 90 "
        "included), whose phase is pre_sales; automated rows left out.",
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
        meaning="Share of the activities with a phase, last 90 days (of 24 hours, exactly 90 "
        "included), whose phase is sales; automated rows left out.",
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
        meaning="Share of the activities with a phase, last 90 days (of 24 hours, exactly 90 "
        "included), whose phase is post_sales; automated rows left out.",
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
        meaning="People of ours (distinct rep_id) with an activity of any direction or none in the "
        "last 90 days (of 24 hours, exactly 90 included), automated rows left out.",
        unit="count",
        concept="rep_context",
        needs=("activities.rep_id",),
        null_means="the CRM does not say who did it",
        sentence="{value} of us in touch in 90 days; similar accounts {peer}",
        sentence_at_zero="none of us in touch in 90 days; similar accounts {peer}",
    ),
    Feature(
        name="new_contacts_180d",
        meaning="Contacts whose created_at is in the last 180 days (of 24 hours, exactly 180 "
        "included); those who have left since count too.",
        unit="count",
        concept="relationship",
        needs=("contacts.created_at",),
        null_means="the CRM does not say when contacts were entered",
        sentence="{value} new contacts in half a year; similar accounts {peer}",
        sentence_at_zero="no new contact in half a year; similar accounts {peer}",
    ),
)


_IS_SIGN = is_personal() & is_contact()
_HAS_PHASE = is_personal() & pl.col("phase").is_not_null()
_PERSON, _REP = pl.col("contact_id"), pl.col("rep_id")

MEASURES = (
    distinct("contacts_active_90d", _PERSON, _IS_SIGN, oldest=90),
    distinct("contacts_active_365d", _PERSON, _IS_SIGN, oldest=365),
    distinct("reps_active_90d", _REP, is_personal(), oldest=90),
    count("with_phase_90d", _HAS_PHASE, oldest=90),
    count("with_phase_365d", _HAS_PHASE, oldest=365),
    *(
        count(f"{phase}_90d", _HAS_PHASE & (pl.col("phase") == phase), oldest=90)
        for phase in PHASES
    ),
    count("post_sales_365d", _HAS_PHASE & (pl.col("phase") == "post_sales"), oldest=365),
)


def phase_share(phase: str, days: int) -> pl.Expr:
    """Share of the rows with a phase, last `days` days, that are of this one."""
    return ratio(pl.col(f"{phase}_{days}d"), pl.col(f"with_phase_{days}d"))


def relationship(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    active = view.measured("activities", MEASURES).select(
        *KEYS,
        feature(pl.col("contacts_active_90d"), "contacts_active_90d"),
        feature(pl.col("contacts_active_365d"), "contacts_active_365d"),
        feature(phase_share("post_sales", 365), "post_sales_share_365d"),
        feature(phase_share("pre_sales", 90), "pre_sales_share_90d"),
        feature(phase_share("sales", 90), "sales_share_90d"),
        feature(phase_share("post_sales", 90), "post_sales_share_90d"),
        feature(pl.col("reps_active_90d"), "reps_active_90d"),
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
    people_zeros = ("contacts_known", "contacts_left_365d", "new_contacts_180d")
    told = active.join(people, on=KEYS, how="left").join(owners, on=KEYS, how="left")
    return view.beside(told, zeros=(*people_zeros, "owner_changes_730d"))
