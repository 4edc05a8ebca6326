"""The book that the deal's owner carries, and how dates fared in it.

All of it is context of the rep's own book; no sentence names the owner.
"""

import polars as pl

from features.feature import Feature
from features.schema import AS_OF, OWNER_REP_ID
from features.view import KEYS, View, days_since, feature

_OWNER = ("opportunities.owner_rep_id", "opportunity_changes")
_OUTCOME = ("opportunities.outcome", "opportunities.closed_at")
_UNKNOWN = "the owner at the time is not known"

FEATURES = (
    Feature(
        name="owner_open_deals",
        meaning="Deals created and not closed at as_of whose owner as of as_of is this deal's, "
        "this one included.",
        unit="count",
        concept="rep_context",
        needs=_OWNER,
        null_means=_UNKNOWN,
        sentence="{value} open deals in the same book; similar deals {peer}",
    ),
    Feature(
        name="owner_wins_90d",
        meaning="Won deals with closed_at from 90 days before as_of on, of which the owner (as it "
        "was when the close became known) is the deal's owner as of as_of.",
        unit="count",
        concept="rep_context",
        needs=(*_OWNER, *_OUTCOME),
        null_means=_UNKNOWN,
        sentence="{value} deals of this book won in 90 days; similar deals {peer}",
        sentence_at_zero="no deal of this book won in 90 days; similar deals {peer}",
    ),
    Feature(
        name="owner_pushes_mean",
        meaning="Mean number of pushes (changes of the close date to a later one, known no later "
        "than the close was) per closed deal of the deal's owner as of as_of, mixed with 20 deals "
        "of the book's mean; whose a closed deal was when its close became known.",
        unit="pushes",
        concept="rep_context",
        needs=(*_OWNER, *_OUTCOME, "opportunities.close_date"),
        null_means=f"{_UNKNOWN}, or nothing of theirs had closed yet",
        sentence="deals of this book are pushed {value} times; similar deals {peer}",
        number_format=",.1f",
    ),
    Feature(
        name="owner_days",
        meaning="Days from the newest change of the deal's owner (one with an old value, by "
        "changed_at) to as_of; since creation when it never changed.",
        unit="days",
        concept="rep_context",
        needs=_OWNER,
        null_means="the CRM keeps no history of owners",
        sentence="{value} days in the same hands; similar deals {peer}",
    ),
)


def workload(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    owners = view.context.owners.lazy().select(
        AS_OF, OWNER_REP_ID, "open_deals", "won_90d", "pushes_mean"
    )
    is_owned = pl.col(OWNER_REP_ID).is_not_null()
    is_owner = pl.col("field").is_in(["owner", OWNER_REP_ID]) & pl.col("old").is_not_null()
    changes = (
        view.known("opportunity_changes")
        .filter(is_owner)
        .group_by(*KEYS)
        .agg(pl.col("changed_at").max().alias("taken_at"))
    )
    return (
        view.spine.select(*KEYS, AS_OF, OWNER_REP_ID, "created_at")
        .join(owners, on=[AS_OF, OWNER_REP_ID], how="left")
        .join(changes, on=KEYS, how="left")
        .select(
            *KEYS,
            feature(pl.col("open_deals"), "owner_open_deals"),
            # An owner without a closed deal is in no statistic: truly no win.
            feature(pl.when(is_owned).then(pl.col("won_90d").fill_null(0)), "owner_wins_90d"),
            feature(pl.col("pushes_mean"), "owner_pushes_mean"),
            feature(days_since(pl.coalesce("taken_at", "created_at")), "owner_days"),
        )
        .pipe(view.beside)
    )
