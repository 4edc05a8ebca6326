"""Two evenings of one CRM: its tables before and after, and what changed between them."""

from datetime import timedelta
from pathlib import Path

import polars as pl

from benchmarks.features.catalogue_engine import FOUND
from benchmarks.features.population import Population
from features.book import Book, make_book
from features.coded import columns_read
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, RECORDED_AT, TABLES


def write_books(population: Population, tables: Path, folder: Path, share: float) -> None:
    """The book of the first evening, that of the next, and what changed between them.

    Two thirds of the deals are closed, so that there is something to say of the whole book. Of
    every changed account there is one activity more; of every third an invoice that is paid now,
    of every tenth an activity that is gone and a deal in another stage.
    """
    before, after, fresh, gone = (folder / name for name in ("before", "after", "fresh", "removed"))
    for place in (before, after, fresh, gone):
        place.mkdir(parents=True)
    rows = {table: _contract(pl.scan_parquet(tables / f"{table}.parquet"), table)
            for table in FOUND}  # fmt: skip
    is_large = pl.int_range(pl.len()) % 3 == 0
    segment = pl.when(is_large).then(pl.lit("large")).otherwise(pl.lit("small"))
    rows["opportunities"] = _ended(rows["opportunities"])
    rows["accounts"] = rows["accounts"].with_columns(segment.alias("segment"))
    for table, lines in rows.items():
        lines.sink_parquet(before / f"{table}.parquet")
    old = {table: pl.scan_parquet(before / f"{table}.parquet") for table in FOUND}
    changes, removed = _changes(old, population, share)
    for table in FOUND:
        key = list(TABLES[table].key)
        rest = old[table]
        if table in changes:
            changes[table].write_parquet(fresh / f"{table}.parquet")
            if key:
                rest = rest.join(changes[table].lazy(), on=key, how="anti", maintain_order="left")
        if table in removed:
            removed[table].write_parquet(gone / f"{table}.parquet")
            rest = rest.join(removed[table].lazy(), on=key, how="anti", maintain_order="left")
        come = [changes[table].lazy()] if table in changes else []
        pl.concat([rest, *come]).sink_parquet(after / f"{table}.parquet")


def _contract(rows: pl.LazyFrame, table: str) -> pl.LazyFrame:
    """The contract's columns, `recorded_at` never empty."""
    schema = TABLES[table].schema
    kept = {*columns_read(table), *TABLES[table].key}
    there = [
        pl.col(name).cast(dtype) if name in kept else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    ]
    return rows.select(there).with_columns(pl.coalesce(RECORDED_AT, TABLES[table].moment or ""))


def _ended(deals: pl.LazyFrame) -> pl.LazyFrame:
    number = pl.int_range(pl.len())
    is_closed = number % 3 != 2
    closed_at = pl.col("created_at") + pl.duration(days=30 + number * 37 % 900)
    ended = pl.when(number * 7 % 10 < 4).then(pl.lit("won")).otherwise(pl.lit("lost"))
    kind = pl.when(number % 5 == 0).then(pl.lit("renewal")).otherwise(pl.lit("new"))
    outcome = pl.when(is_closed).then(ended).otherwise(pl.lit("open"))
    schema = TABLES["opportunities"].schema
    return deals.with_columns(
        pl.when(is_closed).then(closed_at).alias("closed_at"),
        outcome.cast(schema["outcome"]).alias("outcome"),
        kind.cast(schema["type"]).alias("type"),
        pl.lit("proposal").alias("stage"),
        (number * 997 % 50_000).cast(pl.Float64).alias("amount"),
        (pl.col("created_at") + pl.duration(days=60 + number % 200)).dt.date().alias("close_date"),
    )


def _changes(
    rows: dict[str, pl.LazyFrame], population: Population, share: float
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """New and modified rows, and the keys of removed ones, of a share of the accounts."""
    accounts = rows["accounts"].select(ACCOUNT_ID).collect()[ACCOUNT_ID]
    chosen = accounts.sample(max(1, int(len(accounts) * share)), seed=population.seed).sort()
    now = pl.lit(population.until) + pl.duration(hours=9)

    def first_of(table: str, each: int) -> pl.DataFrame:
        some = pl.LazyFrame({ACCOUNT_ID: chosen.gather_every(each)})
        found = rows[table].join(some, on=ACCOUNT_ID, how="semi").collect()
        return found.unique(ACCOUNT_ID, keep="first", maintain_order=True)

    touch = first_of("activities", 1).with_columns(
        (pl.lit("NEW-") + pl.col("activity_id")).alias("activity_id"),
        now.alias("occurred_at"), now.alias(RECORDED_AT),
    )  # fmt: skip
    paid = first_of("invoices", 3).with_columns(now.alias("paid_at"))
    deals = first_of("opportunities", 10)[OPPORTUNITY_ID]
    cells = {
        OPPORTUNITY_ID: deals, "changed_at": population.until + timedelta(hours=9),
        "field": "stage", "old": "proposal", "new": "closing", "changed_by": None,
        RECORDED_AT: population.until + timedelta(hours=9),
    }  # fmt: skip
    moved = pl.DataFrame(cells, schema=TABLES["opportunity_changes"].schema)
    fresh = {"activities": touch, "invoices": paid, "opportunity_changes": moved}
    return fresh, {"activities": first_of("activities", 10).select("activity_id")}


def read_book(folder: Path, population: Population, *, nights: int) -> Book:
    """A book of Parquet files, complete until so many nights after the first."""
    tables = {file.stem: pl.scan_parquet(file) for file in folder.glob("*.parquet")}
    return make_book(tables, observed_until=population.until + timedelta(days=nights))
