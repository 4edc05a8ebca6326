"""What the open deals of the account look like together: how old, how pushed, how far on."""

import polars as pl

from features.feature import Feature
from features.history import counted_at, known_from, pushes, values_at
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, TABLES
from features.view import KEYS, View, count, days_since, exact_sum, feature, newest, ratio

_IS_OPEN = pl.col("closed_at").is_null()
_AMOUNT = pl.col("amount")
_LATE_FROM = 0.5
_DATES = ("opportunities.close_date", "opportunity_changes")
_AMOUNTS = ("opportunities.amount", "opportunity_changes")
_NO_DEALS = "the CRM has no deals"
_NO_DATE = "no open deal whose close date at the time is known"

FEATURES = (
    Feature(
        name="deals_opened_180d",
        meaning="Deals created from 180 days before as_of on, open or closed by now.",
        unit="count",
        concept="momentum",
        needs=("opportunities",),
        null_means=_NO_DEALS,
        sentence="{value} deals opened in half a year; similar accounts {peer}",
        sentence_at_zero="no deal opened in half a year; similar accounts {peer}",
    ),
    Feature(
        name="deals_opened_181_365d",
        meaning="Deals created more than 180 and at most 365 days before, open or closed by now.",
        unit="count",
        concept="momentum",
        needs=("opportunities",),
        null_means=_NO_DEALS,
        sentence="{value} deals opened 181 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="no deal opened 181 to 365 days ago; similar accounts {peer}",
    ),
    Feature(
        name="days_since_opened",
        meaning="Days since the newest deal was created, open or closed by now.",
        unit="days",
        concept="momentum",
        needs=("opportunities",),
        null_means="no deal so far",
        sentence="last new deal {value} days ago; similar accounts {peer}",
    ),
    Feature(
        name="oldest_open_deal_days",
        meaning="Days since the oldest of the open deals was created.",
        unit="days",
        concept="momentum",
        needs=("opportunities",),
        null_means="no open deal",
        sentence="its oldest open deal is {value} days old; similar accounts {peer}",
    ),
    Feature(
        name="pushes_per_open_deal",
        meaning="Times a close date moved to a later day so far, of the deals open at as_of, over "
        "the number of open deals.",
        unit="ratio",
        concept="momentum",
        needs=_DATES,
        null_means="no open deal",
        sentence="its open deals were pushed {value} times each; similar accounts {peer}",
        sentence_at_zero="no open deal was pushed; similar accounts {peer} times each",
        number_format=",.1f",
        is_rep_editable=True,
    ),
    Feature(
        name="open_deals_overdue",
        meaning="Open deals whose close date, as of as_of, is a day before the day of as_of.",
        unit="count",
        concept="timing",
        needs=_DATES,
        null_means=_NO_DATE,
        sentence="{value} open deals past the close date; similar accounts {peer}",
        sentence_at_zero="no open deal past the close date; similar accounts {peer}",
        is_rep_editable=True,
    ),
    Feature(
        name="days_to_next_close",
        meaning="Days from the day of as_of to the earliest close date, as of as_of, of the open "
        "deals; negative when it has passed.",
        unit="days",
        concept="timing",
        needs=_DATES,
        null_means=_NO_DATE,
        sentence="{value} days to its next close date; similar accounts {peer}",
        sentence_below_zero="a close date passed {value} days ago; similar accounts are {peer} "
        "days ahead of theirs",
        is_rep_editable=True,
    ),
    Feature(
        name="largest_open_share",
        meaning="The largest amount, as of as_of, of an open deal over the sum of those of all its "
        "open deals; amounts that are not known are left out of both.",
        unit="share",
        concept="value",
        needs=_AMOUNTS,
        null_means="no open deal whose amount at the time is known and above 0",
        sentence="{value} of its open amount is one deal; similar accounts {peer}",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="late_stage_share",
        meaning="Of the amount of the open deals, the share in the later half of the stages; "
        "amount and stage as of as_of, a stage's place from 0 (first) to 1 (last) as the book's "
        "context orders them, the later half from 0.5 on. Deals without a known amount or place "
        "are left out.",
        unit="share",
        concept="momentum",
        needs=(*_AMOUNTS, "opportunities.stage"),
        null_means="no open deal in a stage with a place whose amount is known and above 0",
        sentence="{value} of its open amount is in late stages; similar accounts {peer}",
        sentence_at_zero="no open amount is in late stages; similar accounts {peer}",
        number_format=".0%",
        is_rep_editable=True,
    ),
    Feature(
        name="priced_share_open",
        meaning="Share of the open deals with at least one quote so far.",
        unit="share",
        concept="value",
        needs=("quotes",),
        null_means="no open deal",
        sentence="{value} of its open deals have a quote; similar accounts {peer}",
        sentence_at_zero="no open deal has a quote; similar accounts {peer} of them",
        number_format=".0%",
    ),
)


