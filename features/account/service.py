"""What the account asks of support, and how content it says it is."""

import polars as pl

from features.feature import Feature
from features.view import KEYS, View, exact_sum, feature, in_window, ratio

_OPENED = pl.col("opened_at")

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
        meaning="Tickets opened 91 to 365 days before.",
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
)


def tickets(newest: int, oldest: int) -> pl.Expr:
    """Tickets opened between `oldest` and `newest` days before as_of."""
    return in_window(_OPENED, newest, oldest).sum()


def escalations(days: int) -> pl.Expr:
    """Tickets escalated in the last `days` days."""
    return in_window(pl.col("escalated_at"), 0, days).sum()


def csat(days: int) -> pl.Expr:
    """Mean mark of the tickets closed in the last `days` days."""
    marks = pl.col("csat").filter(in_window(pl.col("closed_at"), 0, days))
    return ratio(exact_sum(marks), marks.count())


def service(view: View) -> pl.LazyFrame:
    """KEYS and this group's columns, one row per spine row."""
    told = (
        view.known("tickets")
        .group_by(*KEYS)
        .agg(
            feature(tickets(0, 90), "tickets_90d"),
            feature(tickets(90, 365), "tickets_91_365d"),
            feature(pl.col("closed_at").is_null().sum(), "open_tickets"),
            feature(escalations(365), "escalations_365d"),
            feature(csat(365), "csat_365d"),
        )
    )
    zeros = ("tickets_90d", "tickets_91_365d", "open_tickets", "escalations_365d")
    return view.beside(told, zeros=zeros)
