"""Large event tables in the contract's form, seeded and written in chunks.

`python -m benchmarks.features.tables --accounts 50000 --out FOLDER`

100 activities, 25 changes of deals, 20 invoices and 5 tickets for an account, heavy-tailed; 5 % of
the rows recorded late; rows in the order of recording, as an export has them. 50,000, 200,000 and
800,000 accounts make 5, 20 and 80 million activities.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from benchmarks.features.population import (
    ACTIVITIES,
    CHANGES,
    CONTACTS,
    DAY_US,
    DEALS,
    INVOICES,
    TICKETS,
    Floats,
    Mask,
    Numbers,
    Population,
    occurred,
    parts,
)
from features.schema import TABLES

Make = Callable[[Population, np.random.Generator, Numbers, int], pl.DataFrame]

KINDS = ("email", "call", "voicemail", "meeting", "demo", "visit", "proposal", "review", "task")
_KIND_SHARES = (0.46, 0.22, 0.06, 0.1, 0.03, 0.02, 0.03, 0.03, 0.05)
_DIRECTION_SHARES = (0.55, 0.3, 0.15)
_PHASE_SHARES = (0.3, 0.4, 0.3)
_STAGES = ("discovery", "proposal", "negotiation", "closing")
_FIELDS = ("stage", "close_date", "amount", "owner")
_FIELD_SHARES = (0.4, 0.35, 0.15, 0.1)


def write_tables(population: Population, folder: Path) -> dict[str, int]:
    """Write six Parquet files; memory does not grow with the number of events.

    Returns:
        Table → rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = population.accounts
    _write(_accounts(population), "accounts", folder)
    _write(_opportunities(population), "opportunities", folder)
    rows = {"accounts": count, "opportunities": count * DEALS}
    for number, (table, (each, make)) in enumerate(_EVENTS.items(), start=1):
        rows[table] = count * each
        path = folder / f"{table}.parquet"
        _stream(population, table, make=make, stream=(number, rows[table])).sink_parquet(path)
    return rows


def tables_of(population: Population, among: Path) -> Path:
    """The folder, among those of all sizes, of a population's tables; written unless complete."""
    folder = among / f"{population.accounts}-{population.seed}"
    if not (folder / "complete").is_file():
        write_tables(population, folder)
        (folder / "complete").touch()
    return folder


