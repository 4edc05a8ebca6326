"""Reading: the tables of one source as a Book, and the report of what became of every row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from features.book import Book, filled, make_book
from features.crm.accounting import Outcome, Rulebook, sort_rows
from features.crm.given import Given
from features.crm.rules import stamps
from features.quarantine import DUPLICATE_SCHEMA, FAULT_SCHEMA, ReadReport, frame_of
from features.schema import DAY, RECORDED_AT, SALES_TABLES, TABLES, SchemaError

PARENTS_FIRST = ("reps", "stages", "exchange_rates", "accounts", "opportunities")
"""Tables that others are checked against; the rest may come in any order."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What came out of a source: its tables, and what became of every row."""

    book: Book
    report: ReadReport


def read_tables(
    tables: Sequence[Given],
    rulebook: Rulebook,
    *,
    source: str,
    unknown_files: tuple[str, ...] = (),
) -> Reading:
    """Sort the rows of all tables and make a Book of the accepted ones.

    Neither the order of the tables nor that of their rows changes what is accepted.

    Raises:
        SchemaError: when accounts are missing, or all of the tables that can say what was sold.
    """
    given = {table.table: table for table in tables}
    _require_tables(given, source, unknown_files)
    outcomes: dict[str, Outcome] = {}
    for name in (*PARENTS_FIRST, *(name for name in TABLES if name not in PARENTS_FIRST)):
        if name in given:
            accepted = {done: outcomes[done].accepted for done in outcomes}
            outcomes[name] = sort_rows(given[name], rulebook, accepted)
    frames = {name: outcome.accepted for name, outcome in outcomes.items()}
    report = _report(given, outcomes, source, unknown_files)
    return Reading(_book(frames, rulebook), report)


def observed_until(tables: Mapping[str, pl.DataFrame], rulebook: Rulebook) -> datetime:
    """The end of the day of the newest stamp, at most the run's clock; UTC.

    Only columns that cannot lie in the future count. Without any stamp it is the clock.
    """
    calendar = rulebook.calendar
    days = []
    for name, frame in tables.items():
        if TABLES[name].moment is not None and frame.height > 0:
            newest = frame.select(
                pl.col(column.name).max()
                if column.dtype == DAY
                else calendar.local_day(pl.col(column.name).max())
                for column in stamps(TABLES[name])
            )
            days += [day for day in newest.row(0) if day is not None]
    if not days:
        return rulebook.now
    return min(calendar.midnight(max(days) + timedelta(days=1)), rulebook.now)


def _require_tables(given: Mapping[str, Given], source: str, others: tuple[str, ...]) -> None:
    found = ", ".join([*given, *others]) or "nothing"
    if "accounts" not in given:
        raise SchemaError(f"{source}: expected the table accounts, found {found}")
    if not any(table in given for table in SALES_TABLES):
        wanted = ", ".join(SALES_TABLES)
        raise SchemaError(
            f"{source}: expected at least one of the tables {wanted} beside accounts, found {found}"
        )


def _report(
    given: Mapping[str, Given],
    outcomes: Mapping[str, Outcome],
    source: str,
    unknown_files: tuple[str, ...],
) -> ReadReport:
    done = [outcomes[name] for name in TABLES if name in outcomes]
    return ReadReport(
        source=source,
        counts=tuple(outcome.count for outcome in done),
        quarantined=frame_of([outcome.quarantined for outcome in done], FAULT_SCHEMA),
        duplicates=frame_of([outcome.duplicates for outcome in done], DUPLICATE_SCHEMA),
        warnings=frame_of([outcome.warnings for outcome in done], FAULT_SCHEMA),
        unknown_columns={name: given[name].unknown for name in given if given[name].unknown},
        unknown_files=unknown_files,
        notes=tuple(_notes(given)),
    )


def _notes(given: Mapping[str, Given]) -> Iterator[str]:
    for name, table in given.items():
        if table.rows_in == 0:
            yield f"table {name}: expected at least one row, found 0 in {table.file}"


def _book(frames: Mapping[str, pl.DataFrame], rulebook: Rulebook) -> Book:
    # What the source filled is read off before the defaults below fill more.
    present = {name: filled(frame.lazy()) for name, frame in frames.items() if frame.height > 0}
    whole = {name: _completed(name, frame, rulebook).lazy() for name, frame in frames.items()}
    return make_book(whole, observed_until=observed_until(frames, rulebook), present=present)


def _completed(name: str, frame: pl.DataFrame, rulebook: Rulebook) -> pl.DataFrame:
    """The two defaults of the contract: recorded when it happened, open when nothing is said."""
    table = TABLES[name]
    if table.moment is not None:
        moment = pl.col(table.moment)
        if table.column(table.moment).dtype == DAY:
            moment = rulebook.calendar.end_of(moment)
        frame = frame.with_columns(pl.coalesce(RECORDED_AT, moment).alias(RECORDED_AT))
    if name == "opportunities":
        frame = frame.with_columns(pl.col("outcome").fill_null("open"))
    return frame
