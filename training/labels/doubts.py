"""Doubts: how many deals of a book are recorded badly, in the ways that labels can bear.

None of these rows is dropped or repaired: docs/deal-labels.md says what becomes of each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import counted_at, known_from, pushes
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OPPORTUNITY_ID, TABLES
from features.snapshot import Commitment, deal_state, known_at

PUSHED_OFTEN = 10
"""Pushes of one close date from which on the date says little of when the deal will close."""

_MEANINGS = {
    "deals": "deals asked about",
    "rows": "rows asked about",
    "closed_before_created": "deals closed before they were created: never open, so never labelled",
    "reopened": "deals that left a closed stage: the time between counts as open",
    "pushed_often": f"deals pushed {PUSHED_OFTEN} times or more",
    "without_rate": "deals with an amount in a currency without a rate",
    "without_commitment": "rows without a committed date: only the period has a label",
    "past_commitment": "rows whose committed date had passed: not won by it, outside the metrics",
    "without_amount": "rows without an amount",
}


@dataclass(frozen=True, slots=True)
class DealDoubts:
    """Counts of badly recorded deals, and of badly recorded rows of a spine.

    Attributes:
        deals: deals of the spine.
        rows: rows of the spine.
        closed_before_created: deals of the book that ended before they began.
        reopened: deals of the spine with a known move from a closed stage to an open one, as the
            stages stand today; before the newest as_of of the deal.
        pushed_often: deals of the spine whose close date moved later `PUSHED_OFTEN` times or more.
        without_rate: deals of the spine with an amount today in a currency that is not the base
            and has no exchange rate; their amounts are taken as they stand.
        without_commitment: rows without a committed date as of their as_of.
        past_commitment: rows whose committed date was before the day of as_of.
        without_amount: rows whose amount was not known as of their as_of.
    """

    deals: int
    rows: int
    closed_before_created: int
    reopened: int
    pushed_often: int
    without_rate: int
    without_commitment: int
    past_commitment: int
    without_amount: int

    def told(self) -> Iterator[str]:
        """One line for each count above 0, most general first."""
        for field in fields(self):
            count: int = getattr(self, field.name)
            if count:
                yield f"{count:,} {_MEANINGS[field.name]}"


def deal_doubts(
    book: Book,
    spine: pl.LazyFrame,
    *,
    calendar: Calendar,
    commitment: Commitment | None = None,
    base_currency: str | None = None,
) -> DealDoubts:
    """Count what is doubtful about the deals whose labels are asked for.

    Args:
        book: the CRM.
        spine: entity_id (the opportunity), account_id, as_of.
        calendar: days.
        commitment: as for the labels.
        base_currency: the currency that needs no rate; none unless given.
    """
    rows = spine.select(ENTITY_ID, ACCOUNT_ID, AS_OF).unique().collect()
    state = deal_state(book, rows.lazy(), calendar, commitment).collect()
    today = calendar.local_day(pl.col(AS_OF))
    counts = state.select(
        pl.col("committed_on").is_null().sum().alias("missing"),
        (pl.col("committed_on") < today).sum().alias("past"),
        pl.col("amount").is_null().sum().alias("amount"),
    ).row(0, named=True)
    pushed = counted_at(rows.lazy(), pushes(book), "pushed").filter(
        pl.col("pushed") >= PUSHED_OFTEN
    )
    return DealDoubts(
        deals=rows[ENTITY_ID].n_unique(),
        rows=rows.height,
        closed_before_created=_count(book["opportunities"].filter(_ends_before_it_begins())),
        reopened=_deals(_reopened(book, rows)),
        pushed_often=_deals(pushed),
        without_rate=_count(_without_rate(book, rows, base_currency)),
        without_commitment=counts["missing"],
        past_commitment=counts["past"],
        without_amount=counts["amount"],
    )


def _ends_before_it_begins() -> pl.Expr:
    """By the moment, where reading warns (E06) by the day: no moment of such a deal is open."""
    return pl.col("closed_at") < pl.max_horizontal(
        known_from(TABLES["opportunities"]), "created_at"
    )


def _reopened(book: Book, rows: pl.DataFrame) -> pl.LazyFrame:
    is_closed = pl.col("is_closed").fill_null(value=False)
    closed = book["stages"].filter(is_closed).select("stage")
    moves = known_at(rows.lazy(), book, "opportunity_changes").filter(pl.col("field") == "stage")
    return moves.join(closed, left_on="old", right_on="stage", how="semi").join(
        closed, left_on="new", right_on="stage", how="anti"
    )


def _without_rate(book: Book, rows: pl.DataFrame, base_currency: str | None) -> pl.LazyFrame:
    rated = book["exchange_rates"].select("currency").unique()
    is_foreign = pl.col("currency") != pl.lit(base_currency, pl.String)
    needs_rate = pl.col("currency").is_not_null() & is_foreign.fill_null(value=True)
    return (
        book["opportunities"]
        .filter(pl.col("amount").is_not_null() & needs_rate)
        .join(rows.lazy(), left_on=OPPORTUNITY_ID, right_on=ENTITY_ID, how="semi")
        .join(rated, on="currency", how="anti")
    )


def _deals(rows: pl.LazyFrame) -> int:
    return _count(rows.select(ENTITY_ID).unique())


def _count(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect().item())