def _stream(
    population: Population, table: str, *, make: Make, stream: tuple[int, int]
) -> pl.LazyFrame:
    """A lazy frame whose chunks are made as they are asked for, oldest recording first."""
    number, rows = stream
    sizes = parts(rows)

    def chunks(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        del with_columns, predicate, n_rows, batch_size  # a sink asks for everything
        first = 0
        for part, size in enumerate(sizes):
            rng = np.random.default_rng([population.seed, number, part])
            recorded = population.recorded(rng, part, len(sizes), size)
            yield _conformed(make(population, rng, recorded, first), table)
            first += size

    return register_io_source(chunks, schema=_schema(table))


def _schema(table: str) -> dict[str, pl.DataType]:
    """The contract's columns; lists of words as plain text, as an export has them."""
    schema = TABLES[table].schema
    return {n: pl.String() if isinstance(d, pl.Enum) else d for n, d in schema.items()}


def _conformed(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    schema = _schema(table)
    missing = [pl.lit(None, dtype).alias(n) for n, dtype in schema.items() if n not in rows.columns]
    return rows.with_columns(*missing).select(pl.col(n).cast(d) for n, d in schema.items())


def _write(rows: pl.DataFrame, table: str, folder: Path) -> None:
    _conformed(rows, table).write_parquet(folder / f"{table}.parquet")


def _id(prefix: str, numbers: str | pl.Expr, digits: int = 9) -> pl.Expr:
    column = pl.col(numbers) if isinstance(numbers, str) else numbers
    return pl.lit(f"{prefix}-") + column.cast(pl.String).str.zfill(digits)


def _moment(values: Numbers) -> pl.Series:
    return pl.Series(values, dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _later(values: Numbers, days: Floats, is_there: Mask, *, until: int) -> pl.Series:
    """A stamp that many days later, empty where it is not there or not before the export."""
    moved = values + (days * DAY_US).astype(np.int64)
    is_told = pl.Series(is_there & (moved < until))
    kept = pl.select(pl.when(is_told).then(pl.Series(moved))).to_series()
    return kept.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _words(
    rng: np.random.Generator, words: Sequence[str], shares: Sequence[float], size: int
) -> pl.Series:
    return pl.Series(np.asarray(words)[rng.choice(len(words), size=size, p=shares)])


def _accounts(population: Population) -> pl.DataFrame:
    number = pl.int_range(population.accounts, eager=True).alias("n")
    created = pl.lit(population.since_us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return number.to_frame().select(
        _id("ACC", "n").alias("account_id"),
        _id("REP", pl.col("n") % population.reps, 5).alias("owner_rep_id"),
        created.alias("created_at"),
    )


def _opportunities(population: Population) -> pl.DataFrame:
    number = pl.int_range(population.accounts * DEALS, eager=True).alias("n")
    created = pl.lit(population.since_us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return number.to_frame().select(
        _id("OPP", "n").alias("opportunity_id"),
        _id("ACC", pl.col("n") // DEALS).alias("account_id"),
        _id("REP", (pl.col("n") // DEALS) % population.reps, 5).alias("owner_rep_id"),
        created.alias("created_at"),
        pl.lit("open").alias("outcome"),
    )


def _activities(
    population: Population, rng: np.random.Generator, recorded: Numbers, first: int
) -> pl.DataFrame:
    size = recorded.size
    account = population.who(rng, size)
    contact = np.minimum(rng.geometric(0.35, size), CONTACTS)
    kind = _words(rng, KINDS, _KIND_SHARES, size)
    minutes = 5.0 * rng.integers(1, 25, size)
    direction = _words(rng, ("outbound", "inbound", "mutual"), _DIRECTION_SHARES, size)
    has_deal, has_contact = rng.random(size) < 0.4, rng.random(size) < 0.9
    answered = pl.Series(rng.random(size) < 0.35)
    numbers = {"n": first + np.arange(size), "a": account, "c": account * 100 + contact}
    deal = account * DEALS + rng.integers(0, DEALS, size)
    return pl.DataFrame({**numbers, "d": deal}).select(
        _id("ACT", "n").alias("activity_id"),
        _id("ACC", "a").alias("account_id"),
        _moment(occurred(rng, recorded)).alias("occurred_at"),
        kind.alias("kind"),
        direction.alias("direction"),
        _words(rng, ("pre_sales", "sales", "post_sales"), _PHASE_SHARES, size).alias("phase"),
        pl.when(pl.Series(has_deal)).then(_id("OPP", "d")).alias("opportunity_id"),
        pl.when(pl.Series(has_contact)).then(_id("CON", "c", 11)).alias("contact_id"),
        _id("REP", (pl.col("a") + pl.col("n") % 4) % population.reps, 5).alias("rep_id"),
        pl.when(kind != "email").then(pl.Series(minutes)).alias("duration_minutes"),
        pl.when(direction == "outbound").then(answered).alias("answered"),
        pl.Series(rng.random(size) < 0.1).alias("automated"),
        _moment(recorded).alias("recorded_at"),
    )


def _changes(
    population: Population, rng: np.random.Generator, recorded: Numbers, first: int
) -> pl.DataFrame:
    del first  # a change has no id
    size = recorded.size
    deal = population.who(rng, size) * DEALS + rng.integers(0, DEALS, size)
    happened = occurred(rng, recorded)
    field = _words(rng, _FIELDS, _FIELD_SHARES, size)
    from_day = happened + rng.integers(0, 120, size) * DAY_US
    moved = rng.integers(-20, 60, size) * DAY_US
    stages = np.asarray(_STAGES)
    places = rng.integers(0, len(_STAGES), (2, size))
    texts = []
    for day, place in ((from_day, places[0]), (from_day + moved, places[1])):
        texts.append(
            pl.when(field == "close_date")
            .then(_moment(day).dt.strftime("%Y-%m-%d"))
            .when(field == "stage")
            .then(pl.Series(stages[place]))
            .otherwise(pl.lit("was") if place is places[0] else pl.lit("is"))
        )
    return pl.DataFrame({"d": deal}).select(
        _id("OPP", "d").alias("opportunity_id"),
        _moment(happened).alias("changed_at"),
        field.alias("field"),
        texts[0].alias("old"),
        texts[1].alias("new"),
        _moment(recorded).alias("recorded_at"),
    )


def _invoices(
    population: Population, rng: np.random.Generator, recorded: Numbers, first: int
) -> pl.DataFrame:
    size = recorded.size
    issued = occurred(rng, recorded)
    cents = np.round(np.exp(rng.normal(7.0, 1.0, size)) * 100.0)
    amount = np.where(rng.random(size) < 0.06, -0.2 * cents, cents).round() / 100.0
    paid = _later(
        issued, rng.gamma(4.0, 10.0, size), rng.random(size) < 0.96, until=population.until_us
    )
    account = population.who(rng, size)
    return pl.DataFrame({"n": first + np.arange(size), "a": account}).select(
        _id("INV", "n").alias("invoice_id"),
        _id("ACC", "a").alias("account_id"),
        _moment(issued).alias("issued_at"),
        pl.Series(amount).alias("amount"),
        _moment(issued + 30 * DAY_US).dt.date().alias("due_on"),
        paid.alias("paid_at"),
        _moment(recorded).alias("recorded_at"),
    )


def _tickets(
    population: Population, rng: np.random.Generator, recorded: Numbers, first: int
) -> pl.DataFrame:
    size = recorded.size
    opened = occurred(rng, recorded)
    is_closed, took = rng.random(size) < 0.97, rng.exponential(8.0, size)
    closed = _later(opened, took, is_closed, until=population.until_us)
    marks = pl.Series(rng.integers(1, 6, size).astype(np.float64))
    is_rated = pl.Series(rng.random(size) < 0.4)
    account = population.who(rng, size)
    escalated = _later(
        opened, took * rng.random(size), rng.random(size) < 0.08, until=population.until_us
    )
    return pl.DataFrame({"n": first + np.arange(size), "a": account}).select(
        _id("TIC", "n").alias("ticket_id"),
        _id("ACC", "a").alias("account_id"),
        _moment(opened).alias("opened_at"),
        closed.alias("closed_at"),
        escalated.alias("escalated_at"),
        pl.when(closed.is_not_null() & is_rated).then(marks).alias("csat"),
        _moment(recorded).alias("recorded_at"),
    )


_EVENTS: dict[str, tuple[int, Make]] = {
    "activities": (ACTIVITIES, _activities),
    "opportunity_changes": (CHANGES, _changes),
    "invoices": (INVOICES, _invoices),
    "tickets": (TICKETS, _tickets),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables of one size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.features.tables")
    parser.add_argument("--accounts", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True, help="folder of the Parquet files")
    asked = parser.parse_args(arguments)
    for table, rows in write_tables(Population(asked.accounts, asked.seed), asked.out).items():
        print(f"{rows:12,} {table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
