"""Nights: the account features of every night, without describing the whole book again.

What is known of an account on the nights to come, if nothing new is entered, can be told today.
Every account is described for some nights ahead; each night only the accounts with new, modified
or removed rows are described again, and what depends on the whole book is put beside the rest.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import polars as pl

from features.book import Book
from features.build import finished
from features.calendar import Calendar
from features.catalogue import contract_hash, features_of
from features.context import declared_order, summary
from features.digest import changed
from features.facts import KNOWN, Facts, facts, put_together
from features.history import value_starts
from features.layers import Described, describe, together, with_context
from features.schema import ACCOUNT_ID, ENTITY_ID, TIME, empty
from features.sealed import Json, check, clear, new_folder, read_list, sealed, write_list
from features.snapshot import account_spine

FORM = 1
LIST = "nights.json"
AHEAD = 7
"""Nights that are described at a time."""

_MARKS, _ACCOUNTS, _FACTS = "marks.parquet", "accounts.parquet", "facts"


class Source(Protocol):
    """Where a night's rows come from."""

    @property
    def marks(self) -> pl.DataFrame:
        """account_id, mark (UInt64) of every account: another mark, other rows."""
        ...

    def part(self, accounts: pl.Series | None = None) -> Book:
        """The rows of some accounts, or of all, and what the whole book says of itself.

        That is `present`, `observed_until`, `value_starts` and the tables of no account.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """The account features of one night, and what it took.

    Attributes:
        frame: as `account_features` gives it.
        changed: accounts whose rows were others than the last time.
        described: accounts that were described again; 0 where the whole book was.
        whole: why the whole book was described; empty where it was not.
    """

    frame: pl.DataFrame
    changed: int
    described: int
    whole: str = ""


@dataclass(frozen=True)
class Nights:
    """Accounts described for the nights to come, in a folder of its own.

    Attributes:
        folder: made when it is not there.
        calendar: the organisation's.
    """

    folder: Path
    calendar: Calendar

    def advance(self, source: Source, as_of: datetime, *, ahead: int = AHEAD) -> Night:
        """The account features as of a night.

        Args:
            source: the rows as they are now.
            as_of: the night; not before the source's `observed_until`.
            ahead: nights that are described when the whole book has to be, this one included.

        Raises:
            ValueError: for a night up to which the source is not complete.
            DamagedError: for a file of an earlier night that is not what was written.
        """
        book = source.part()
        if as_of < book.observed_until:
            raise ValueError(
                f"expected a night from {book.observed_until} on, up to which the book is "
                f"complete, got {as_of}"
            )
        told = read_list(self.folder / LIST) if (self.folder / LIST).exists() else None
        whole = self._reason(told, book, as_of)
        if told is None or whole:
            told = self._begin(source, _ahead(as_of, self.calendar, ahead))
            return Night(self._frame(told, book, as_of), 0, 0, whole)
        others = changed(self._marks(told), source.marks)
        accounts = pl.concat([others, self._unsettled(told, book)]).unique()
        if not accounts.is_empty():
            told = self._renew(source, told, as_of, accounts)
        elif told["observed_until"] != book.observed_until.isoformat():
            told = {**told, "observed_until": book.observed_until.isoformat()}
            write_list(self.folder / LIST, told)
        return Night(self._frame(told, book, as_of), len(others), len(accounts))

    def verify(self) -> None:
        """Compare the hashes of all the files that count.

        Raises:
            DamagedError: names the first file that is not what was written.
        """
        for layer in read_list(self.folder / LIST)["layers"]:
            check(self.folder / layer["name"], layer["seals"], deep=layer["seals"])

    def _reason(self, told: Json | None, book: Book, as_of: datetime) -> str:
        """Why the whole book has to be described; empty where it need not be."""
        if told is None:
            return "nothing is described yet"
        form = [FORM, contract_hash(features_of("account"))]
        reasons = {
            "the features are others than those described": told["form"] != form,
            "the calendar is another": told["calendar"] != asdict(self.calendar),
            f"{as_of} is not among the nights described": as_of not in _nights(told),
            "the source fills other columns that features need": told["needs"] != _needs(book),
            "a history begins at another moment": told["value_starts"] != _starts(book),
        }
        return next((reason for reason, is_so in reasons.items() if is_so), "")

    def _begin(self, source: Source, nights: Sequence[datetime]) -> Json:
        """Describe every account; what was described before goes once this is there."""
        book = source.part()
        told = {
            "form": [FORM, contract_hash(features_of("account"))],
            "calendar": asdict(self.calendar),
            "nights": [night.isoformat() for night in nights],
            "needs": _needs(book),
            "value_starts": _starts(book),
            "layers": [],
        }
        return self._with_layer(told, source, book, nights)

    def _renew(self, source: Source, told: Json, as_of: datetime, accounts: pl.Series) -> Json:
        """Describe some accounts again for the rest of the nights."""
        left = [night for night in _nights(told) if night >= as_of]
        return self._with_layer(told, source, source.part(accounts), left, accounts=accounts)

    def _with_layer(
        self,
        told: Json,
        source: Source,
        book: Book,
        nights: Sequence[datetime],
        *,
        accounts: pl.Series | None = None,
    ) -> Json:
        """Describe accounts in a folder of its own, and list it once it is whole."""
        folder = new_folder(self.folder)
        spine = account_spine(book, nights).collect()
        describe(book, spine, self.calendar).write(folder, nights)
        facts(book, nights, self.calendar).write(folder / _FACTS)
        ids = pl.Series(ACCOUNT_ID, [], pl.String) if accounts is None else accounts
        pl.DataFrame({ACCOUNT_ID: ids}).write_parquet(folder / _ACCOUNTS)
        source.marks.write_parquet(folder / _MARKS)
        layer = {"name": folder.name, "night": nights[0].isoformat(), "seals": sealed(folder)}
        changes = {
            "layers": [*told["layers"], layer],
            "observed_until": book.observed_until.isoformat(),
        }
        told = {**told, **changes}
        write_list(self.folder / LIST, told)
        clear(self.folder, [layer["name"] for layer in told["layers"]])
        return told

    def _marks(self, told: Json) -> pl.DataFrame:
        layer = told["layers"][-1]
        check(self.folder / layer["name"], layer["seals"], deep=[_MARKS])
        return pl.read_parquet(self.folder / layer["name"] / _MARKS)

    def _unsettled(self, told: Json, book: Book) -> pl.Series:
        """Accounts of closed deals that the book was not complete for, and now is, or the reverse.

        What such a deal said when it closed depends on that where no history covers it.
        """
        untils = (datetime.fromisoformat(told["observed_until"]), book.observed_until)
        first, after = (pl.lit(until, TIME) for until in (min(untils), max(untils)))
        is_between = (pl.col(KNOWN) >= first) & (pl.col(KNOWN) < after)
        found = [
            Facts.read_closed(self.folder / layer["name"] / _FACTS).filter(is_between)[ACCOUNT_ID]
            for layer in told["layers"]
        ]
        return pl.concat(found).unique()

    def _frame(self, told: Json, book: Book, as_of: datetime) -> pl.DataFrame:
        """The features of one night from the layers and the context of now."""
        gone = pl.Series(ACCOUNT_ID, [], pl.String)
        rows, statistics = [], []
        for layer in reversed(told["layers"]):
            folder = self.folder / layer["name"]
            check(folder, layer["seals"], deep=[_ACCOUNTS])
            rows.append(_without(Described.read(folder, as_of), gone))
            statistics.append(Facts.read(folder / _FACTS).at(as_of).without(gone))
            gone = pl.concat([gone, pl.read_parquet(folder / _ACCOUNTS)[ACCOUNT_ID]]).unique()
        context = summary(put_together(statistics), [as_of], declared_order(book))
        rows_of_all = with_context(together(rows), _without_rows(book), context, self.calendar)
        return finished([rows_of_all], book, "account")


def _night(layer: Json) -> datetime:
    return datetime.fromisoformat(layer["night"])


def _nights(told: Json) -> list[datetime]:
    """The nights that the newest layer describes too; earlier ones are over."""
    described = [datetime.fromisoformat(night) for night in told["nights"]]
    return [night for night in described if night >= _night(told["layers"][-1])]


def _ahead(first: datetime, calendar: Calendar, count: int) -> list[datetime]:
    """A night and those after it, at the same time of the organisation's day."""
    if count < 1:
        raise ValueError(f"expected at least one night, got {count}")
    day = calendar.day_of(first)
    since_midnight = first - calendar.midnight(day)
    days = (day + timedelta(days=number) for number in range(count))
    return [calendar.midnight(day) + since_midnight for day in days]


def _without(told: Described, accounts: pl.Series) -> Described:
    is_other = ~told.rows[ENTITY_ID].is_in(accounts.implode())
    return told if is_other.all() else told.only(np.flatnonzero(is_other.to_numpy()))


def _without_rows(book: Book) -> Book:
    tables = {table: empty(table) for table in book.tables}
    return Book(MappingProxyType(tables), book.present, book.observed_until, value_starts(book))


def _needs(book: Book) -> list[str]:
    """What features need, as far as the source has it."""
    needs = {need for feature in features_of("account") for need in feature.needs}
    return sorted(need for need in needs if book.has(need))


def _starts(book: Book) -> list[list[str | None]]:
    return [
        [table, name, None if start is None else start.isoformat()]
        for (table, name), start in sorted(value_starts(book).items())
    ]
