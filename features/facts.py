"""Facts: what each account adds to the statistics of the whole book.

A closed deal is described as it stood when its close became known, and never changes afterwards.
Every row depends on the rows of one account only, so that the facts of a book are those of its
accounts put together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl

from features.book import Book
from features.calendar import Calendar
from features.history import (
    as_known,
    count_known,
    known_from,
    pushes,
    value_at,
    value_starts,
)
from features.order import in_order
from features.schema import (
    ACCOUNT_ID,
    AS_OF,
    ENTITY_ID,
    OPPORTUNITY_ID,
    OWNER_REP_ID,
    RECORDED_AT,
    TABLES,
    TIME,
)
from features.snapshot import deal_spine

KNOWN = "known"

_AT_CLOSE = (OWNER_REP_ID, "amount", "stage", "segment")
_OF_OWNERS = ("owner", OWNER_REP_ID)
_OF_CLOSED = ("stage", "amount", "close_date")
_DEAL_CELLS = (
    *(OPPORTUNITY_ID, ACCOUNT_ID, OWNER_REP_ID, "type", "stage", "amount", "created_at"),
    *("closed_at", "outcome", RECORDED_AT),
)
_MOVE_CELLS = ("changed_at", "field", "old", "new", RECORDED_AT)


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What the accounts of a book add to its statistics.

    Attributes:
        closed: a row per closed deal, by the moment its close became known (`known`): account_id,
            type, closed_at, is_won; owner_rep_id, amount and segment as they stood then; pushes
            (moves of the close date to a later day) and contacts (people put on it) by then;
            cycle (Duration) from creation to close; is_at_quarter_end.
        visits: a row per stage that a closed deal stood in, by `known`: account_id, stage, stood
            (Duration), ordinal (0 the deal's first), is_first (the deal had not been there
            before), is_won.
        loads: account_id, as_of, owner_rep_id, open_deals: what the owners had open.
    """

    closed: pl.DataFrame
    visits: pl.DataFrame
    loads: pl.DataFrame

    def without(self, accounts: pl.Series) -> "Facts":
        """The facts of the other accounts.

        Args:
            accounts: ids.
        """
        if accounts.is_empty():
            return self
        is_kept = ~pl.col(ACCOUNT_ID).is_in(accounts.implode())
        return Facts(
            self.closed.filter(is_kept), self.visits.filter(is_kept), self.loads.filter(is_kept)
        )

    def at(self, as_of: datetime) -> "Facts":
        """The same with the loads of one moment only."""
        return replace(self, loads=self.loads.filter(pl.col(AS_OF) == pl.lit(as_of, TIME)))

    def write(self, folder: Path) -> None:
        """One Arrow file per frame; the folder is made when it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        for part in fields(self):
            frame: pl.DataFrame = getattr(self, part.name)
            frame.write_ipc(_file(folder, part.name))

    @classmethod
    def read(cls, folder: Path) -> "Facts":
        """The facts that `write` put there; FileNotFoundError names a missing part."""
        frames = (pl.read_ipc(_file(folder, part.name)) for part in fields(cls))
        return cls(*frames)

    @staticmethod
    def read_closed(folder: Path) -> pl.DataFrame:
        """account_id and known of the closed deals alone."""
        columns = [ACCOUNT_ID, KNOWN]
        return pl.read_ipc(_file(folder, "closed"), columns=columns)


def put_together(parts: Sequence[Facts]) -> Facts:
    """The facts of several sets of accounts as one; no account is of two of them."""
    return Facts(
        pl.concat([part.closed for part in parts]).sort(KNOWN),
        pl.concat([part.visits for part in parts]).sort(KNOWN),
        pl.concat([part.loads for part in parts]),
    )


def facts(book: Book, as_ofs: Sequence[datetime], calendar: Calendar) -> Facts:
    """What the accounts of a book add to its statistics.

    Args:
        book: the CRM, or a part of it that was told since when histories cover a field.
        as_ofs: the moments at which loads are told.
        calendar: for the ends of the fiscal quarters.
    """
    small, accounts = _numbered_book(book)
    closed = _closed_deals(small, calendar).collect()
    visits = _stage_visits(small, closed)
    loads = (
        value_at(deal_spine(small, as_ofs), small, OWNER_REP_ID)
        .filter(pl.col(OWNER_REP_ID).is_not_null())
        .group_by(ACCOUNT_ID, AS_OF, OWNER_REP_ID)
        .agg(pl.len().cast(pl.Int64).alias("open_deals"))
        .collect()
    )
    told = closed.drop(ENTITY_ID, "created_at", "stage")
    named = (
        frame.with_columns(accounts.gather(frame[ACCOUNT_ID]).alias(ACCOUNT_ID))
        for frame in (told.sort(KNOWN), visits.sort(KNOWN), loads)
    )
    return Facts(*named)


def _numbered_book(book: Book) -> tuple[Book, pl.Series]:
    """The rows that facts are told from, with numbers as ids of deals and accounts.

    Returns:
        The book, and the id of each account's number.
    """
    deals = book["opportunities"].select(_DEAL_CELLS).collect()
    ids, accounts = deals[OPPORTUNITY_ID], deals[ACCOUNT_ID].unique()
    is_closed = deals.select(_is_closed().fill_null(value=False)).to_series()
    changes = book["opportunity_changes"].filter(pl.col("field").is_in(_OF_OWNERS + _OF_CLOSED))
    moves = _numbered(changes.select(OPPORTUNITY_ID, *_MOVE_CELLS), OPPORTUNITY_ID, ids)
    is_read = pl.col("field").is_in(_OF_OWNERS) | is_closed.gather(moves[OPPORTUNITY_ID])
    people = book["opportunity_contacts"].select(OPPORTUNITY_ID, "created_at", RECORDED_AT)
    segments = book["accounts"].select(ACCOUNT_ID, "segment")
    changed = book["account_changes"].filter(pl.col("field") == "segment")
    tables = {
        "opportunities": _numbered(deals.lazy(), ACCOUNT_ID, accounts).with_columns(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias(OPPORTUNITY_ID)
        ),
        "opportunity_changes": moves.filter(is_read),
        "opportunity_contacts": _numbered(people, OPPORTUNITY_ID, ids),
        "accounts": _numbered(segments, ACCOUNT_ID, accounts),
        "account_changes": _numbered(
            changed.select(ACCOUNT_ID, *_MOVE_CELLS), ACCOUNT_ID, accounts
        ),
    }
    lazy = MappingProxyType({name: rows.lazy() for name, rows in tables.items()})
    return Book(lazy, book.present, book.observed_until, value_starts(book)), accounts


def _numbered(rows: pl.LazyFrame, key: str, ids: pl.Series) -> pl.DataFrame:
    """The rows whose id is among `ids`, with its place there as the id.

    Hashes find the place and the text confirms it: to join by text is several times slower.
    """
    found = rows.collect()
    asked, of_ids = _hashes(found[key]), _hashes(ids)
    if of_ids.n_unique() < ids.n_unique():
        asked, of_ids = found[key], ids
    known = pl.DataFrame({"hash": of_ids}).with_row_index("place").unique("hash", keep="first")
    beside = pl.DataFrame({"hash": asked}).join(known, on="hash", how="left", maintain_order="left")
    place = beside["place"]
    is_here = ids.gather(place) == found[key]
    return found.with_columns(place.alias(key)).filter(is_here)


def _hashes(ids: pl.Series) -> pl.Series:
    return ids.hash(seed=0)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.arrow"


def _is_closed() -> pl.Expr:
    is_told = pl.col("outcome").is_in(["won", "lost"]) & pl.col("closed_at").is_not_null()
    return is_told & _close_known().is_not_null()


def _close_known() -> pl.Expr:
    return pl.max_horizontal(known_from(TABLES["opportunities"]), "closed_at")


def _closed_deals(book: Book, calendar: Calendar) -> pl.LazyFrame:
    """Closed deals with what was known of them when their close became known (`known`)."""
    deals = (
        book["opportunities"]
        .filter(_is_closed())
        .select(
            pl.col(OPPORTUNITY_ID).alias(ENTITY_ID),
            ACCOUNT_ID,
            _close_known().alias(AS_OF),
            "type",
            "created_at",
            "closed_at",
            (pl.col("outcome") == "won").alias("is_won"),
        )
    )
    for field in _AT_CLOSE:
        deals = value_at(deals, book, field)
    deals = count_known(deals, pushes(book), "pushes")
    named = known_from(TABLES["opportunity_contacts"]).alias(KNOWN)
    people = book["opportunity_contacts"].select(OPPORTUNITY_ID, named)
    deals = count_known(deals, people, "contacts")
    cycle = pl.max_horizontal(pl.col("closed_at") - pl.col("created_at"), pl.duration())  # not < 0
    closed_on = calendar.local_day(pl.col("closed_at"))
    is_late = (calendar.quarter_end(closed_on) - closed_on).dt.total_days() < 14
    return deals.rename({AS_OF: KNOWN}).with_columns(
        cycle.alias("cycle"), is_late.alias("is_at_quarter_end")
    )


def _stage_visits(book: Book, closed: pl.DataFrame) -> pl.DataFrame:
    """The stages that closed deals went through.

    Only moves known when the close became known count: a visit never changes afterwards.
    """
    deals = closed.select(
        *(pl.col(ENTITY_ID).alias(OPPORTUNITY_ID), ACCOUNT_ID, "created_at", "closed_at"),
        *("is_won", KNOWN, "stage"),
    )
    moves = (
        book["opportunity_changes"]
        .filter(pl.col("field") == "stage")
        .with_columns(known_from(TABLES["opportunity_changes"]).alias("moved_known"))
        .join(deals.lazy(), on=OPPORTUNITY_ID)
        .filter(pl.col("moved_known") <= pl.col(KNOWN))
        .collect()
    )
    moves = moves[_as_known(moves)]
    first = moves.filter(_is_new())
    still = deals.join(first, on=OPPORTUNITY_ID, how="anti")
    rest = (OPPORTUNITY_ID, ACCOUNT_ID, "closed_at", "is_won", KNOWN)
    entered = pl.concat(
        [
            first.select(pl.col("old").alias("stage"), pl.col("created_at").alias("at"), *rest),
            still.select("stage", pl.col("created_at").alias("at"), *rest),
            moves.select(pl.col("new").alias("stage"), pl.col("changed_at").alias("at"), *rest),
        ]
    ).filter(pl.col("stage").is_not_null() & (pl.col("at") < pl.col("closed_at")))
    entered = entered[in_order(entered[OPPORTUNITY_ID], entered["at"])]
    place = pl.int_range(pl.len())
    begin = pl.when(_is_new()).then(place).forward_fill()
    is_left = pl.col(OPPORTUNITY_ID) == pl.col(OPPORTUNITY_ID).shift(-1)
    left = pl.when(is_left).then(pl.col("at").shift(-1)).otherwise("closed_at")
    return entered.select(
        ACCOUNT_ID,
        "stage",
        (left - pl.col("at")).alias("stood"),
        (place - begin).alias("ordinal"),
        pl.struct(OPPORTUNITY_ID, "stage").is_first_distinct().alias("is_first"),
        "is_won",
        KNOWN,
    )


def _is_new() -> pl.Expr:
    """Whether the row before is of another deal, where those of a deal stand together."""
    return pl.col(OPPORTUNITY_ID).ne_missing(pl.col(OPPORTUNITY_ID).shift(1))


def _as_known(moves: pl.DataFrame) -> pl.Series:
    """The places of moves by deal and `history.as_known`; its later keys only settle ties."""
    order = in_order(moves[OPPORTUNITY_ID], moves["moved_known"])
    same = (pl.col(name) == pl.col(name).shift(1) for name in (OPPORTUNITY_ID, "moved_known"))
    keys = moves.select(OPPORTUNITY_ID, "moved_known")[order]
    is_again = keys.select(pl.all_horizontal(*same).fill_null(value=False)).to_series().to_numpy()
    if not is_again.any():
        return order
    among = is_again.copy()
    among[:-1] |= is_again[1:]
    places = np.flatnonzero(among)
    found = order.to_numpy().copy()
    tied = moves[found[places]]
    keys_of_tie = (pl.col(OPPORTUNITY_ID), *as_known(TABLES["opportunity_changes"]))
    settled = tied.select(pl.arg_sort_by(*keys_of_tie)).to_series().to_numpy()
    found[places] = found[places][settled]
    return pl.Series(found)
