"""The feature frames: the one path for training, nightly scoring and a record posted alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import polars as pl

from features.account.advocacy import advocacy
from features.account.cadence import cadence
from features.account.circle import circle
from features.account.contracts import contracts
from features.account.discounts import discounts
from features.account.effort import effort
from features.account.engagement import engagement
from features.account.exchange import exchange
from features.account.firmographics import firmographics
from features.account.growth import growth
from features.account.kinds import kinds
from features.account.next_steps import next_steps
from features.account.orders import orders
from features.account.outcomes import outcomes
from features.account.payment import payment
from features.account.pipeline import pipeline
from features.account.pursuit import pursuit
from features.account.relationship import relationship
from features.account.renewal import renewal
from features.account.season import season
from features.account.service import service
from features.account.spend import spend
from features.account.usage import usage
from features.batch import Batch, Way, batches, each
from features.book import Book
from features.calendar import Calendar
from features.catalogue import ACCOUNT_CONTEXT, ACCOUNT_CONTEXT_PREFIX, features_of
from features.context import Context
from features.deal.covenants import covenants
from features.deal.coverage import coverage
from features.deal.customer import customer
from features.deal.forecast import forecast
from features.deal.momentum import momentum
from features.deal.moves import moves
from features.deal.offers import offers
from features.deal.owner_history import owner_history
from features.deal.people import people
from features.deal.period import period
from features.deal.pricing import pricing
from features.deal.pushing import pushing
from features.deal.rhythm import rhythm
from features.deal.stage import stage
from features.deal.timing import timing
from features.deal.traits import traits
from features.deal.workload import workload
from features.feature import Entity
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.snapshot import Commitment, as_described, deal_state
from features.view import KEYS, View

Group = Callable[[View], pl.LazyFrame]

ACCOUNT_GROUPS: tuple[Group, ...] = (
    firmographics,
    spend,
    growth,
    payment,
    engagement,
    cadence,
    exchange,
    effort,
    service,
    relationship,
    circle,
    renewal,
    pursuit,
    advocacy,
    orders,
    usage,
    contracts,
    season,
    outcomes,
    pipeline,
    discounts,
    next_steps,
    kinds,
)

DEAL_GROUPS: tuple[Group, ...] = (
    stage,
    momentum,
    people,
    pricing,
    covenants,
    timing,
    owner_history,
    rhythm,
    coverage,
    pushing,
    moves,
    forecast,
    offers,
    period,
    customer,
    workload,
    traits,
)

_CONTEXT_GROUPS: tuple[Group, ...] = (growth, payment, engagement, service, renewal)


def account_features(
    book: Book,
    spine: pl.LazyFrame,
    context: Context,
    calendar: Calendar,
    *,
    way: Way | None = None,
) -> pl.DataFrame:
    """Describe each account of the spine as it was known at its as_of.

    Args:
        book: the CRM.
        spine: entity_id, as_of; repeated rows count once.
        context: built for at least the as_ofs of the spine.
        calendar: the organisation's.
        way: `plain` looks up each row of the spine by itself, `fast` puts the book in order
            first; the same bits. Chosen by the number of as_ofs unless given.

    Returns:
        entity_id, as_of, then the catalogue's columns in order, Float32; sorted by both keys.

    Raises:
        ValueError: when the context lacks an as_of of the spine.
    """
    rows = spine.select(ENTITY_ID, AS_OF).unique().collect()
    _check(rows, context)

    def described(batch: Batch) -> pl.DataFrame:
        return batch.named(_of_rows(batch.view(batch.rows, context), ACCOUNT_GROUPS))

    frames = each(batches(book, rows, calendar, way=way), described)
    return finished(frames, book, "account")


def deal_features(
    book: Book,
    spine: pl.LazyFrame,
    context: Context,
    calendar: Calendar,
    commitment: Commitment | None = None,
    *,
    way: Way | None = None,
) -> pl.DataFrame:
    """Describe each deal of the spine, and its account, as both were known at its as_of.

    Args:
        book: the CRM.
        spine: entity_id (an opportunity or a contract deal), account_id, as_of; repeated rows
            count once.
        context: built for at least the as_ofs of the spine.
        calendar: the organisation's.
        commitment: replaces close dates where the CRM has none.
        way: as in `account_features`.

    Returns:
        entity_id, account_id, as_of, then the catalogue's columns in order, Float32; sorted by
        entity_id and as_of.

    Raises:
        ValueError: when the context lacks an as_of of the spine.
    """
    rows = spine.select(ENTITY_ID, ACCOUNT_ID, AS_OF).unique().collect()
    _check(rows, context)

    def described(batch: Batch) -> pl.DataFrame:
        state = deal_state(batch.book, batch.rows.lazy(), calendar, commitment).collect()
        of_deals = _of_rows(batch.view(as_described(state), context), DEAL_GROUPS)
        of_accounts = _account_context(batch, context)
        return batch.named(of_deals.join(of_accounts, on=[ACCOUNT_ID, AS_OF], how="left"))

    frames = each(batches(book, rows, calendar, way=way), described)
    return finished(frames, book, "deal")


def finished(frames: Sequence[pl.DataFrame], book: Book, entity: Entity) -> pl.DataFrame:
    """The catalogue's columns in order; a feature whose needs are missing is null throughout."""
    keys = (ENTITY_ID, AS_OF) if entity == "account" else (ENTITY_ID, ACCOUNT_ID, AS_OF)
    columns = [
        pl.col(feature.name) if book.has(*feature.needs) else pl.lit(None).alias(feature.name)
        for feature in features_of(entity)
    ]
    return (
        pl.concat(frames)
        .select(*keys, *(column.cast(pl.Float32) for column in columns))
        .sort(ENTITY_ID, AS_OF)
    )


