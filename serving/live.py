"""Live: the snapshot and the bundle in service, swapped together as one reference."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from models.bundle import Bundle, load_bundle
from serving.champion import BundleLoader, bundle_folder
from serving.disk import write_whole
from serving.snapshots import Snapshot, open_snapshot
from serving.store import scores
from serving.store.engine import Store, StoreDownError
from serving.store.scores import SnapshotRef

LAST_GOOD_FILE = "last-good.json"
TRY_AGAIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """What one request answers from; taken once per request, so that an answer never mixes two.

    Attributes:
        snapshot: all answers of one publication.
        bundle: the model behind them.
        is_stale: a newer publication exists or cannot be ruled out.
    """

    snapshot: Snapshot
    bundle: Bundle
    is_stale: bool


@dataclass(slots=True)
class LiveSnapshot:
    """Holds what is in service, and exchanges it for a newer publication once that is verified.

    Whatever goes wrong with the newer one, the older stays in service, marked stale.

    Attributes:
        home: where snapshots and bundles lie.
        store: asked for the pointer.
        load: opens the bundle that the snapshot names.
        clock: seconds of a monotonic clock.
    """

    home: Path
    store: Store
    load: BundleLoader = load_bundle
    clock: Callable[[], float] = time.monotonic
    _served: Served | None = None
    _problem: str | None = None
    _refused: SnapshotRef | None = None
    _refused_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def served(self) -> Served | None:
        """What is in service now; None before the first publication."""
        return self._served

    @property
    def problem(self) -> str | None:
        """Why the newest publication is not in service, for /readyz; None when all is well."""
        return self._problem

    def refresh(self) -> bool:
        """Look at the pointer and follow it if what it names is sound; never raises for damage.

        Returns:
            Whether another snapshot is in service than before.
        """
        with self._lock:
            try:
                ref = scores.current(self.store)
            except StoreDownError as error:
                ref = None if self._served else _last_good(self.home)
                return self._keep(str(error)) if ref is None else self._follow(ref, str(error))
            if ref is None:
                return self._keep("nothing is published yet: run `bucketlist score`")
            return self._follow(ref, None)

    def _follow(self, ref: SnapshotRef, problem: str | None) -> bool:
        """Put `ref` in service; `problem` is what remains wrong even when it is sound."""
        if self._served is not None and self._served.snapshot.ref == ref:
            self._served = replace(self._served, is_stale=problem is not None)
            self._problem = problem
            return False
        if ref == self._refused and self.clock() - self._refused_at < TRY_AGAIN_SECONDS:
            return False  # damaged a moment ago: do not verify it anew at every poll
        try:
            snapshot = open_snapshot(self.home, ref)
            bundle = self._bundle(ref)
        except Exception as error:  # noqa: BLE001  whatever is wrong with it, the old one stays
            self._refused, self._refused_at = ref, self.clock()
            return self._keep(f"snapshot {ref.snapshot_id} is refused: {error}")
        self._served = Served(snapshot, bundle, is_stale=problem is not None)
        self._problem, self._refused = problem, None
        if problem is None:
            _remember(self.home, ref)
        return True

    def _bundle(self, ref: SnapshotRef) -> Bundle:
        served = self._served
        if served is not None and served.snapshot.ref.bundle_hash == ref.bundle_hash:
            return served.bundle
        return self.load(bundle_folder(self.home, ref.bundle_hash), expected=ref.bundle_hash)

    def _keep(self, problem: str) -> bool:
        self._problem = problem
        if self._served is not None:
            self._served = replace(self._served, is_stale=True)
        return False


def _remember(home: Path, ref: SnapshotRef) -> None:
    """Note what was sound, for a start while the store is down; a full disk only loses the note."""
    fields = {
        "snapshot_id": ref.snapshot_id,
        "as_of": ref.as_of.isoformat(),
        "scored_at": ref.scored_at.isoformat(),
        "model_version": ref.model_version,
        "bundle_hash": ref.bundle_hash,
        "contract_hash": ref.contract_hash,
        "manifest_sha256": ref.manifest_sha256,
    }
    try:
        write_whole(home / LAST_GOOD_FILE, json.dumps(fields, indent=2).encode("utf-8"))
    except OSError:
        return


def _last_good(home: Path) -> SnapshotRef | None:
    try:
        fields = json.loads((home / LAST_GOOD_FILE).read_bytes())
        return SnapshotRef(
            snapshot_id=str(fields["snapshot_id"]),
            as_of=datetime.fromisoformat(fields["as_of"]),
            scored_at=datetime.fromisoformat(fields["scored_at"]),
            model_version=int(fields["model_version"]),
            bundle_hash=str(fields["bundle_hash"]),
            contract_hash=str(fields["contract_hash"]),
            manifest_sha256=str(fields["manifest_sha256"]),
        )
    except (OSError, KeyError, TypeError, ValueError):
        return None
