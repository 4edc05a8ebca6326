"""Ledger: the rows of a book by account on disk, of which some accounts can be read alone.

Nothing that is written is changed. An entry appends the complete rows of the accounts that it
touches; of an account the newest segment counts. Ids of rows are kept as hashes of 64 bits: they
find the account that held a row before.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import polars as pl

from features.book import Book
from features.changes import Changes
from features.coded import columns_read
from features.digest import MARK
from features.history import value_starts
from features.schema import ACCOUNT_ID, OPPORTUNITY_ID, RECORDED_AT, TABLES
from features.sealed import Json, check, clear, new_folder, read_list, sealed, write_list
from features.segments import (
    CODE,
    CUT,
    KEY,
    NO_ACCOUNT,
    OF_ACCOUNTS,
    OF_DEALS,
    ROWS,
    Segment,
    counted,
    key_of_row,
    stored,
    write_segment,
)
from features.timeline import on_demand

FORM = 1
LIST = "ledger.json"

_SEGMENT, _SHARED = "_segment", "shared"
_SHARED_TABLES = tuple(table for table in TABLES if table not in CUT)
_HISTORIES = ("opportunity_changes", "account_changes")


class Ledger:
    """The rows of one book on disk, and what the whole book says of itself.

    Attributes:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        """Open what is there.

        Raises:
            FileNotFoundError: for a folder without a ledger.
            ValueError: for a ledger of another form.
            DamagedError: for a file that is not what was written.
        """
        self.folder = folder
        self._read_before = 0
        self._segments: list[Segment] = []
        self._starts: Mapping[tuple[str, str], datetime | None] | None = None
        self._open()

    @classmethod
    def begin(cls, folder: Path, book: Book) -> "Ledger":
        """A new ledger with all the rows of a book, in place of one that was there."""
        tables = {table: stored(book, table) for table in CUT}
        counts = {table: counted(rows) for table, rows in tables.items()}
        kept = {(table, name) for table in CUT for name in columns_read(table)}
        there = {(table, name) for table, names in book.present.items() for name in names}
        filled = {(t, name) for t, told in counts.items() for name, count in told.items() if count}
        told: Json = {
            "form": FORM,
            "counts": counts,
            "declared": sorted((there - filled) & kept),
            "hidden": sorted(filled - there),
            "segments": [],
        }
        ids = pl.concat([tables[table][ACCOUNT_ID].unique() for table in OF_ACCOUNTS])
        accounts = pl.concat([ids, pl.Series(ACCOUNT_ID, [NO_ACCOUNT])])
        _put_down(folder, told, book, tables, accounts)
        return cls(folder)

    @property
    def bytes_read(self) -> int:
        """Of the cells of rows that were asked for since the ledger was opened."""
        tables = (table for segment in self._segments for table in segment.tables.values())
        return self._read_before + sum(table.bytes_read for table in tables)

    @property
    def bytes_all(self) -> int:
        """Of the cells of all the rows, those included that newer ones have replaced."""
        tables = (table for segment in self._segments for table in segment.tables.values())
        return sum(table.bytes_all for table in tables)

    @property
    def marks(self) -> pl.DataFrame:
        """account_id, mark: another mark, other rows."""
        marks = pl.Series([segment.mark for segment in self._segments], dtype=pl.UInt64)
        there = self._index.filter((pl.col(ROWS) > 0) & (pl.col(ACCOUNT_ID) != NO_ACCOUNT))
        return there.select(ACCOUNT_ID, marks.gather(there[_SEGMENT]).alias(MARK))

    def part(self, accounts: pl.Series | None = None) -> Book:
        """The rows of some accounts, or of all, and what the whole book says of itself.

        Columns that no feature reads are null throughout; so are ids of rows.
        """
        folder = self.folder / self._told["shared"]["name"] / _SHARED
        tables = {table: pl.scan_parquet(folder / f"{table}.parquet") for table in _SHARED_TABLES}
        for table in CUT:
            if accounts is None:
                tables[table] = self._scan(table)
            else:
                asked = self._of(accounts)
                tables[table] = self._rows(table, asked, list(TABLES[table].schema)).lazy()
        if self._starts is None:
            self._starts = self._value_starts()
        return Book(MappingProxyType(tables), self._present(), self._observed_until, self._starts)

    def enter(self, changes: Changes) -> pl.Series:
        """Add what has changed; the ledger is what it was until all of it is there.

        Returns:
            The accounts that were touched.

        Raises:
            DamagedError: for a file that is not what was written.
        """
        fresh = {table: stored(changes.rows, table) for table in CUT}
        keys = {table: changes.keys(table) for table in CUT}
        touched = self._touched(fresh, keys)
        asked = self._of(touched)
        counts: dict[str, dict[str, int]] = {}
        tables = {}
        for table in CUT:
            before = self._rows(table, asked, [*columns_read(table), KEY])
            kept = before.filter(~pl.col(KEY).is_in(keys[table].implode()))
            tables[table] = pl.concat([kept, fresh[table].unique(KEY, keep="last")])
            gone, come = counted(before), counted(tables[table])
            now = self._told["counts"][table]
            counts[table] = {name: now[name] - gone[name] + come[name] for name in now}
        told = {**self._told, "counts": counts}
        _put_down(self.folder, told, changes.rows, tables, touched)
        self._open()
        return touched.filter(touched != NO_ACCOUNT)

    def verify(self) -> None:
        """Compare the hashes of all the files that count.

        Raises:
            DamagedError: names the first file that is not what was written.
        """
        for part in (*self._told["segments"], self._told["shared"]):
            check(self.folder / part["name"], part["seals"], deep=part["seals"])

    @property
    def _observed_until(self) -> datetime:
        return datetime.fromisoformat(self._told["observed_until"])

    def _open(self) -> None:
        told = read_list(self.folder / LIST)
        if told["form"] != FORM:
            raise ValueError(f"expected a ledger of form {FORM}, got {told['form']}")
        shared = told["shared"]
        files = [f"{_SHARED}/{table}.parquet" for table in _SHARED_TABLES]
        check(self.folder / shared["name"], shared["seals"], deep=files)
        self._read_before = self.bytes_read if self._segments else 0
        self._told, self._starts = told, None
        self._segments = [Segment(self.folder / s["name"], s) for s in told["segments"]]
        numbered = (
            segment.accounts.with_columns(pl.lit(number, pl.UInt32).alias(_SEGMENT))
            for number, segment in enumerate(self._segments)
        )
        self._index = pl.concat(numbered).unique(ACCOUNT_ID, keep="last", maintain_order=True)

    def _of(self, accounts: pl.Series) -> pl.DataFrame:
        """Where the rows of some accounts are."""
        asked = accounts.unique().alias(ACCOUNT_ID).to_frame()
        return self._index.join(asked, on=ACCOUNT_ID, how="semi", maintain_order="left")

    def _rows(self, table: str, asked: pl.DataFrame, names: list[str]) -> pl.DataFrame:
        """The rows of some accounts with these columns."""
        return pl.concat(
            segment.rows(table, asked.filter(pl.col(_SEGMENT) == number), names)
            for number, segment in enumerate(self._segments)
        )

    def _scan(self, table: str) -> pl.LazyFrame:
        """All the rows, of which only the columns that are asked for are read."""
        schema = TABLES[table].schema
        # Where a plan asks for no column but the height, all of them tell it.
        return on_demand(schema, lambda names: self._rows(table, self._index, names or [*schema]))

    def _touched(
        self, fresh: Mapping[str, pl.DataFrame], keys: Mapping[str, pl.Series]
    ) -> pl.Series:
        """The accounts of these rows, and those that held a row of one of these keys before.

        NO_ACCOUNT is among them where there is any: a deal may have come to rows that waited for
        it, or have left some.
        """
        found = [fresh[table][ACCOUNT_ID] for table in OF_ACCOUNTS]
        found += [self._holders(table, keys[table]) for table in CUT]
        deals = pl.concat([fresh[table][OPPORTUNITY_ID] for table in OF_DEALS]).unique()
        of_deals = deals.to_frame().select(key_of_row("opportunities")).to_series()
        found.append(self._holders("opportunities", of_deals))
        touched = pl.concat(found).unique()
        if touched.is_empty() and deals.is_empty():
            return touched
        return pl.concat([touched, pl.Series(ACCOUNT_ID, [NO_ACCOUNT])]).unique()

    def _holders(self, table: str, keys: pl.Series) -> pl.Series:
        """The accounts that hold a row of one of these keys."""
        asked = keys.sort().to_numpy()
        found = []
        for number, segment in enumerate(self._segments):
            held = segment.holders(table, asked).to_frame()
            newest = self._index.filter(pl.col(_SEGMENT) == number)
            found.append(newest.join(held, on=CODE, how="semi")[ACCOUNT_ID])
        return pl.concat(found)

    def _present(self) -> Mapping[str, frozenset[str]]:
        """The columns that any row fills, and those that the source has though none does."""
        hidden = {(table, name) for table, name in self._told["hidden"]}
        there = {(table, name) for table, name in self._told["declared"]} | {
            (table, name)
            for table, counts in self._told["counts"].items()
            for name, count in counts.items()
            if count and (table, name) not in hidden
        }
        tables = {table: frozenset(name for of, name in there if of == table) for table in CUT}
        tables |= {table: frozenset(names) for table, names in self._told["present"].items()}
        return MappingProxyType({table: names for table, names in tables.items() if names})

    def _value_starts(self) -> Mapping[tuple[str, str], datetime | None]:
        """Since when the histories of all the rows cover a field."""
        found = [
            segment.firsts().join(
                self._index.filter(pl.col(_SEGMENT) == number), on=CODE, how="semi"
            )
            for number, segment in enumerate(self._segments)
        ]
        known = pl.concat(found).lazy()
        at = [pl.col("known").alias(name) for name in ("changed_at", RECORDED_AT)]
        histories = {
            table: known.filter(pl.col("table") == table).select("field", *at)
            for table in _HISTORIES
        }
        return value_starts(Book(histories, {}, self._observed_until))


def _put_down(
    folder: Path,
    told: Json,
    book: Book,
    tables: Mapping[str, pl.DataFrame],
    accounts: pl.Series,
) -> None:
    """Write the tables of no account and a segment, then the list that names them."""
    place = new_folder(folder)
    (place / _SHARED).mkdir()
    for table in _SHARED_TABLES:
        book[table].collect().write_parquet(place / _SHARED / f"{table}.parquet")
    segments = [] if accounts.is_empty() else [write_segment(place, tables, accounts)]
    seals = segments[0]["seals"] if segments else sealed(place)
    changes: Json = {
        "observed_until": book.observed_until.isoformat(),
        "present": {t: sorted(book.present[t]) for t in _SHARED_TABLES if t in book.present},
        "shared": {"name": place.name, "seals": seals},
        "segments": [*told["segments"], *segments],
    }
    write_list(folder / LIST, {**told, **changes})
    clear(folder, [part["name"] for part in (*changes["segments"], changes["shared"])])
