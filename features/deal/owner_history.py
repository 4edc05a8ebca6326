"""How deals of the same owner, customer and kind ended before, and how often the owner changed."""

import polars as pl

from features.context import shrunk
from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, OWNER_REP_ID
from features.view import KEYS, View, feature

_OUTCOME = ("opportunities.outcome", "opportunities.closed_at")
_OWNER = ("opportunities.owner_rep_id", "opportunity_changes")

FEATURES = (
    Feature(
        name="owner_win_rate",
        meaning="Share of the owner's closed deals that were won, mixed with 20 deals of the "
        "book's rate; the owner as of as_of, that of a closed deal when its close became known.",
        unit="share",
        concept="rep_context",
        needs=(*_OWNER, *_OUTCOME),
        null_means="the owner at the time is not known, or nothing of theirs had closed yet",
        sentence="deals of this book are won at {value}",
        number_format=".0%",
    ),
    Feature(
        name="owner_changes",
        meaning="Changes of the deal's owner so far.",
        unit="count",
        concept="rep_context",
        needs=_OWNER,
        null_means="the CRM keeps no history of owners",
        sentence="{value} changes of owner; similar deals {peer}",
    ),
    Feature(
        name="customer_win_rate",
        meaning="Share of the account's closed deals that were won, mixed with 20 deals of the "
        "book's rate.",
        unit="share",
        concept="history",
        needs=_OUTCOME,
        null_means="nothing in the book had closed yet",
        sentence="{value} is the win rate with this customer, with 20 deals of the book "
        "weighed in; similar deals {peer}",
        number_format=".0%",
    ),
    Feature(
        name="type_win_rate",
        meaning="Share of the closed deals of the same type that were won, mixed with 20 deals of "
        "the book's rate.",
        unit="share",
        concept="history",
        needs=("opportunities.type", *_OUTCOME),
        null_means="no deal of the type had closed yet",
        sentence="{value} is the win rate of deals of its type, with 20 deals of the book "
        "weighed in",
        number_format=".0%",
    ),
)


def owner_history(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    rate = pl.col("win_rate")
    owners = view.context.owners.lazy().select(AS_OF, OWNER_REP_ID, rate.alias("of_owner"))
    types = view.context.types.lazy().select(AS_OF, "type", rate.alias("of_type"))
    base = view.context.base.lazy().select(AS_OF, rate.alias("base"))
    won, closed = (pl.col(name).fill_null(0) for name in ("won", "closed"))
    told = (
        view.spine.select(*KEYS, AS_OF, "type", OWNER_REP_ID)
        .join(owners, on=[AS_OF, OWNER_REP_ID], how="left")
        .join(types, on=[AS_OF, "type"], how="left")
        .join(base, on=AS_OF, how="left")
        .join(_of_customer(view), on=KEYS, how="left")
        .join(_owner_changes(view), on=KEYS, how="left")
        .select(
            *KEYS,
            feature(pl.col("of_owner"), "owner_win_rate"),
            feature(pl.col("changes"), "owner_changes"),
            feature(shrunk(won, closed, pl.col("base")), "customer_win_rate"),
            feature(pl.col("of_type"), "type_win_rate"),
        )
    )
    return view.beside(told, zeros=("owner_changes",))


def _of_customer(view: View) -> pl.LazyFrame:
    """Per spine row, how many of the account's deals are known to have ended, and how many won."""
    is_won = pl.col("outcome") == "won"
    return (
        view.known("opportunities", by=ACCOUNT_ID)
        .filter(pl.col("outcome").is_in(["won", "lost"]))
        .group_by(*KEYS)
        .agg(is_won.sum().alias("won"), pl.len().alias("closed"))
    )


def _owner_changes(view: View) -> pl.LazyFrame:
    is_owner = pl.col("field").is_in(["owner", OWNER_REP_ID]) & pl.col("old").is_not_null()
    return (
        view.known("opportunity_changes")
        .filter(is_owner)
        .group_by(*KEYS)
        .agg(pl.len().alias("changes"))
    )
