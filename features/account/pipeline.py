"""What the open deals of the account look like together: how old, how pushed, how far on."""

import polars as pl

from features.feature import Feature
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID
from features.snapshot import value_at
from features.view import KEYS, View, days_since, exact_sum, feature, in_window, ratio

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
        sentence="{value} deals opened in the half-year before; similar accounts {peer}",
        sentence_at_zero="no deal opened in the half-year before; similar accounts {peer}",
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
        sentence="{value} open deals are past their close date; similar accounts {peer}",
        sentence_at_zero="no open deal is past its close date; similar accounts {peer}",
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
        sentence="next close in {value} days; similar accounts {peer}",
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
        sentence="a price is on the table in {value} of its open deals; similar accounts {peer}",
        sentence_at_zero="no open deal has a price on the table; similar accounts {peer} of them",
        number_format=".0%",
    ),
)


def pipeline(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    deals = view.known("opportunities")
    created = pl.col("created_at")
    opened = deals.group_by(*KEYS).agg(
        feature(in_window(created, 0, 180).sum(), "deals_opened_180d"),
        feature(in_window(created, 180, 365).sum(), "deals_opened_181_365d"),
        feature(days_since(created).min(), "days_since_opened"),
        feature(days_since(created).filter(_IS_OPEN).max(), "oldest_open_deal_days"),
        _IS_OPEN.sum().cast(pl.Int64).alias("open"),
    )
    is_open = deals.filter(_IS_OPEN).select(*KEYS, ENTITY_ID, AS_OF, OPPORTUNITY_ID)
    pushed = pl.col("pushes").fill_null(0)
    quoted = pl.col("quoted").fill_null(0)
    told = (
        opened.join(_standing(view, is_open), on=KEYS, how="left")
        .join(_pushes(view, is_open), on=KEYS, how="left")
        .join(_quoted(view, is_open), on=KEYS, how="left")
        .with_columns(
            feature(ratio(pushed, pl.col("open")), "pushes_per_open_deal"),
            feature(ratio(quoted, pl.col("open")), "priced_share_open"),
        )
        .select(*KEYS, *(entry.name for entry in FEATURES))
    )
    return view.beside(told, zeros=("deals_opened_180d", "deals_opened_181_365d"))


def _standing(view: View, is_open: pl.LazyFrame) -> pl.LazyFrame:
    """What the open deals' own records said at as_of, by account."""
    state = is_open.rename({ENTITY_ID: ACCOUNT_ID, OPPORTUNITY_ID: ENTITY_ID})
    for field in ("amount", "stage", "close_date"):
        state = value_at(state, view.book, field)
    places = view.context.stages.lazy().select(AS_OF, "stage", "position")
    due = (pl.col("close_date") - view.calendar.local_day(pl.col(AS_OF))).dt.total_days()
    is_placed = pl.col("position").is_not_null() & _AMOUNT.is_not_null()
    is_late = is_placed & (pl.col("position") >= _LATE_FROM)
    late = ratio(exact_sum(_AMOUNT.filter(is_late)), exact_sum(_AMOUNT.filter(is_placed)))
    overdue = pl.when(pl.col("due").count() > 0).then((pl.col("due") < 0).sum())
    return (
        state.join(places, on=[AS_OF, "stage"], how="left")
        .with_columns(due.alias("due"))
        .group_by(*KEYS)
        .agg(
            feature(overdue, "open_deals_overdue"),
            feature(pl.col("due").min(), "days_to_next_close"),
            feature(ratio(_AMOUNT.max(), exact_sum(_AMOUNT)), "largest_open_share"),
            feature(late, "late_stage_share"),
        )
    )


def _pushes(view: View, is_open: pl.LazyFrame) -> pl.LazyFrame:
    """KEYS, pushes: moves of a close date to a later day, of deals open at as_of."""
    before, after = (
        pl.col(side).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        for side in ("old", "new")
    )
    return (
        view.known("opportunity_changes")
        .filter(pl.col("field") == "close_date")
        .join(is_open.select(*KEYS, OPPORTUNITY_ID), on=[*KEYS, OPPORTUNITY_ID], how="semi")
        .group_by(*KEYS)
        .agg((after > before).sum().cast(pl.Int64).alias("pushes"))
    )


def _quoted(view: View, is_open: pl.LazyFrame) -> pl.LazyFrame:
    """KEYS, quoted: deals open at as_of with a quote."""
    return (
        view.known("quotes")
        .join(is_open.select(*KEYS, OPPORTUNITY_ID), on=[*KEYS, OPPORTUNITY_ID], how="semi")
        .group_by(*KEYS)
        .agg(pl.col(OPPORTUNITY_ID).n_unique().cast(pl.Int64).alias("quoted"))
    )
