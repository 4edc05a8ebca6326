"""Snapshots: one published state of all answers, in memory, and the holder that swaps it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from serving.manifest import MANIFEST_FILE, SNAPSHOT_ID, SnapshotError, manifest_from, read_verified
from serving.parts import SCHEMAS, PartError, check_part
from serving.rows import (
    CLOSED,
    AccountRow,
    CurvePoint,
    DealRow,
    HistoryPoint,
    LossWay,
    ReasonRow,
    RepRow,
    other_form,
)
from serving.store.scores import SnapshotRef

__all__ = [
    "AccountRow",
    "CurvePoint",
    "DealRow",
    "HistoryPoint",
    "ReasonRow",
    "RepRow",
    "Snapshot",
    "SnapshotError",
    "folder_of",
    "open_snapshot",
    "snapshot_of",
]

Span = tuple[int, int]
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """All answers of one publication; never changes, so that requests may share it.

    Attributes:
        ref: id, as_of, scored_at, model version and hashes.
        observed_until: up to when the CRM's rows were complete; the freshness of the data.
        currency: of every value and amount.
        accounts: part accounts.parquet, sorted by account_id.
        deals: the open deals of part deals.parquet, sorted by opportunity_id.
        closed: the closed ones of that part, sorted likewise; they have no forecast.
        curves: part curves.parquet, sorted by opportunity_id and day.
        past: part history.parquet, sorted by account_id and day.
        reps: every rep of the CRM, by id, for names and trees.
    """

    ref: SnapshotRef
    observed_until: datetime
    currency: str
    accounts: pl.DataFrame
    deals: pl.DataFrame
    closed: pl.DataFrame
    curves: pl.DataFrame
    past: pl.DataFrame
    reps: tuple[RepRow, ...]
    _account_at: Mapping[str, int]
    _deal_at: Mapping[str, int]
    _closed_at: Mapping[str, int]
    _curve_at: Mapping[str, Span]
    _past_at: Mapping[str, Span]
    _book_at: Mapping[str | None, tuple[int, ...]]
    _deals_at: Mapping[str, tuple[int, ...]]
    _rep_at: Mapping[str, RepRow]

    @property
    def snapshot_id(self) -> str:
        """Names the publication; in every answer's body."""
        return self.ref.snapshot_id

    @property
    def as_of(self) -> datetime:
        """The moment of knowledge of every row."""
        return self.ref.as_of

    @property
    def scored_at(self) -> datetime:
        """When scoring began."""
        return self.ref.scored_at

    @property
    def model_version(self) -> int:
        """The version in the registry of the model behind every row."""
        return self.ref.model_version

    def account(self, account_id: str) -> AccountRow | None:
        """One account, by either form of a Salesforce id; None when unknown."""
        place = _place(self._account_at, account_id)
        return None if place is None else _account(self.accounts.row(place))

    def deal(self, opportunity_id: str) -> DealRow | None:
        """One deal, open or closed lately, by either form of a Salesforce id; None when unknown."""
        place = _place(self._deal_at, opportunity_id)
        if place is not None:
            return _deal(self.deals.row(place))
        place = _place(self._closed_at, opportunity_id)
        return None if place is None else _deal(self.closed.row(place))

    def curve(self, opportunity_id: str) -> tuple[CurvePoint, ...]:
        """The points of a deal's win curve, by day; empty where there is none."""
        start, length = _place(self._curve_at, opportunity_id) or (0, 0)
        rows = self.curves.slice(start, length).select("on", "p_won", "p_lost").rows()
        return tuple(CurvePoint(*row) for row in rows)

    def history(self, account_id: str) -> tuple[HistoryPoint, ...]:
        """Weekly probabilities of the displayed bucket, oldest first; empty where unknown."""
        start, length = _place(self._past_at, account_id) or (0, 0)
        rows = self.past.slice(start, length).select("on", "p").rows()
        return tuple(HistoryPoint(*row) for row in rows)

    def book_of(self, rep_ids: Collection[str] | None) -> tuple[AccountRow, ...]:
        """The accounts of these owners; each book by rank, what has no rank behind it by id.

        Args:
            rep_ids: owners, each book in the order of the ids; None is every account.
        """
        owners = sorted(self._book_at, key=str) if rep_ids is None else sorted(rep_ids)
        places = [place for owner in owners for place in self._book_at.get(owner, ())]
        return tuple(_account(row) for row in self.accounts[places].rows())

    def deals_of(self, account_id: str) -> tuple[DealRow, ...]:
        """The open deals of one account, by id."""
        places = _place(self._deals_at, account_id) or ()
        return tuple(_deal(row) for row in self.deals[list(places)].rows())

    def rep(self, rep_id: str) -> RepRow | None:
        """One rep; None when unknown."""
        return self._rep_at.get(rep_id)


def folder_of(home: Path, snapshot_id: str) -> Path:
    """Where the snapshot lies; SnapshotError for a text that is no snapshot id."""
    if not SNAPSHOT_ID.fullmatch(snapshot_id):
        raise SnapshotError(f"expected a snapshot id, got {snapshot_id[:80]!r}")
    return home / "snapshots" / snapshot_id


