"""Statistics over the whole book as of each moment, from outcomes known by then.

A deal enters a statistic once its close was known strictly before as_of. Rates are shrunk to the
book's own rate with the weight of `SHRINKAGE` deals. A context is stored beside a snapshot, so
that one record alone can be described as the whole book was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import as_known, count_known, known_from, pushes, value_at
from features.schema import (
    ACCOUNT_ID,
    AS_OF,
    ENTITY_ID,
    OPPORTUNITY_ID,
    OWNER_REP_ID,
    TABLES,
    TIME,
)
from features.snapshot import deal_spine

SHRINKAGE = 20.0
"""Deals of the book's own rate that are mixed into every smaller rate."""

_DAY = 86_400e6


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What the book's closed deals said at each as_of.

    Attributes:
        base: one row per as_of: closed, won (counts), win_rate, won_amount_median,
            won_cycle_days_median, won_cycle_days_p90 (ninth decile), won_contacts_median (people
            put on a won deal), quarter_end_share (of the won deals, closed in the last two weeks
            of a fiscal quarter). All but the counts are null before the first close.
        owners: as_of, owner_rep_id (when the deal closed): closed, won, won_90d (closed in the
            90 days before as_of), win_rate and pushes_mean (close dates moved later per closed
            deal), both shrunk; open_deals, by the owner at as_of. An owner without a closed deal
            has null rates.
        segments: as_of, segment of the account (when the deal closed): as `base`, rate shrunk.
        types: as_of, type of deal: as `base`, rate shrunk.
        stages: as_of, stage: position (0 first, 1 last, null without a rank; the stages as they
            stand today), closed and won among the deals that passed it, win_rate (shrunk),
            median_days that won deals stood in it.
    """

    base: pl.DataFrame
    owners: pl.DataFrame
    segments: pl.DataFrame
    types: pl.DataFrame
    stages: pl.DataFrame

    def write(self, folder: Path) -> None:
        """One Parquet file per frame; the folder is made when it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in fields(self):
            frame: pl.DataFrame = getattr(self, part.name)
            frame.write_parquet(folder / f"{part.name}.parquet")

    @classmethod
    def read(cls, folder: Path) -> "Context":
        """The context that `write` put there; FileNotFoundError names a missing part."""
        base, owners, segments, types, stages = (
            pl.read_parquet(folder / f"{part.name}.parquet") for part in fields(cls)
        )
        return cls(base, owners, segments, types, stages)


def build_context(book: Book, as_ofs: Sequence[datetime], calendar: Calendar) -> Context:
    """Describe the book's closed deals as of each moment.

    Args:
        book: the CRM.
        as_ofs: the moments; duplicates count once.
        calendar: for the ends of the fiscal quarters.

    Returns:
        Frames sorted by as_of and their own key.
    """
    moments = pl.LazyFrame({AS_OF: sorted(set(as_ofs))}, schema={AS_OF: TIME})
    closed = _closed_deals(book, calendar).collect().lazy()
    visits = _stage_visits(book, closed).collect().lazy()
    known = moments.join(closed, how="cross").filter(pl.col("known") < pl.col(AS_OF))
    known = known.collect(engine="streaming").lazy()
    base = moments.join(known.group_by(AS_OF).agg(*_summary()), on=AS_OF, how="left").with_columns(
        pl.col("closed", "won").fill_null(0),
        (pl.col("won") / pl.col("closed")).alias("win_rate"),
    )
    base = base.collect().lazy()
    stages = _stages(book, visits, moments, base=base)
    frames = (
        base.select(AS_OF, *_BASE_COLUMNS, "quarter_end_share").sort(AS_OF),
        _owners(book, known, as_ofs, base=base),
        _rates(known, "segment", base).select(AS_OF, "segment", *_BASE_COLUMNS),
        _rates(known, "type", base).select(AS_OF, "type", *_BASE_COLUMNS),
        stages,
    )
    return Context(*pl.collect_all(frames))


_BASE_COLUMNS = (
    "closed",
    "won",
    "win_rate",
    "won_amount_median",
    "won_cycle_days_median",
    "won_cycle_days_p90",
    "won_contacts_median",
)