MEASURES = (
    count("opened_180d", oldest=180),
    count("opened_181_365d", newest=180, oldest=365),
    newest("last_opened"),
)


def pipeline(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    opened = view.kept("pipeline", view.measured("opportunities", MEASURES))
    standing = view.kept("pipeline open deals", _standing(view))
    places = view.context.stages.lazy().select(AS_OF, "stage", "position")
    told = standing.join(places, on=[AS_OF, "stage"], how="left")
    return opened.join(_together(told), on=KEYS, how="left").select(
        *KEYS,
        feature(pl.col("opened_180d"), "deals_opened_180d"),
        feature(pl.col("opened_181_365d"), "deals_opened_181_365d"),
        feature(days_since(pl.col("last_opened")), "days_since_opened"),
        "oldest_open_deal_days",
        "pushes_per_open_deal",
        "open_deals_overdue",
        "days_to_next_close",
        "largest_open_share",
        "late_stage_share",
        "priced_share_open",
    )


def _standing(view: View) -> pl.LazyFrame:
    """KEYS, as_of and what was known at as_of of each open deal, one row per deal."""
    deals = (
        view.known("opportunities")
        .filter(_IS_OPEN)
        .select(
            *KEYS,
            pl.col(ENTITY_ID).alias(ACCOUNT_ID),
            pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
            AS_OF,
            "created_at",
        )
    )
    quotes = view.book["quotes"].select(OPPORTUNITY_ID, known_from(TABLES["quotes"]).alias("known"))
    deals = counted_at(deals, pushes(view.book), "pushes")
    deals = counted_at(deals, quotes, "quotes")
    due = (pl.col("close_date") - view.calendar.local_day(pl.col(AS_OF))).dt.total_days()
    return values_at(deals, view.book, ("amount", "stage", "close_date")).select(
        *KEYS,
        AS_OF,
        "stage",
        "amount",
        due.alias("due"),
        days_since(pl.col("created_at")).alias("age"),
        "pushes",
        (pl.col("quotes") > 0).alias("is_priced"),
    )


def _together(deals: pl.LazyFrame) -> pl.LazyFrame:
    """KEYS and the features of open deals, whose stage stands beside its place."""
    placed = pl.when(pl.col("position").is_not_null()).then(_AMOUNT)
    late = pl.when(pl.col("position") >= _LATE_FROM).then(_AMOUNT)
    late_share = ratio(exact_sum(pl.col("late")), exact_sum(pl.col("placed")))
    due = pl.col("due")
    overdue = pl.when(due.count() > 0).then((due < 0).sum())
    return (
        deals.with_columns(placed.alias("placed"), late.alias("late"))
        .group_by(*KEYS)
        .agg(
            feature(pl.col("pushes").sum() / pl.len(), "pushes_per_open_deal"),
            feature(pl.col("is_priced").sum() / pl.len(), "priced_share_open"),
            feature(pl.col("age").max(), "oldest_open_deal_days"),
            feature(overdue, "open_deals_overdue"),
            feature(due.min(), "days_to_next_close"),
            feature(ratio(_AMOUNT.max(), exact_sum(_AMOUNT)), "largest_open_share"),
            feature(late_share, "late_stage_share"),
        )
    )
