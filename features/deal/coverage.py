"""How widely the deal is carried on the customer's side, and who of them left.

Decision makers, seniority and roles are current values without a history, so who was put on the
deal and who took part stand in for them.
"""

import polars as pl

from features.activity import is_contact, is_personal
from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, OCCURRED_AT
from features.view import KEYS, View, days_since, feature, in_window, ratio

_AT = pl.col(OCCURRED_AT)
_PERSON = pl.col("contact_id")
_TOOK_PART = ("activities.direction", "activities.contact_id")
_ON_DEAL = ("opportunity_contacts.created_at",)
_NOT_DATED = "the CRM does not say when people were put on deals"
_RULE = (
    "Took part: a personal row of the deal (of its account where the CRM names no deals) that is "
    "inbound, mutual, or outbound and answered"
)

FEATURES = (
    Feature(
        name="contacts_effective_365d",
        meaning="Effective number of people: the square of n over the sum of the squares of each "
        "person's own count, n being the rows with a contact from 365 days before as_of on in "
        f"which the customer took part. {_RULE}.",
        unit="people",
        concept="relationship",
        needs=_TOOK_PART,
        null_means="nobody with a name took part in the last 365 days",
        sentence="the talk in a year is spread as over {value} people; similar deals {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="contacts_took_part",
        meaning=f"Distinct people of the customer who took part so far. {_RULE}.",
        unit="count",
        concept="relationship",
        needs=_TOOK_PART,
        null_means="the CRM does not say with whom",
        sentence="{value} people took part so far; similar deals {peer}",
        sentence_at_zero="nobody took part so far; similar deals {peer} people",
    ),
    Feature(
        name="contacts_heard_share",
        meaning="Share of the people put on the deal so far who took part from 90 days before "
        f"as_of on. {_RULE}.",
        unit="share",
        concept="relationship",
        needs=(*_ON_DEAL, *_TOOK_PART),
        null_means="nobody was put on the deal so far",
        sentence="{value} of the people on the deal took part in 90 days; similar deals {peer}",
        sentence_at_zero="none of the people on the deal took part in 90 days",
        number_format=".0%",
    ),
    Feature(
        name="new_contacts_90d",
        meaning="People put on the deal from 90 days before as_of on.",
        unit="count",
        concept="relationship",
        needs=_ON_DEAL,
        null_means=_NOT_DATED,
        sentence="{value} people joined the deal in 90 days; similar deals {peer}",
        sentence_at_zero="nobody joined the deal in 90 days; similar deals {peer}",
    ),
    Feature(
        name="days_since_new_contact",
        meaning="Days since somebody was last put on the deal.",
        unit="days",
        concept="relationship",
        needs=_ON_DEAL,
        null_means="nobody was put on the deal so far",
        sentence="somebody joined the deal {value} days ago; similar deals {peer}",
    ),
    Feature(
        name="contacts_left",
        meaning="People put on the deal so far who are contacts of its account and left before "
        "as_of.",
        unit="count",
        concept="relationship",
        needs=(*_ON_DEAL, "contacts.created_at", "contacts.left_at"),
        null_means="the CRM does not say when people join deals or leave",
        sentence="{value} people on the deal left the company; similar deals {peer}",
        sentence_at_zero="everybody on the deal is still there",
    ),
    Feature(
        name="champions_left_365d",
        meaning="Contacts of the account who took part two times or more so far and left from "
        f"365 days before as_of on. {_RULE}.",
        unit="count",
        concept="relationship",
        needs=(*_TOOK_PART, "contacts.created_at", "contacts.left_at"),
        null_means="the CRM does not say who took part or when people leave",
        sentence="{value} people who took part left in a year; similar deals {peer}",
        sentence_at_zero="nobody who took part left in a year",
    ),
    Feature(
        name="contacts_to_won",
        meaning="People put on the deal so far over the median number on the won deals of the "
        "account's segment (each counted as known when its close became known, those with nobody "
        "too), the segment as of as_of; at most 10.",
        unit="ratio",
        concept="relationship",
        needs=(*_ON_DEAL, "opportunities.outcome", "accounts.segment", "account_changes"),
        null_means="the segment is not known, has no won deal yet, or the median of them is 0",
        sentence="{value} times as many people as on won deals of its segment; similar deals "
        "{peer}",
        number_format=",.1f",
    ),
)

_COUNTS = ("contacts_took_part", "new_contacts_90d", "contacts_left", "champions_left_365d")
_MOST = 10.0
_CHAMPION_ROWS = 2


def coverage(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    people = _people(view)
    medians = view.context.segments.lazy().select(AS_OF, "segment", "won_contacts_median")
    on_deal = pl.col("on_deal").fill_null(0)
    told = (
        view.value("segment")
        .select(*KEYS, AS_OF, "segment")
        .join(medians, on=[AS_OF, "segment"], how="left")
        .join(_of_people(people), on=KEYS, how="left")
        .with_columns(
            feature(
                ratio(on_deal, pl.col("won_contacts_median")).clip(0, _MOST), "contacts_to_won"
            ),
        )
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=_COUNTS)


def effective(counts: pl.Expr) -> pl.Expr:
    """The effective number of those who share the counts; whole numbers, so no order shows.

    Source: Hill, Diversity and evenness, Ecology 54 (1973): the number of order 2.
    """
    whole = counts.cast(pl.Int64)
    return ratio(whole.sum() ** 2, (whole**2).sum())


def _people(view: View) -> pl.LazyFrame:
    """One row per spine row and person: rows taken part in, day put on the deal, day of leaving."""
    key = None if view.book.has("activities.opportunity_id") else ACCOUNT_ID
    person = (*KEYS, AS_OF, "contact_id")
    took_part = (
        view.known("activities", by=key)
        .filter(is_personal() & is_contact() & _PERSON.is_not_null())
        .group_by(*person)
        .agg(
            pl.len().alias("rows"),
            in_window(_AT, 0, 90).sum().alias("rows_90d"),
            in_window(_AT, 0, 365).sum().alias("rows_365d"),
        )
    )
    # A source may put the same person on a deal twice; the first time counts.
    named = (
        view.known("opportunity_contacts")
        .group_by(*person)
        .agg(pl.col("created_at").min().alias("joined_at"))
    )
    left = view.known("contacts", by=ACCOUNT_ID).select(*person, "left_at")
    return took_part.join(named, on=person, how="full", coalesce=True).join(
        left, on=person, how="left"
    )


def _of_people(people: pl.LazyFrame) -> pl.LazyFrame:
    joined, left = pl.col("joined_at"), pl.col("left_at")
    is_on, heard = joined.is_not_null(), pl.col("rows_90d").fill_null(0) > 0
    is_champion = pl.col("rows").fill_null(0) >= _CHAMPION_ROWS
    return people.group_by(*KEYS).agg(
        feature(effective(pl.col("rows_365d").fill_null(0)), "contacts_effective_365d"),
        feature(pl.col("rows").is_not_null().sum(), "contacts_took_part"),
        feature(ratio((is_on & heard).sum(), is_on.sum()), "contacts_heard_share"),
        feature(in_window(joined, 0, 90).sum(), "new_contacts_90d"),
        feature(days_since(joined).min(), "days_since_new_contact"),
        feature((is_on & left.is_not_null()).sum(), "contacts_left"),
        feature((is_champion & in_window(left, 0, 365)).sum(), "champions_left_365d"),
        is_on.sum().alias("on_deal"),
    )