def open_snapshot(home: Path, ref: SnapshotRef) -> Snapshot:
    """Read a published snapshot into memory, after every part was verified.

    Raises:
        SnapshotError: when anything differs from what was published, or cannot be read.
    """
    folder = folder_of(home, ref.snapshot_id)
    try:
        text = (folder / MANIFEST_FILE).read_bytes()
        digest = sha256(text).hexdigest()
        if digest != ref.manifest_sha256:
            raise SnapshotError(
                f"snapshot {ref.snapshot_id}: expected a manifest of SHA-256 "
                f"{ref.manifest_sha256[:12]}, found {digest[:12]}"
            )
        manifest = manifest_from(text)
        parts = read_verified(folder, manifest)
        frames = {name: pl.read_parquet(BytesIO(parts[name])) for name in SCHEMAS}
        return snapshot_of(
            ref, frames, observed_until=manifest.observed_until, currency=manifest.currency
        )
    except (OSError, KeyError, PartError, pl.exceptions.PolarsError) as error:
        raise SnapshotError(
            f"snapshot {ref.snapshot_id}: expected every part to be readable, got: {error}"
        ) from error


def snapshot_of(
    ref: SnapshotRef,
    frames: Mapping[str, pl.DataFrame],
    *,
    observed_until: datetime,
    currency: str,
) -> Snapshot:
    """Index the five parts for look-ups.

    Args:
        ref: what was published.
        frames: name of the part (accounts.parquet, …) → frame of its schema.
        observed_until: up to when the source was complete.
        currency: of every value and amount.

    Raises:
        PartError: when a part is not of its form.
    """
    checked = {name: check_part(name, frames[name]) for name in SCHEMAS}
    accounts, whole = checked["accounts.parquet"], checked["deals.parquet"]
    is_closed = pl.col("status") == CLOSED
    deals, closed = whole.filter(~is_closed), whole.filter(is_closed)
    reps = tuple(RepRow(*row) for row in checked["reps.parquet"].rows())
    ranked = accounts.select("owner_rep_id", "rank_in_book").with_row_index("place")
    books = ranked.sort("rank_in_book", "place", nulls_last=True)
    return Snapshot(
        ref=ref,
        observed_until=observed_until,
        currency=currency,
        accounts=accounts,
        deals=deals,
        closed=closed,
        curves=checked["curves.parquet"],
        past=checked["history.parquet"],
        reps=reps,
        _account_at=_places(accounts["account_id"]),
        _deal_at=_places(deals["opportunity_id"]),
        _closed_at=_places(closed["opportunity_id"]),
        _curve_at=_spans(checked["curves.parquet"], "opportunity_id"),
        _past_at=_spans(checked["history.parquet"], "account_id"),
        _book_at=_grouped(books["owner_rep_id"], books["place"]),
        _deals_at=_grouped(deals["account_id"], range(deals.height)),
        _rep_at={rep.rep_id: rep for rep in reps},
    )


def _places(ids: pl.Series) -> dict[str, int]:
    return {record_id: place for place, record_id in enumerate(ids)}


def _spans(frame: pl.DataFrame, key: str) -> dict[str, Span]:
    found = (
        frame.with_row_index("place")
        .group_by(key, maintain_order=True)
        .agg(pl.col("place").min(), pl.len())
    )
    return {record_id: (start, length) for record_id, start, length in found.rows()}


def _grouped(keys: Iterable[K], places: Iterable[int]) -> dict[K, tuple[int, ...]]:
    grouped: dict[K, list[int]] = {}
    for key, place in zip(keys, places, strict=True):
        grouped.setdefault(key, []).append(place)
    return {key: tuple(found) for key, found in grouped.items()}


def _place(places: Mapping[str, V], record_id: str) -> V | None:
    found = places.get(record_id)
    if found is None and (other := other_form(record_id)) is not None:
        return places.get(other)
    return found


_ACCOUNT_REASONS = list(SCHEMAS["accounts.parquet"]).index("reasons")
_DEAL_REASONS = list(SCHEMAS["deals.parquet"]).index("reasons")
_DEAL_FLAGS = list(SCHEMAS["deals.parquet"]).index("flags")
_DEAL_LOSS = list(SCHEMAS["deals.parquet"]).index("likely_loss")


def _account(row: Sequence[Any]) -> AccountRow:
    cells = list(row)
    cells[_ACCOUNT_REASONS] = _reasons(cells[_ACCOUNT_REASONS])
    return AccountRow(*cells)


def _deal(row: Sequence[Any]) -> DealRow:
    cells = list(row)
    cells[_DEAL_REASONS] = _reasons(cells[_DEAL_REASONS])
    cells[_DEAL_FLAGS] = tuple(cells[_DEAL_FLAGS] or ())
    cells[_DEAL_LOSS] = tuple(LossWay(**way) for way in cells[_DEAL_LOSS] or ())
    return DealRow(*cells)


def _reasons(structs: Sequence[Mapping[str, Any]] | None) -> tuple[ReasonRow, ...]:
    return tuple(ReasonRow(*struct.values()) for struct in structs or ())