def shrunk(won: pl.Expr, closed: pl.Expr, base: pl.Expr) -> pl.Expr:
    """A rate mixed with `SHRINKAGE` deals of the base rate.

    Source: the posterior mean of a binomial rate under a Beta prior of that weight.
    """
    return (won + SHRINKAGE * base) / (closed + SHRINKAGE)


def _closed_deals(book: Book, calendar: Calendar) -> pl.LazyFrame:
    """Closed deals with what was known of them when their close became known (`known`)."""
    known = pl.max_horizontal(known_from(TABLES["opportunities"]), "closed_at")
    deals = (
        book["opportunities"]
        .filter(pl.col("outcome").is_in(["won", "lost"]) & pl.col("closed_at").is_not_null())
        .select(
            pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
            ACCOUNT_ID,
            known.alias(AS_OF),
            "type",
            "created_at",
            "closed_at",
            (pl.col("outcome") == "won").alias("is_won"),
        )
        .filter(pl.col(AS_OF).is_not_null())
    )
    for field in (OWNER_REP_ID, "amount", "stage", "segment"):
        deals = value_at(deals, book, field)
    deals = count_known(deals, pushes(book), "pushes")
    named = known_from(TABLES["opportunity_contacts"]).alias("known")
    people = book["opportunity_contacts"].select(OPPORTUNITY_ID, named)
    deals = count_known(deals, people, "contacts")
    cycle = (pl.col("closed_at") - pl.col("created_at")).dt.total_microseconds() / _DAY
    closed_on = calendar.local_day(pl.col("closed_at"))
    is_late = (calendar.quarter_end(closed_on) - closed_on).dt.total_days() < 14
    return deals.rename({AS_OF: "known"}).with_columns(
        cycle.alias("cycle_days"), is_late.alias("is_at_quarter_end")
    )


def _summary() -> tuple[pl.Expr, ...]:
    is_won = pl.col("is_won")
    return (
        pl.len().cast(pl.Int64).alias("closed"),
        is_won.sum().cast(pl.Int64).alias("won"),
        pl.col("amount").filter(is_won).median().alias("won_amount_median"),
        pl.col("cycle_days").filter(is_won).median().alias("won_cycle_days_median"),
        pl.col("cycle_days").filter(is_won).quantile(0.9, "linear").alias("won_cycle_days_p90"),
        pl.col("contacts").filter(is_won).median().alias("won_contacts_median"),
        pl.col("is_at_quarter_end").filter(is_won).mean().alias("quarter_end_share"),
    )


def _rates(known: pl.LazyFrame, key: str, base: pl.LazyFrame) -> pl.LazyFrame:
    base_rate = base.select(AS_OF, pl.col("win_rate").alias("base_rate"))
    rate = shrunk(pl.col("won"), pl.col("closed"), pl.col("base_rate"))
    return (
        known.filter(pl.col(key).is_not_null())
        .group_by(AS_OF, key)
        .agg(*_summary())
        .join(base_rate, on=AS_OF)
        .with_columns(rate.alias("win_rate"))
        .sort(AS_OF, key)
    )


def _owners(
    book: Book, known: pl.LazyFrame, as_ofs: Sequence[datetime], *, base: pl.LazyFrame
) -> pl.LazyFrame:
    """How the owners' closed deals ended and were pushed, and what they have open."""
    is_recent = pl.col(AS_OF) - pl.col("closed_at") <= pl.duration(days=90)
    pushed = pl.col("pushes").sum()
    usual = known.group_by(AS_OF).agg((pushed / pl.len()).alias("usual"))
    habits = (
        known.filter(pl.col(OWNER_REP_ID).is_not_null())
        .group_by(AS_OF, OWNER_REP_ID)
        .agg((pl.col("is_won") & is_recent).sum().cast(pl.Int64).alias("won_90d"), pushed)
    )
    load = (
        value_at(deal_spine(book, as_ofs), book, OWNER_REP_ID)
        .filter(pl.col(OWNER_REP_ID).is_not_null())
        .group_by(AS_OF, OWNER_REP_ID)
        .agg(pl.len().cast(pl.Int64).alias("open_deals"))
    )
    keys = [AS_OF, OWNER_REP_ID]
    return (
        _rates(known, OWNER_REP_ID, base)
        .join(habits, on=keys, how="left")
        .join(usual, on=AS_OF, how="left")
        .join(load, on=keys, how="full", coalesce=True)
        .with_columns(
            shrunk(pl.col("pushes"), pl.col("closed"), pl.col("usual")).alias("pushes_mean")
        )
        .select(
            *keys,
            pl.col("closed", "won").fill_null(0),
            "win_rate",
            pl.col("won_90d").fill_null(0),
            "pushes_mean",
            pl.col("open_deals").fill_null(0),
        )
        .sort(*keys)
    )