def joined(view: View, groups: Sequence[Group]) -> pl.DataFrame:
    """KEYS and the columns of all the groups, one row per spine row, in their order."""
    rows = view.spine.select(*KEYS).collect().sort(*KEYS)
    return pl.concat([rows, *_beside(view, groups, rows)], how="horizontal")


def _beside(view: View, groups: Sequence[Group], rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The columns of each group at these rows; most groups have them in this order already."""
    # In order, few rows are left to be moved; a stream of them costs more than it saves.
    engine: Literal["streaming", "in-memory"] = (
        "streaming" if view.timelines is None else "in-memory"
    )
    for group in groups:
        told = group(view).collect(engine=engine)
        if not told.select(*KEYS).equals(rows):
            told = rows.join(told, on=KEYS, how="left", maintain_order="left")
        yield told.drop(*KEYS)


def _of_rows(view: View, groups: Sequence[Group]) -> pl.DataFrame:
    """The spine's identity and the columns of all the groups."""
    identity = view.keys.collect().sort(*KEYS).drop(*KEYS)
    return pl.concat([identity, joined(view, groups).drop(*KEYS)], how="horizontal")


def _account_context(batch: Batch, context: Context) -> pl.DataFrame:
    accounts = batch.rows.select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), AS_OF).unique()
    told = _of_rows(batch.view(accounts, context), _CONTEXT_GROUPS)
    renamed = (pl.col(name).alias(f"{ACCOUNT_CONTEXT_PREFIX}{name}") for name in ACCOUNT_CONTEXT)
    return told.select(pl.col(ENTITY_ID).alias(ACCOUNT_ID), AS_OF, *renamed)


def _check(rows: pl.DataFrame, context: Context) -> None:
    missing = rows.select(pl.col(AS_OF).unique()).join(context.base, on=AS_OF, how="anti")
    if missing.height > 0:
        raise ValueError(
            f"expected a context for every as_of of the spine, found none for "
            f"{missing.height} of them, the first {missing[AS_OF].min()!s}"
        )
