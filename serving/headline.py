"""Headline: the four figures of a book that are worth knowing before any card."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from serving import wording
from serving.board import total_value
from serving.cards import Record, is_at_risk
from serving.roll_up import at_risk
from serving.rows import AccountRow, DealRow


@dataclass(frozen=True, slots=True)
class HeadlineFigure:
    """One figure with what it is and one line that puts it in place."""

    term: str
    figure: str
    note: str


def headline(
    records: Sequence[Record], *, today: date, period_end: date
) -> tuple[HeadlineFigure, ...]:
    """A-list, walk-away, deals at risk by the quarter's end, needs review.

    Args:
        records: the whole book, whatever tab or search narrows down below.
        today: of the organisation, at as_of.
        period_end: last day of the fiscal quarter.
    """
    rows = [record.row for record in records]
    deals = [deal for record in records for deal in record.deals]
    review = sum(row.confidence == "review" for row in rows)
    return (
        _a_list(rows),
        _walk_away(rows),
        _at_risk(deals, today, period_end),
        HeadlineFigure(
            "Needs review",
            wording.count(review, "account"),
            "too close to call: you decide" if review else "every bucket has a clear lead",
        ),
    )


def _a_list(rows: Sequence[AccountRow]) -> HeadlineFigure:
    inside = [row for row in rows if row.bucket == "a_list"]
    value = total_value(inside)
    note = "no value is known yet" if value is None else f"{value} in the last 12 months"
    return HeadlineFigure("A-list", wording.count(len(inside), "account"), note)


def _walk_away(rows: Sequence[AccountRow]) -> HeadlineFigure:
    inside = [row for row in rows if row.bucket == "walk_away"]
    kept = sum(row.kept_in_pursuit for row in inside)
    note = f"{kept} kept in pursuit" if kept else "none kept in pursuit"
    return HeadlineFigure("Walk-away", wording.count(len(inside), "account"), note)


def _at_risk(deals: Sequence[DealRow], today: date, period_end: date) -> HeadlineFigure:
    """Of the deals promised from today to the quarter's end, those likelier to slip than close."""
    promised = [
        deal
        for deal in deals
        if deal.slip_risk is not None
        and deal.committed_on is not None
        and today <= deal.committed_on <= period_end
    ]
    risky = [deal for deal in promised if is_at_risk(deal)]
    currency = risky[0].currency if risky else ""
    found = at_risk(risky, currency=currency)
    if not promised:
        note = "no deal is promised before then"
    elif not risky:
        note = "each is more likely to close than to slip"
    else:
        known = "" if found.promised is None else f"{wording.money(found.promised, currency)}, "
        rest = f"; {found.without_amount} without an amount" if found.without_amount else ""
        note = f"{known}more likely to slip than to close{rest}"
    term = f"Deals at risk by {wording.short_day(period_end)}"
    return HeadlineFigure(term, f"{len(risky)} of {len(promised)}", note)
