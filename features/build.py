"""The feature frames: the one path for training, nightly scoring and a record posted alone."""

from collections.abc import Callable, Iterator, Sequence

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
from features.deal.workload import workload
from features.feature import Entity
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID
from features.snapshot import Commitment, deal_state
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
)

_CONTEXT_GROUPS: tuple[Group, ...] = (growth, payment, engagement, service, renewal)

_ROWS_AT_ONCE = 6_000
"""Spine rows per pass: whole as-ofs up to this many, so that a long history stays in memory."""


def account_features(
    book: Book, spine: pl.LazyFrame, context: Context, calendar: Calendar
) -> pl.DataFrame:
    """Describe each account of the spine as it was known at its as_of.

    Args:
        book: the CRM.
        spine: entity_id, as_of; repeated rows count once.
        context: built for at least the as_ofs of the spine.
        calendar: the organisation's.

    Returns:
        entity_id, as_of, then the catalogue's columns in order, Float32; sorted by both keys.

    Raises:
        ValueError: when the context lacks an as_of of the spine.
    """
    rows = spine.select(*KEYS).unique().sort(AS_OF, ENTITY_ID).collect()
    _check(rows, context)
    views = (View(book, batch.lazy(), context, calendar) for batch in _batches(rows))
    frames = [joined(view, ACCOUNT_GROUPS) for view in views]
    return _finished(frames, book, "account", keys=KEYS)


def deal_features(
    book: Book,
    spine: pl.LazyFrame,
    context: Context,
    calendar: Calendar,
    commitment: Commitment | None = None,
) -> pl.DataFrame:
    """Describe each deal of the spine, and its account, as both were known at its as_of.

    Args:
        book: the CRM.
        spine: entity_id, account_id, as_of; repeated rows count once.
        context: built for at least the as_ofs of the spine.
        calendar: the organisation's.
        commitment: replaces close dates where the CRM has none.

    Returns:
        entity_id, account_id, as_of, then the catalogue's columns in order, Float32; sorted by
        entity_id and as_of.

    Raises:
        ValueError: when the context lacks an as_of of the spine.
    """
    keys = (ENTITY_ID, ACCOUNT_ID, AS_OF)
    rows = spine.select(*keys).unique().sort(AS_OF, ENTITY_ID).collect()
    _check(rows, context)
    frames = []
    for batch in _batches(rows):
        state = deal_state(book, batch.lazy(), calendar, commitment).collect()
        view = View(book, state.lazy(), context, calendar)
        described = batch.join(joined(view, DEAL_GROUPS), on=KEYS)
        of_account = _account_context(book, batch, context, calendar)
        frames.append(described.join(of_account, on=[ACCOUNT_ID, AS_OF], how="left"))
    return _finished(frames, book, "deal", keys=keys)


def joined(view: View, groups: Sequence[Group]) -> pl.DataFrame:
    """KEYS and the columns of all the groups, in no order."""
    described = view.spine.select(*KEYS).collect()
    for group in groups:
        described = described.join(group(view).collect(engine="streaming"), on=KEYS, how="left")
    return described


def _account_context(
    book: Book, deals: pl.DataFrame, context: Context, calendar: Calendar
) -> pl.DataFrame:
    accounts = deals.lazy().select(pl.col(ACCOUNT_ID).alias(ENTITY_ID), AS_OF).unique()
    view = View(book, accounts.collect().lazy(), context, calendar)
    told = accounts
    for group in _CONTEXT_GROUPS:
        told = told.join(group(view), on=KEYS, how="left")
    renamed = (pl.col(name).alias(f"{ACCOUNT_CONTEXT_PREFIX}{name}") for name in ACCOUNT_CONTEXT)
    return told.select(pl.col(ENTITY_ID).alias(ACCOUNT_ID), AS_OF, *renamed).collect(
        engine="streaming"
    )


def _check(rows: pl.DataFrame, context: Context) -> None:
    missing = rows.select(pl.col(AS_OF).unique()).join(context.base, on=AS_OF, how="anti")
    if missing.height > 0:
        raise ValueError(
            f"expected a context for every as_of of the spine, found none for "
            f"{missing.height} of them, the first {missing[AS_OF].min()!s}"
        )


def _batches(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Whole as-ofs together, up to `_ROWS_AT_ONCE` rows; at least one frame, even without rows."""
    if rows.height <= _ROWS_AT_ONCE:
        yield rows
        return
    counts = rows.group_by(AS_OF).len().sort(AS_OF)
    part = (counts["len"].cum_sum() - 1) // _ROWS_AT_ONCE
    parts = rows.join(counts.select(AS_OF, part.alias("part")), on=AS_OF)
    yield from parts.partition_by("part", maintain_order=True, include_key=False)


def _finished(
    frames: Sequence[pl.DataFrame], book: Book, entity: Entity, *, keys: Sequence[str]
) -> pl.DataFrame:
    """The catalogue's columns in order; a feature whose needs are missing is null throughout."""
    columns = [
        pl.col(feature.name) if book.has(*feature.needs) else pl.lit(None).alias(feature.name)
        for feature in features_of(entity)
    ]
    return (
        pl.concat(frames)
        .select(*keys, *(column.cast(pl.Float32) for column in columns))
        .sort(ENTITY_ID, AS_OF)
    )