def _stage_visits(book: Book, closed: pl.LazyFrame) -> pl.LazyFrame:
    """The stages that closed deals went through: stage, days, ordinal, is_won, known.

    Only moves known when the close became known count: a visit never changes afterwards.
    """
    moves = (
        book["opportunity_changes"]
        .filter(pl.col("field") == "stage")
        .sort(*as_known(TABLES["opportunity_changes"]))
        .with_columns(known_from(TABLES["opportunity_changes"]).alias("moved_known"))
        .join(closed, left_on=OPPORTUNITY_ID, right_on=ENTITY_ID, maintain_order="left")
        .filter(pl.col("moved_known") <= pl.col("known"))
    )
    first = moves.group_by(OPPORTUNITY_ID, maintain_order=True).first()
    still = closed.rename({ENTITY_ID: OPPORTUNITY_ID}).join(first, on=OPPORTUNITY_ID, how="anti")
    rest = (OPPORTUNITY_ID, "closed_at", "is_won", "known")
    entered = pl.concat(
        [
            first.select(pl.col("old").alias("stage"), pl.col("created_at").alias("at"), *rest),
            still.select("stage", pl.col("created_at").alias("at"), *rest),
            moves.select(pl.col("new").alias("stage"), pl.col("changed_at").alias("at"), *rest),
        ]
    )
    left = pl.col("at").shift(-1).over(OPPORTUNITY_ID).fill_null(pl.col("closed_at"))
    return (
        entered.filter(pl.col("stage").is_not_null() & (pl.col("at") < pl.col("closed_at")))
        .sort(OPPORTUNITY_ID, "at", maintain_order=True)
        .with_columns(
            ((left - pl.col("at")).dt.total_microseconds() / _DAY).alias("days"),
            pl.int_range(pl.len()).over(OPPORTUNITY_ID).alias("ordinal"),
        )
        .select(OPPORTUNITY_ID, "stage", "days", "ordinal", "is_won", "known")
    )


def _stages(
    book: Book, visits: pl.LazyFrame, moments: pl.LazyFrame, *, base: pl.LazyFrame
) -> pl.LazyFrame:
    known = moments.join(visits, how="cross").filter(pl.col("known") < pl.col(AS_OF))
    deal = pl.col(OPPORTUNITY_ID)
    counted = known.group_by(AS_OF, "stage").agg(
        deal.n_unique().cast(pl.Int64).alias("closed"),
        deal.filter("is_won").n_unique().cast(pl.Int64).alias("won"),
        pl.col("days").filter("is_won").median().alias("median_days"),
        pl.col("ordinal").median().alias("order"),
    )
    base_rate = base.select(AS_OF, pl.col("win_rate").alias("base_rate"))
    rate = shrunk(pl.col("won").fill_null(0), pl.col("closed").fill_null(0), pl.col("base_rate"))
    place = pl.col("order").rank("dense").over(AS_OF) - 1
    last = place.max().over(AS_OF)
    return (
        _in_order(book, moments, counted)
        .join(base_rate, on=AS_OF)
        .with_columns(
            rate.alias("win_rate"),
            (place / pl.max_horizontal(last, 1)).alias("position"),
        )
        .select(AS_OF, "stage", "position", "closed", "won", "win_rate", "median_days")
        .sort(AS_OF, "stage")
    )


def _in_order(book: Book, moments: pl.LazyFrame, counted: pl.LazyFrame) -> pl.LazyFrame:
    """Stages in the order the CRM declares, else in the order closed deals passed them."""
    if not book.has("stages.sort_order"):
        return counted
    declared = (
        book["stages"]
        .filter(~pl.col("is_closed").fill_null(value=False))
        .select("stage", pl.col("sort_order").alias("order"))
    )
    return moments.join(declared, how="cross").join(
        counted.drop("order"), on=[AS_OF, "stage"], how="left"
    )
