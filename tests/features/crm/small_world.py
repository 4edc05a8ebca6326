"""One small synthetic CRM, and what the tests read off it."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import polars as pl

from features.book import make_book
from features.calendar import Calendar
from features.crm.synthetic import WorldParams, without
from features.schema import AS_OF, ENTITY_ID, TIME
from training.labels import slip_labels

MESSY = WorldParams(accounts=240, seed=11, years=3)
PARAMS = without(MESSY, ["duplicates", "currencies", "missing_contacts", "missing_facts"])
"""The same world before anybody made mistakes in its tables."""
END = datetime(2026, 11, 21, tzinfo=UTC)
World = Mapping[str, pl.DataFrame]


def closed(world: World) -> pl.DataFrame:
    return world["opportunities"].filter(pl.col("outcome") != "open")


def sales(world: World) -> pl.DataFrame:
    return closed(world).filter(pl.col("type") != "renewal")


def share(flags: pl.Series) -> float:
    return float(flags.cast(pl.Float64).mean() or 0.0)  # type: ignore[arg-type]


def by_account(frame: pl.DataFrame, value: pl.Expr, ids: pl.Series) -> np.ndarray:
    told = frame.group_by("account_id").agg(value.alias("value"))
    whole = ids.to_frame().join(told, on="account_id", how="left", maintain_order="left")
    return whole["value"].to_numpy().astype(np.float64)


def open_deals(world: World, moments: list[datetime]) -> pl.DataFrame:
    """The labels of every deal open at each of the moments."""
    book = make_book({name: rows.lazy() for name, rows in world.items()}, observed_until=END)
    is_open = (pl.col("created_at") < pl.col(AS_OF)) & (
        pl.col("closed_at").is_null() | (pl.col("closed_at") >= pl.col(AS_OF))
    )
    spine = (
        book["opportunities"]
        .join(pl.LazyFrame({AS_OF: pl.Series(moments, dtype=TIME)}), how="cross")
        .filter(is_open)
        .select(pl.col("opportunity_id").alias(ENTITY_ID), "account_id", AS_OF)
    )
    return slip_labels(book, spine, calendar=Calendar())


def missed_dates(world: World, moments: list[datetime]) -> pl.Series:
    """Whether each deal open at each of the moments missed the date it was committed to."""
    return ~open_deals(world, moments)["label_won_by_committed"].drop_nulls()
