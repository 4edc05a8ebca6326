"""Peers: the ways that are held against one another, and whether this machine has them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import polars as pl

Run = Callable[[Path, Sequence[datetime]], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to the 61 features.

    Attributes:
        name: as it is asked for.
        words: what it does, for the page.
        module: has `run(folder, as_ofs)`.
        needs: modules it stands on.
        newest: a package, and the newest major version of it that it runs with.
        versions: packages whose versions belong to its figures.
        most_accounts: sizes above this are left out; None for any size.
        limit: the peer that only reads what this one needs.
        has_features: whether it answers with features at all.
        knows_late: whether rows recorded late are right.
        left_out: features it cannot express; null in its answer.
    """

    name: str
    words: str
    module: str
    needs: tuple[str, ...] = ()
    newest: tuple[str, int] | None = None
    versions: tuple[str, ...] = ("polars",)
    most_accounts: int | None = None
    limit: str = "decode"
    has_features: bool = True
    knows_late: bool = True
    left_out: tuple[str, ...] = ()

    def lacking(self) -> str | None:
        """Why it cannot run here; None when it can."""
        missing = [name for name in (*self.needs, self.module) if not _is_here(name)]
        if missing:
            return f"{', '.join(missing)} is not here"
        if self.newest is None:
            return None
        package, major = self.newest
        got = version(package)
        is_newer = int(got.split(".")[0]) > major
        return f"expected {package} {major} at most, got {got}" if is_newer else None

    def run(self) -> Run:
        """Its `run`, imported now."""
        run: Run = import_module(self.module).run
        return run


_HERE = "benchmarks.features"
PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(
            "decode", "the limit: reading the same columns", f"{_HERE}.decode", has_features=False
        ),
        Peer(
            "bucketlist",
            "the project's own engine",
            f"{_HERE}.bucketlist_engine",
            needs=("features.batch",),
        ),
        Peer(
            "decode-all",
            "the limit of the catalogue: reading all columns that it needs",
            f"{_HERE}.decode_all",
            most_accounts=60_000,
            limit="decode-all",
            has_features=False,
        ),
        Peer(
            "catalogue",
            "the project's own engine, every account feature of the catalogue",
            f"{_HERE}.catalogue_engine",
            most_accounts=60_000,
            limit="decode-all",
            has_features=False,
        ),
        Peer("polars", "Polars, one streaming group_by per as_of", f"{_HERE}.polars_plain"),
        Peer(
            "duckdb",
            "DuckDB, one plain query per as_of",
            f"{_HERE}.duckdb_plain",
            needs=("duckdb",),
            versions=("duckdb", "polars"),
        ),
        Peer(
            "duckdb-bucketed",
            "DuckDB, summed once by account and segment",
            f"{_HERE}.duckdb_bucketed",
            needs=("duckdb",),
            versions=("duckdb", "polars"),
        ),
        Peer(
            "pandas",
            "pandas, a mask and a groupby per feature",
            f"{_HERE}.pandas_plain",
            needs=("pandas", "pyarrow"),
            versions=("pandas", "pyarrow"),
            most_accounts=20_000,
        ),
        Peer(
            "featuretools",
            "Featuretools with cut-off times",
            f"{_HERE}.featuretools_peer",
            needs=("featuretools", "pandas", "pyarrow"),
            newest=("pandas", 2),
            versions=("featuretools", "pandas"),
            most_accounts=5_000,
            knows_late=False,
            left_out=("overdue_now", "open_tickets"),
        ),
    )
}


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its package is not there either
        return False
