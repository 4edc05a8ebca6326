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
        sentence="{value} tickets in the nine months before; similar accounts {peer}",
        sentence_at_zero="no ticket in the nine months before; similar accounts {peer}",
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
        sentence="rates support {value} of 5; similar accounts {peer}",
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
        sentence="{value} tickets more than the quarter before; similar accounts {peer}",
        sentence_at_zero="as many tickets as the quarter before; similar accounts {peer} more",
        sentence_below_zero="{value} tickets fewer than the quarter before; similar accounts "
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
        sentence="its tickets take {value} hours to close; similar accounts {peer}",
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
        sentence="its marks rose by {value}; similar accounts {peer}",
        sentence_below_zero="its marks fell by {value}; similar accounts rose by {peer}",
        number_format=".1f",
    ),
    Feature(
        name="escalation_share_365d",
        meaning="Share of the tickets opened in the last 365 days that were escalated by as_of.",
        unit="share",
        concept="service",
        needs=("tickets.escalated_at",),
        null_means="no ticket was opened in the last 365 days",
        sentence="{value} of its tickets are escalated; similar accounts {peer}",
        sentence_at_zero="none of its tickets was escalated; similar accounts {peer} of them",
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


def tickets(newest: int, oldest: int) -> pl.Expr:
    """Tickets opened between `oldest` and `newest` days before as_of."""
    return in_window(_OPENED, newest, oldest).sum()


def escalations(days: int) -> pl.Expr:
    """Tickets escalated in the last `days` days."""
    return in_window(pl.col("escalated_at"), 0, days).sum()


def csat(newest: int, oldest: int) -> pl.Expr:
    """Mean mark of the tickets closed between `oldest` and `newest` days before as_of."""
    marks = pl.col("csat").filter(in_window(_CLOSED, newest, oldest))
    return ratio(exact_sum(marks), marks.count())


def hours_to_close(days: int) -> pl.Expr:
    """Median hours open of the tickets closed in the last `days` days."""
    hours = (_CLOSED - _OPENED).dt.total_microseconds() / 3_600e6
    return hours.clip(0.0).filter(in_window(_CLOSED, 0, days)).median()


def escalation_share(days: int) -> pl.Expr:
    """Escalated tickets over tickets opened in the last `days` days."""
    is_recent = in_window(_OPENED, 0, days)
    return ratio((is_recent & _IS_ESCALATED).sum(), is_recent.sum())


def service(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        view.known("tickets")
        .group_by(*KEYS)
        .agg(
            feature(tickets(0, 90), "tickets_90d"),
            feature(tickets(90, 365), "tickets_91_365d"),
            feature(_IS_OPEN.sum(), "open_tickets"),
            feature(escalations(365), "escalations_365d"),
            feature(csat(0, 365), "csat_365d"),
            feature(tickets(0, 30), "tickets_30d"),
            feature(_change(), "tickets_change_90d"),
            feature(hours_to_close(365), "hours_to_close_365d"),
            feature(csat(0, 90), "csat_90d"),
            feature(csat(0, 90) - csat(90, 365), "csat_change"),
            feature(escalation_share(365), "escalation_share_365d"),
            feature((_IS_OPEN & _IS_ESCALATED).sum(), "open_escalations"),
            feature(days_since(_OPENED).filter(_IS_OPEN).max(), "oldest_open_ticket_days"),
        )
    )
    zeros = ("tickets_90d", "tickets_91_365d", "open_tickets", "escalations_365d")
    more = ("tickets_30d", "tickets_change_90d", "open_escalations")
    return view.beside(told, zeros=(*zeros, *more))


def _change() -> pl.Expr:
    now, before = (tickets(*span).cast(pl.Int64) for span in ((0, 90), (90, 180)))
    return now - before
