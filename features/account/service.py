"""What the account asks of support, and how content it says it is."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, days_since, exact_sum, feature, in_window, ratio

_OPENED = pl.col("opened_at")
_CLOSED = pl.col("closed_at")
_IS_OPEN = _CLOSED.is_null()
_IS_ESCALATED = pl.col("escalated_at").is_not_null()

FEATURES = (
    Feature(
        name="tickets_90d",
        meaning="Tickets opened in the last 90 days.",
        unit="count",
        concept="service",
        needs=("tickets",),
        null_means="the CRM has no tickets",
        sentence="{value} tickets in 90 days; similar accounts {peer}",
        sentence_at_zero="no ticket in 90 days; similar accounts {peer}",
        direction={"pain": 1},
    ),
    Feature(
        name="tickets_91_365d",
        meaning="Tickets opened more than 90 and at most 365 days before.",
        unit="count",
        concept="service",
        needs=("tickets",),
        null_means="the CRM has no tickets",
        sentence="{value} tickets 91 to 365 days ago; similar accounts {peer}",
        sentence_at_zero="no ticket 91 to 365 days ago; similar accounts {peer}",
        direction={"pain": 1},
    ),
    Feature(
        name="open_tickets",
        meaning="Tickets not closed at as_of.",
        unit="count",
        concept="service",
        needs=("tickets.closed_at",),
        null_means="the CRM does not say when tickets are closed",
        sentence="{value} open tickets; similar accounts {peer}",
        sentence_at_zero="no open ticket; similar accounts {peer}",
    ),
    Feature(
        name="escalations_365d",
        meaning="Tickets escalated in the last 365 days.",
        unit="count",
        concept="service",
        needs=("tickets.escalated_at",),
        null_means="the CRM has no escalations",
        sentence="{value} escalations in a year; similar accounts {peer}",
        sentence_at_zero="no escalation in a year; similar accounts {peer}",
        direction={"pain": 1},
    ),
    Feature(
        name="csat_365d",
        meaning="Mean satisfaction mark, 1 to 5, of the tickets closed in the last 365 days.",
        unit="mark",
        concept="service",
        needs=("tickets.csat", "tickets.closed_at"),
        null_means="no ticket was rated in the last 365 days",
        sentence="rates support {value} of 5 in a year; similar accounts {peer}",
        number_format=".1f",
    ),
    Feature(
        name="tickets_30d",
        meaning="Tickets opened in the last 30 days.",
        unit="count",
        concept="service",
        needs=("tickets",),
        null_means="the CRM has no tickets",
        sentence="{value} tickets in 30 days; similar accounts {peer}",
        sentence_at_zero="no ticket in 30 days; similar accounts {peer}",
    ),
    Feature(
        name="tickets_change_90d",
        meaning="Tickets opened in the last 90 days less those opened more than 90 and at most "
        "180 days before.",
        unit="count",
        concept="service",
        needs=("tickets",),
        null_means="the CRM has no tickets",
        sentence="{value} tickets more in 90 days than in the 90 before; similar accounts {peer}",
        sentence_at_zero="as many tickets in 90 days as in the 90 before; similar accounts {peer} "
        "more",
        sentence_below_zero="{value} tickets fewer in 90 days than in the 90 before; similar "
        "accounts "
        "{peer} more",
    ),
    Feature(
        name="hours_to_close_365d",
        meaning="Median hours from opening to close of the tickets closed in the last 365 days; 0 "
        "where the close is before the opening.",
        unit="hours",
        concept="service",
        needs=("tickets.closed_at",),
        null_means="no ticket was closed in the last 365 days",
        sentence="its tickets closed in a year took {value} hours at the median; similar "
        "accounts {peer}",
    ),
    Feature(
        name="csat_90d",
        meaning="Mean satisfaction mark, 1 to 5, of the tickets closed in the last 90 days.",
        unit="mark",
        concept="service",
        needs=("tickets.csat", "tickets.closed_at"),
        null_means="no ticket was rated in the last 90 days",
        sentence="rates support {value} of 5 in 90 days; similar accounts {peer}",
        number_format=".1f",
    ),
    Feature(
        name="csat_change",
        meaning="Mean satisfaction mark of the tickets closed in the last 90 days less that of the "
        "tickets closed more than 90 and at most 365 days before.",
        unit="mark",
        concept="service",
        needs=("tickets.csat", "tickets.closed_at"),
        null_means="no ticket was rated in one of the two windows",
        sentence="its marks in 90 days rose by {value} on the rest of the year; similar "
        "accounts {peer}",
        sentence_below_zero="its marks in 90 days fell by {value} on the rest of the year; similar "
        "accounts rose by {peer}",
        number_format=".1f",
    ),
    Feature(
        name="escalation_share_365d",
        meaning="Share of the tickets opened in the last 365 days that were escalated by as_of.",
        unit="share",
        concept="service",
        needs=("tickets.escalated_at",),
        null_means="no ticket was opened in the last 365 days",
        sentence="{value} of its tickets in a year were escalated; similar accounts {peer}",
        sentence_at_zero="none of its tickets in a year was escalated; similar accounts {peer} of "
        "them",
        number_format=".0%",
    ),
    Feature(
        name="open_escalations",
        meaning="Tickets escalated and not closed at as_of.",
        unit="count",
        concept="service",
        needs=("tickets.escalated_at", "tickets.closed_at"),
        null_means="the CRM does not say when tickets are escalated and closed",
        sentence="{value} open escalations; similar accounts {peer}",
        sentence_at_zero="no open escalation; similar accounts {peer}",
        direction={"pain": 1},
    ),
    Feature(
        name="oldest_open_ticket_days",
        meaning="Days since the opening of the oldest ticket not closed at as_of.",
        unit="days",
        concept="service",
        needs=("tickets.closed_at",),
        null_means="no open ticket",
        sentence="its oldest open ticket waits for {value} days; similar accounts {peer}",
    ),
)


def rated(newest: int, oldest: int) -> pl.Expr:
    """The mark of a ticket closed between `oldest` and `newest` days before as_of, else null."""
    return pl.when(in_window(_CLOSED, newest, oldest)).then("csat")


def mean_mark(window: str) -> pl.Expr:
    """Mean mark of the tickets rated in a window."""
    marks = pl.col(f"marks_{window}")
    return ratio(exact_sum(marks), marks.count())


def many(is_so: str) -> pl.Expr:
    """How many tickets are so."""
    return pl.col(is_so).sum().cast(pl.Int64)


def service(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        _tickets(view)
        .group_by(*KEYS)
        .agg(
            feature(many("is_90d"), "tickets_90d"),
            feature(many("is_91_180d") + many("is_181_365d"), "tickets_91_365d"),
            feature(many("is_open"), "open_tickets"),
            feature(many("is_escalation"), "escalations_365d"),
            feature(mean_mark("365d"), "csat_365d"),
            feature(many("is_30d"), "tickets_30d"),
            feature(many("is_90d") - many("is_91_180d"), "tickets_change_90d"),
            feature(mean_mark("90d"), "csat_90d"),
            feature(mean_mark("90d") - mean_mark("91_365d"), "csat_change"),
            feature(ratio(many("is_escalated"), many("is_365d")), "escalation_share_365d"),
            feature(many("is_open_escalation"), "open_escalations"),
            feature(pl.col("waiting").max(), "oldest_open_ticket_days"),
        )
    )
    zeros = ("tickets_90d", "tickets_91_365d", "open_tickets", "escalations_365d")
    more = ("tickets_30d", "tickets_change_90d", "open_escalations")
    told = told.join(_hours_to_close(view), on=KEYS, how="left")
    return view.beside(told, zeros=(*zeros, *more)).select(
        *KEYS, *(entry.name for entry in FEATURES)
    )


def _hours_to_close(view: View) -> pl.LazyFrame:
    """KEYS, hours_to_close_365d: median hours open of the tickets closed in the last 365 days."""
    hours = (_CLOSED - _OPENED).dt.total_microseconds() / 3_600e6
    return (
        view.known("tickets")
        .filter(in_window(_CLOSED, 0, 365))
        .select(*KEYS, hours.clip(0.0).alias("hours"))
        .group_by(*KEYS)
        .agg("hours")
        .select(*KEYS, feature(pl.col("hours").list.median(), "hours_to_close_365d"))
    )


def _tickets(view: View) -> pl.LazyFrame:
    """KEYS and what counts of each ticket known at as_of."""
    is_recent = in_window(_OPENED, 0, 365)
    return view.known("tickets").select(
        *KEYS,
        in_window(_OPENED, 0, 30).alias("is_30d"),
        in_window(_OPENED, 0, 90).alias("is_90d"),
        in_window(_OPENED, 90, 180).alias("is_91_180d"),
        in_window(_OPENED, 180, 365).alias("is_181_365d"),
        is_recent.alias("is_365d"),
        (is_recent & _IS_ESCALATED).alias("is_escalated"),
        in_window(pl.col("escalated_at"), 0, 365).alias("is_escalation"),
        _IS_OPEN.alias("is_open"),
        (_IS_OPEN & _IS_ESCALATED).alias("is_open_escalation"),
        pl.when(_IS_OPEN).then(days_since(_OPENED)).alias("waiting"),
        rated(0, 90).alias("marks_90d"),
        rated(90, 365).alias("marks_91_365d"),
        rated(0, 365).alias("marks_365d"),
    )
