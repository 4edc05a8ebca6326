"""Pursuit: whether an account was worked on, or gave a sign of life, in a stretch of time."""

from dataclasses import dataclass

import polars as pl

from features.book import Book
from features.schema import ACCOUNT_ID, AS_OF, ENTITY_ID, OCCURRED_AT, RECORDED_AT, TIME

STARTS_AT = "starts_at"
ENDS_AT = "ends_at"
KNOWN_BEFORE = "known_before"
WINDOW = "_window"
"""The number of the window in its frame, by which `within` pairs it with its events."""

_PAGE_DAYS = 28
_WEEK_MICROSECONDS = 7 * 24 * 3_600_000_000
_INSTANT = pl.duration(microseconds=1)


@dataclass(frozen=True, slots=True)
class PursuitRule:
    """When an account counts as pursued.

    Attributes:
        exposed_weeks: weeks of the window with pursuit that make an account exposed.
        order_months: in a CRM without opportunities and activities, an order in so many months
            before the moment of knowledge makes an account exposed.
        renewal_lead_days: a contract's renewal is open from so many days before it ends …
        renewal_lapse_days: … until it is renewed, cancelled, or has lapsed for so many days.
    """

    exposed_weeks: int = 4
    order_months: int = 12
    renewal_lead_days: int = 90
    renewal_lapse_days: int = 60

    def __post_init__(self) -> None:
        for name in ("exposed_weeks", "order_months", "renewal_lead_days", "renewal_lapse_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"expected {name} of at least 1, got {getattr(self, name)}")


DEFAULT_RULE = PursuitRule()


def pursuit(book: Book, windows: pl.LazyFrame, *, rule: PursuitRule = DEFAULT_RULE) -> pl.LazyFrame:
    """Describe each window by the weeks in which the account was pursued.

    A week counts once, whatever happened in it: an open deal, an open renewal of a contract, or
    an outbound touch. Automated touches count nowhere.

    Args:
        book: the CRM.
        windows: `entity_id` (the account), `starts_at`, `ends_at` (UTC, half-open); other columns
            are kept. With `known_before`, rows and stamps recorded at or after it are not seen.
            With `as_of`, the months of the order rule end there, else at `starts_at`.
        rule: thresholds.

    Returns:
        The windows, in their order, with `pursued_weeks` (Int32), `is_exposed` and `is_active`.
    """
    names = windows.collect_schema().names()
    known = pl.col(KNOWN_BEFORE) if KNOWN_BEFORE in names else pl.lit(None)
    base = windows.with_row_index(WINDOW).with_columns(
        known.cast(TIME).alias("_known"),
        (pl.col(AS_OF) if AS_OF in names else pl.col(STARTS_AT)).alias("_moment"),
    )
    spans = [_deal_spans(book, base), _renewal_spans(book, base, rule)]
    weeks = pl.concat([_touched_weeks(book, base), *(_span_weeks(span) for span in spans)])
    counts = weeks.unique().group_by(WINDOW).agg(pl.len().cast(pl.Int32).alias("pursued_weeks"))
    # a window without a pursued week, a sign of life or an order is absent from these frames
    enough = pl.col("pursued_weeks") >= rule.exposed_weeks
    return (
        base.join(counts, on=WINDOW, how="left", maintain_order="left")
        .join(_active(book, base), on=WINDOW, how="left", maintain_order="left")
        .join(_ordered(book, base, rule), on=WINDOW, how="left", maintain_order="left")
        .with_columns(
            pl.col("pursued_weeks").fill_null(0),
            pl.col("is_active", "_ordered").fill_null(value=False),
        )
        .with_columns((enough | pl.col("_ordered")).alias("is_exposed"))
        .select(*names, "pursued_weeks", "is_exposed", "is_active")
    )


def within(windows: pl.LazyFrame, events: pl.LazyFrame, moment: str) -> pl.LazyFrame:
    """Pair each window with the account's events whose `moment` lies in it.

    Both sides are cut into pages of four weeks first, so that the join makes about as many rows
    as the answer has, instead of every window times every event of the account.

    Args:
        windows: `entity_id`, `starts_at`, `ends_at` (half-open) and whatever else.
        events: `account_id`, `moment` and whatever else; a null moment is never in a window.
        moment: the name of a UTC column of `events`.
    """
    opened = windows.with_columns(
        pl.int_ranges(
            _page(pl.col(STARTS_AT)), _page(pl.col(ENDS_AT) - _INSTANT) + 1, dtype=pl.Int32
        ).alias("_page")
    )
    paged = events.filter(pl.col(moment).is_not_null()).with_columns(
        _page(pl.col(moment)).alias("_page")
    )
    return (
        opened.explode("_page", empty_as_null=False, keep_nulls=False)
        .join(paged, left_on=[ENTITY_ID, "_page"], right_on=[ACCOUNT_ID, "_page"])
        .filter(pl.col(moment) >= pl.col(STARTS_AT), pl.col(moment) < pl.col(ENDS_AT))
        .drop("_page")
    )


def touches(book: Book) -> pl.LazyFrame:
    """Activities that a person did or answered: everything not marked as automated."""
    return book["activities"].filter(~pl.col("automated").fill_null(value=False))


def is_outbound() -> pl.Expr:
    """Whether an activity is an outbound touch; false where the direction is not known."""
    return (pl.col("direction") == "outbound").fill_null(value=False)


def is_reply() -> pl.Expr:
    """Whether an activity is a reply: inbound, or an outbound touch that was answered."""
    answered = is_outbound() & pl.col("answered").fill_null(value=False)
    return (pl.col("direction") == "inbound").fill_null(value=False) | answered


def _page(moment: pl.Expr) -> pl.Expr:
    days = moment.dt.epoch("d")
    return (days // _PAGE_DAYS).cast(pl.Int32)


def _is_known(moment: str) -> pl.Expr:
    seen = (pl.col(moment) < pl.col("_known")) & (pl.col(RECORDED_AT) < pl.col("_known"))
    return pl.col("_known").is_null() | seen


def _stamp(name: str) -> pl.Expr:
    """A stamp as known: null when it lies at or after the moment of knowledge."""
    is_late = (pl.col(name) >= pl.col("_known")).fill_null(value=False)
    return pl.when(~is_late).then(pl.col(name))


def _week(moment: pl.Expr) -> pl.Expr:
    microseconds = (moment - pl.col(STARTS_AT)).dt.total_microseconds()
    return (microseconds // _WEEK_MICROSECONDS).cast(pl.Int32)


def _touched_weeks(book: Book, base: pl.LazyFrame) -> pl.LazyFrame:
    outbound = touches(book).filter(is_outbound())
    paired = within(base, outbound.select(ACCOUNT_ID, OCCURRED_AT, RECORDED_AT), OCCURRED_AT)
    return paired.filter(_is_known(OCCURRED_AT)).select(
        WINDOW, _week(pl.col(OCCURRED_AT)).alias("week")
    )


def _span_weeks(spans: pl.LazyFrame) -> pl.LazyFrame:
    """The weeks of each window that an open deal or renewal touches, one row each."""
    opens = pl.max_horizontal("opens_at", STARTS_AT)
    shuts = pl.min_horizontal("shuts_at", ENDS_AT) - _INSTANT
    return (
        spans.filter(
            pl.col("opens_at") < pl.col(ENDS_AT),
            pl.col("shuts_at").is_null() | (pl.col("shuts_at") > pl.col(STARTS_AT)),
        )
        .select(WINDOW, pl.int_ranges(_week(opens), _week(shuts) + 1, dtype=pl.Int32).alias("week"))
        .explode("week", empty_as_null=False, keep_nulls=False)
    )


def _deal_spans(book: Book, base: pl.LazyFrame) -> pl.LazyFrame:
    deals = book["opportunities"].select(ACCOUNT_ID, "created_at", "closed_at", RECORDED_AT)
    return (
        base.join(deals, left_on=ENTITY_ID, right_on=ACCOUNT_ID)
        .filter(_is_known("created_at"))
        .with_columns(pl.col("created_at").alias("opens_at"), _stamp("closed_at").alias("shuts_at"))
    )


def _renewal_spans(book: Book, base: pl.LazyFrame, rule: PursuitRule) -> pl.LazyFrame:
    # days are taken as UTC midnights: a span is read off in whole weeks
    ends = pl.col("ends_on").cast(TIME)
    contracts = book["contracts"].select(
        ACCOUNT_ID,
        pl.col("starts_on").cast(TIME),
        "renewed_at",
        "cancelled_at",
        RECORDED_AT,
        (ends - pl.duration(days=rule.renewal_lead_days)).alias("opens_at"),
        (ends + pl.duration(days=rule.renewal_lapse_days)).alias("_lapses_at"),
    )
    shuts = pl.min_horizontal(_stamp("renewed_at"), _stamp("cancelled_at"), "_lapses_at")
    return (
        base.join(contracts, left_on=ENTITY_ID, right_on=ACCOUNT_ID)
        .filter(_is_known("starts_on"))
        .with_columns(shuts.alias("shuts_at"))
        .filter(pl.col("shuts_at") > pl.col("opens_at"))
    )


def _active(book: Book, base: pl.LazyFrame) -> pl.LazyFrame:
    """Windows with a won deal, a net positive order, an inbound or mutual activity, a ticket."""
    won = book["opportunities"].filter(pl.col("outcome") == "won")
    met = touches(book).filter(pl.col("direction").is_in(["inbound", "mutual"]))
    signs = [
        within(base, won.select(ACCOUNT_ID, "closed_at", RECORDED_AT), "closed_at").filter(
            _is_known("closed_at")
        ),
        within(base, met.select(ACCOUNT_ID, OCCURRED_AT, RECORDED_AT), OCCURRED_AT).filter(
            _is_known(OCCURRED_AT)
        ),
        within(
            base, book["tickets"].select(ACCOUNT_ID, "opened_at", RECORDED_AT), "opened_at"
        ).filter(_is_known("opened_at")),
        _net_orders(book, base).filter(pl.col("net") > 0),
    ]
    found = pl.concat([sign.select(WINDOW) for sign in signs]).unique()
    return found.with_columns(pl.lit(value=True).alias("is_active"))


def _net_orders(book: Book, base: pl.LazyFrame) -> pl.LazyFrame:
    invoices = book["invoices"].select(ACCOUNT_ID, "issued_at", "amount", RECORDED_AT)
    paired = within(base, invoices, "issued_at").filter(_is_known("issued_at"))
    return paired.group_by(WINDOW).agg(pl.col("amount").sort().sum().alias("net"))


def _ordered(book: Book, base: pl.LazyFrame, rule: PursuitRule) -> pl.LazyFrame:
    """Windows whose account ordered in the months before; none where there is a pipeline."""
    before = base.with_columns(
        pl.col("_moment").dt.offset_by(f"-{rule.order_months}mo").alias(STARTS_AT),
        pl.col("_moment").alias(ENDS_AT),
    )
    if book.has("opportunities") or book.has("activities"):
        before = before.head(0)
    orders = book["invoices"].filter(pl.col("amount") > 0)
    paired = within(before, orders.select(ACCOUNT_ID, "issued_at", RECORDED_AT), "issued_at")
    found = paired.filter(_is_known("issued_at")).select(WINDOW).unique()
    return found.with_columns(pl.lit(value=True).alias("_ordered"))
