"""A small data set of awkward rows: edges of windows, equal stamps, late records, empty cells."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.features.core61 import SOURCES
from benchmarks.features.definition import Source

AS_OFS = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 4, 1, 12, tzinfo=UTC),
          datetime(2025, 4, 2, tzinfo=UTC))  # fmt: skip
"""One quarter apart, one at noon, two less than a day apart."""

_DAYS = (0, 30, 90, 180, 365, 400)
_INSTANT = timedelta(microseconds=1)
_ROWS = 600
_ACCOUNTS = ("acme", "bolt", "core", "dune", "echo", "fern", "void")
"""`void` has no rows at all, `fern` a handful, and `echo` no activities."""
_HANDFUL = 0.02

_STAMPS = {"paid_at", "closed_at", "escalated_at"}

Row = dict[str, Any]


def write_awkward(folder: Path, *, is_prompt: bool = False, seed: int = 3) -> None:
    """Write the six tables.

    Args:
        folder: where to.
        is_prompt: whether every row is recorded the moment it happens, and no stamp is older than
            its row, for a peer that looks at one time only.
        seed: which of the awkward moments meet in a row.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    edges = [
        as_of - timedelta(days=days) + shift
        for as_of in AS_OFS
        for days in _DAYS
        for shift in (-_INSTANT, timedelta(0), _INSTANT)
    ]
    ordinary = [AS_OFS[-1] - timedelta(days=float(days)) for days in rng.uniform(-5, 420, 60)]
    draw = _Draw(rng, [*edges, *ordinary])
    began = None if is_prompt else AS_OFS[0]
    deals = [
        {
            "opportunity_id": f"deal {number}",
            "account_id": _ACCOUNTS[number % 5],
            "created_at": datetime(2020, 1, 1, tzinfo=UTC),
            "recorded_at": began if number % 3 == 0 else None,
        }
        for number in range(10)
    ]
    accounts = [{"account_id": name} for name in _ACCOUNTS]
    _write(accounts, folder / "accounts.parquet")
    _write(deals, folder / "opportunities.parquet")
    makers = {
        "activities": draw.activity,
        "opportunity_changes": draw.change,
        "invoices": draw.invoice,
        "tickets": draw.ticket,
    }
    for table, source in SOURCES.items():
        rows = [makers[table]() for _ in range(_ROWS)]
        for row in rows:
            if is_prompt:
                _put_in_order(row, source)
            row["recorded_at"] = _recorded(row, source, draw, is_prompt=is_prompt)
        _write(rows, folder / f"{table}.parquet")


def _recorded(row: Row, source: Source, draw: "_Draw", *, is_prompt: bool) -> datetime | None:
    """Mostly at once or not said; else any moment, before the event too."""
    if is_prompt or draw.chance(0.4):
        return None
    return row[source.moment] if draw.chance(0.5) else draw.moment()


def _put_in_order(row: Row, source: Source) -> None:
    """No stamp before the row's own moment: a stamp told early is a row recorded late."""
    for name in _STAMPS & row.keys():
        row[name] = row[name] and max(row[name], row[source.moment])


class _Draw:
    """Rows whose moments come out of the same few."""

    def __init__(self, rng: np.random.Generator, moments: Sequence[datetime]) -> None:
        self._rng = rng
        self._moments = moments

    def chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def moment(self) -> datetime:
        return self._moments[int(self._rng.integers(len(self._moments)))]

    def stamp(self) -> datetime | None:
        return self.moment() if self.chance(0.8) else None

    def one(self, *words: str | float | bool | None) -> Any:
        return words[int(self._rng.integers(len(words)))]

    def account(self, usual: Sequence[str]) -> str:
        return "fern" if self.chance(_HANDFUL) else str(self.one(*usual))

    def activity(self) -> Row:
        return {
            "account_id": self.account(_ACCOUNTS[:4]),
            "occurred_at": self.moment(),
            "kind": self.one("email", "call", "voicemail", "meeting", "demo", "visit", "task"),
            "direction": self.one("outbound", "inbound", "mutual", None),
            "phase": self.one("sales", "post_sales", None),
            "contact_id": self.one(f"contact {self._rng.geometric(0.04)}", None),
            "rep_id": self.one(f"rep {self._rng.geometric(0.1)}", None),
            "duration_minutes": self.one(5.0, 12.5, 60.0, None),
            "answered": self.one(True, False, None),  # noqa: FBT003
            "automated": self.one(True, False, False, None),  # noqa: FBT003
        }

    def change(self) -> Row:
        days = ("2025-01-31", "2025-02-28", "2025-10-01", None)
        return {
            "opportunity_id": f"deal {self._rng.integers(10)}",
            "changed_at": self.moment(),
            "field": self.one("stage", "close_date", "close_date", "amount", "owner"),
            "old": self.one(*days),
            "new": self.one(*days),
        }

    def invoice(self) -> Row:
        due = self.moment().date() if self.chance(0.85) else None
        return {
            "account_id": self.account(_ACCOUNTS[:5]),
            "issued_at": self.moment(),
            "amount": self.one(100.0, 0.1, 99.99, -20.01, 0.0),
            "due_on": due,
            "paid_at": self.stamp(),
        }

    def ticket(self) -> Row:
        closed = self.stamp()
        return {
            "account_id": self.account(_ACCOUNTS[:5]),
            "opened_at": self.moment(),
            "closed_at": closed,
            "escalated_at": self.stamp(),
            "csat": self.one(1.0, 3.0, 5.0, None) if closed else None,
        }


def _write(rows: Sequence[Row], path: Path) -> None:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    if "recorded_at" not in frame.columns:
        frame = frame.with_columns(recorded_at=None)
    times = [name for name in frame.columns if name.endswith("_at")]
    stamps = frame.with_columns(pl.col(times).cast(pl.Datetime("us", "UTC")))
    stamps.write_parquet(path)
