"""Slip labels: how each open deal ended, against its committed date and its period."""

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, TIME
from features.snapshot import Commitment, contract_deals, deal_state, has_contract_deals

COLUMNS = (
    ENTITY_ID,
    ACCOUNT_ID,
    AS_OF,
    "committed_on",
    "period_end",
    "event",
    "event_on",
    "censored_on",
    "label_won_by_committed",
    "label_period",
    "label_mature",
)
"""The columns of the deal label frame, in order."""


def slip_labels(
    book: Book,
    spine: pl.LazyFrame,
    *,
    calendar: Calendar,
    commitment: Commitment | None = None,
) -> pl.DataFrame:
    """Label each open deal by its end and by whether it was won by its dates.

    A date is passed when its day has ended, in the organisation's zone, by `observed_until`. A
    label of a date that has not passed is null even where the deal has ended: a lost deal is
    certain early, an open one is not, and keeping only the former would bend the shares.

    A contract deal that is handed over to a renewal opportunity is watched until the day before
    and stays open: the sale is the opportunity's, and is counted there. Its labels of dates that
    had not passed by then are null, and never mature.

    Args:
        book: the CRM.
        spine: `entity_id` (the opportunity, or the contract deal), `account_id`, `as_of`.
        calendar: days and fiscal quarters.
        commitment: how deals are committed in a CRM without close dates.

    Returns:
        `COLUMNS`, sorted by entity_id and as_of. `event` is the state at `observed_until`: won,
        lost or open, with `event_on` the local day of its end and `censored_on` the local day of
        `observed_until`, or the day before a hand-over. `label_won_by_committed` is null without
        a committed date; `label_period` is won, lost or slip by the end of the period;
        `label_mature` says whether the committed date, or the period's end where there is none,
        has passed while the deal was watched.
    """
    ends = _ends(book, calendar, spine)
    state = deal_state(book, spine, calendar, commitment).select(
        ENTITY_ID, ACCOUNT_ID, AS_OF, "committed_on", "period_end"
    )
    has_ended = (
        (pl.col("closed_at") < book.observed_until) & pl.col("outcome").is_in(["won", "lost"])
    ).fill_null(value=False)
    handed_on = calendar.local_day(pl.col("handed_at"))
    censored_on = pl.coalesce(
        handed_on.dt.offset_by("-1d"), pl.lit(calendar.day_of(book.observed_until), pl.Date)
    )
    return (
        state.join(ends, on=ENTITY_ID, how="left")
        .with_columns(
            pl.when(has_ended)
            .then(pl.col("outcome").cast(pl.String))
            .otherwise(pl.lit("open"))
            .alias("event"),
            pl.when(has_ended).then(calendar.local_day(pl.col("closed_at"))).alias("event_on"),
            censored_on.alias("censored_on"),
        )
        .with_columns(_is_passed(book, calendar))
        .with_columns(_labels())
        .select(COLUMNS)
        .sort(ENTITY_ID, AS_OF)
        .collect()
    )


def _ends(book: Book, calendar: Calendar, spine: pl.LazyFrame) -> pl.LazyFrame:
    """entity_id, outcome (text), closed_at, handed_at (by observed_until) of every deal."""
    deals = book["opportunities"].select(
        pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
        pl.col("outcome").cast(pl.String),
        "closed_at",
        pl.lit(None, TIME).alias("handed_at"),
    )
    if not has_contract_deals(book, spine):
        return deals
    is_handed = pl.col("outcome").is_null() & (pl.col("closed_at") < book.observed_until)
    contracts = contract_deals(book, calendar).select(
        ENTITY_ID, "outcome", "closed_at", pl.when(is_handed).then("closed_at").alias("handed_at")
    )
    return pl.concat([deals, contracts])


def _is_passed(book: Book, calendar: Calendar) -> list[pl.Expr]:
    """Whether the day was watched to its end: the committed, the period's; null without it."""
    until = pl.coalesce("handed_at", pl.lit(book.observed_until, TIME))
    return [
        (calendar.end_of(pl.col(day)) < until).alias(name)
        for day, name in (("committed_on", "_committed_passed"), ("period_end", "_period_passed"))
    ]


def _labels() -> list[pl.Expr]:
    won, lost = pl.col("event") == "won", pl.col("event") == "lost"
    won_by_committed = won & (pl.col("event_on") <= pl.col("committed_on")).fill_null(value=False)
    in_period = (pl.col("event_on") <= pl.col("period_end")).fill_null(value=False)
    period = (
        pl.when(won & in_period)
        .then(pl.lit("won"))
        .when(lost & in_period)
        .then(pl.lit("lost"))
        .otherwise(pl.lit("slip"))
    )
    return [
        pl.when(pl.col("_committed_passed")).then(won_by_committed).alias("label_won_by_committed"),
        pl.when(pl.col("_period_passed")).then(period).alias("label_period"),
        pl.coalesce("_committed_passed", "_period_passed").alias("label_mature"),
    ]
