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
from features.facts import KNOWN, Facts, facts
from features.schema import AS_OF, OWNER_REP_ID, TIME

SHRINKAGE = 20.0
"""Deals of the book's own rate that are mixed into every smaller rate."""


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
    return summary(facts(book, as_ofs, calendar), as_ofs, declared_order(book))


def declared_order(book: Book) -> pl.DataFrame | None:
    """stage, order: the open stages as the CRM ranks them today; None where it ranks none."""
    if not book.has("stages.sort_order"):
        return None
    is_open = ~pl.col("is_closed").fill_null(value=False)
    ranked = book["stages"].filter(is_open)
    return ranked.select("stage", pl.col("sort_order").alias("order")).collect()


def summary(told: Facts, as_ofs: Sequence[datetime], declared: pl.DataFrame | None) -> Context:
    """The context at each moment, from what the accounts of a book add to it.

    Args:
        told: facts with the loads of at least these moments.
        as_ofs: duplicates count once.
        declared: as `declared_order` tells it.
    """
    times = sorted(set(as_ofs))
    moments = pl.LazyFrame({AS_OF: times}, schema={AS_OF: TIME})
    closed = told.closed.with_columns(_days("cycle").alias("cycle_days"))
    visits = told.visits.with_columns(_days("stood").alias("days"))
    known = _known_by(closed, times).lazy()
    base = moments.join(known.group_by(AS_OF).agg(*_summary()), on=AS_OF, how="left").with_columns(
        pl.col("closed", "won").fill_null(0),
        (pl.col("won") / pl.col("closed")).alias("win_rate"),
    )
    base = base.collect().lazy()
    loads = told.loads.lazy().join(moments, on=AS_OF, how="semi")
    counted = _passed(_known_by(visits, times).lazy())
    frames = (
        base.select(AS_OF, *_BASE_COLUMNS, "quarter_end_share").sort(AS_OF),
        _owners(known, loads, base),
        _rates(known, "segment", base).select(AS_OF, "segment", *_BASE_COLUMNS),
        _rates(known, "type", base).select(AS_OF, "type", *_BASE_COLUMNS),
        _stages(_in_order(declared, moments, counted), base),
    )
    return Context(*pl.collect_all(frames))


_DAY = 86_400e6

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


def _days(length: str) -> pl.Expr:
    return pl.col(length).dt.total_microseconds() / _DAY


def _known_by(rows: pl.DataFrame, times: Sequence[datetime]) -> pl.DataFrame:
    """Each moment with the rows known before it; `rows` stand in the order of `known`."""
    known = rows[KNOWN]
    found = [
        rows.head(known.search_sorted(time)).with_columns(pl.lit(time, TIME).alias(AS_OF))
        for time in times
    ]
    return pl.concat([rows.clear().with_columns(pl.lit(None, TIME).alias(AS_OF)), *found])


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


def _owners(known: pl.LazyFrame, loads: pl.LazyFrame, base: pl.LazyFrame) -> pl.LazyFrame:
    """How the owners' closed deals ended and were pushed, and what they have open."""
    is_recent = pl.col(AS_OF) - pl.col("closed_at") <= pl.duration(days=90)
    pushed = pl.col("pushes").sum()
    usual = known.group_by(AS_OF).agg((pushed / pl.len()).alias("usual"))
    habits = (
        known.filter(pl.col(OWNER_REP_ID).is_not_null())
        .group_by(AS_OF, OWNER_REP_ID)
        .agg((pl.col("is_won") & is_recent).sum().cast(pl.Int64).alias("won_90d"), pushed)
    )
    load = loads.group_by(AS_OF, OWNER_REP_ID).agg(pl.col("open_deals").sum())
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


def _passed(known: pl.LazyFrame) -> pl.LazyFrame:
    """as_of, stage: the closed deals that passed it, and where it stood among their stages."""
    is_first = pl.col("is_first")
    return known.group_by(AS_OF, "stage").agg(
        is_first.sum().cast(pl.Int64).alias("closed"),
        (is_first & pl.col("is_won")).sum().cast(pl.Int64).alias("won"),
        pl.col("days").filter("is_won").median().alias("median_days"),
        pl.col("ordinal").median().alias("order"),
    )


def _stages(counted: pl.LazyFrame, base: pl.LazyFrame) -> pl.LazyFrame:
    base_rate = base.select(AS_OF, pl.col("win_rate").alias("base_rate"))
    rate = shrunk(pl.col("won").fill_null(0), pl.col("closed").fill_null(0), pl.col("base_rate"))
    place = pl.col("order").rank("dense").over(AS_OF) - 1
    last = place.max().over(AS_OF)
    return (
        counted.join(base_rate, on=AS_OF)
        .with_columns(
            rate.alias("win_rate"),
            (place / pl.max_horizontal(last, 1)).alias("position"),
        )
        .select(AS_OF, "stage", "position", "closed", "won", "win_rate", "median_days")
        .sort(AS_OF, "stage")
    )


def _in_order(
    declared: pl.DataFrame | None, moments: pl.LazyFrame, counted: pl.LazyFrame
) -> pl.LazyFrame:
    """Stages in the order the CRM declares, else in the order closed deals passed them."""
    if declared is None:
        return counted
    return moments.join(declared.lazy(), how="cross").join(
        counted.drop("order"), on=[AS_OF, "stage"], how="left"
    )
