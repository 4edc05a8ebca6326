"""Publish: write one snapshot to disk, whole, and then move the one pointer to it."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import polars as pl

from serving.disk import TEMPORARY, sync, sync_tree, temporary_in, write_synced
from serving.manifest import MANIFEST_FILE, Manifest, Part, SnapshotError, part_of, snapshot_id_of
from serving.parts import SCHEMAS, check_part
from serving.snapshots import folder_of
from serving.store import scores
from serving.store.engine import Store
from serving.store.scores import SnapshotRef


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that one publication consists of, before it has a name.

    Attributes:
        frames: part → frame, e.g. accounts.parquet; checked and sorted before it is written.
        write_context: writes the context frame as Parquet and JSON files into an empty folder.
        as_of: moment of knowledge of every row.
        scored_at: when scoring began.
        observed_until: up to when the source was complete.
        model_version: version in the registry.
        bundle_hash: SHA-256 of the model bundle.
        contract_hash: of the feature contract.
        currency: of every value and amount.
    """

    frames: Mapping[str, pl.DataFrame]
    write_context: Callable[[Path], None]
    as_of: datetime
    scored_at: datetime
    observed_until: datetime
    model_version: int
    bundle_hash: str
    contract_hash: str
    currency: str


def publish(
    home: Path, store: Store, *, draft: Draft, former: str | None, now: datetime
) -> SnapshotRef:
    """Write the snapshot under a temporary name, rename it, then commit the pointer.

    Up to the commit nothing is visible, whatever happens; what a failed run leaves behind is
    removed by `clean` at the start of the next, as a killed run could not do it itself.

    Args:
        home: snapshots lie in home/snapshots.
        store: open and migrated.
        draft: what to publish.
        former: what the pointer said when scoring began; None for nothing.
        now: when it is published.

    Raises:
        PartError: when a part is not of its form.
        PublishConflictError: when another run published in between.
        SnapshotError: when a folder of the same id is there with other content.
    """
    place = home / "snapshots"
    place.mkdir(parents=True, exist_ok=True)
    folder = temporary_in(place)
    folder.mkdir()
    parts = (*_write_parts(folder, draft.frames), *_write_context(folder, draft.write_context))
    manifest = _manifest(draft, tuple(sorted(parts, key=lambda part: part.name)))
    text = manifest.to_bytes()
    write_synced(folder / MANIFEST_FILE, text)
    sync_tree(folder)
    _rename(folder, folder_of(home, manifest.snapshot_id), text)
    ref = SnapshotRef(
        snapshot_id=manifest.snapshot_id,
        as_of=draft.as_of,
        scored_at=draft.scored_at,
        model_version=draft.model_version,
        bundle_hash=draft.bundle_hash,
        contract_hash=draft.contract_hash,
        manifest_sha256=sha256(text).hexdigest(),
    )
    scores.publish(store, ref, former=former, now=now)
    return ref


def clean(home: Path, store: Store) -> tuple[str, ...]:
    """Remove what interrupted runs left behind: temporary folders and what was never published.

    To be called under the lease that publishing runs hold, or it would remove another's work.

    Returns:
        Names of the folders removed.
    """
    place = home / "snapshots"
    if not place.is_dir():
        return ()
    published = scores.published_ids(store)
    orphans = sorted(
        folder
        for folder in place.iterdir()
        if folder.name.startswith(TEMPORARY) or folder.name not in published
    )
    for folder in orphans:
        shutil.rmtree(folder)
    return tuple(folder.name for folder in orphans)


def parquet(frame: pl.DataFrame) -> bytes:
    """The frame as a Parquet file; the same bytes for the same values."""
    buffer = BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", compression_level=3)
    return buffer.getvalue()


def _write_parts(folder: Path, frames: Mapping[str, pl.DataFrame]) -> list[Part]:
    parts = []
    for name in SCHEMAS:
        frame = check_part(name, frames[name])
        content = parquet(frame)
        write_synced(folder / name, content)
        parts.append(part_of(name, content, frame.height))
    return parts


def _write_context(folder: Path, write: Callable[[Path], None]) -> list[Part]:
    context = folder / "context"
    context.mkdir()
    write(context)
    parts = []
    for path in sorted(context.iterdir()):
        is_table = path.suffix == ".parquet"
        rows = pl.scan_parquet(path).select(pl.len()).collect().item() if is_table else None
        parts.append(part_of(f"context/{path.name}", path.read_bytes(), rows))
    return parts


def _manifest(draft: Draft, parts: tuple[Part, ...]) -> Manifest:
    return Manifest(
        snapshot_id=snapshot_id_of(draft.scored_at, parts),
        as_of=draft.as_of,
        scored_at=draft.scored_at,
        observed_until=draft.observed_until,
        model_version=draft.model_version,
        bundle_hash=draft.bundle_hash,
        contract_hash=draft.contract_hash,
        currency=draft.currency,
        parts=parts,
    )


def _rename(folder: Path, place: Path, text: bytes) -> None:
    """Give the folder its name; the same content published before under it is kept as it is."""
    if place.exists():
        if (place / MANIFEST_FILE).read_bytes() != text:
            raise SnapshotError(f"expected {place.name} to be free, found other content in it")
        shutil.rmtree(folder)
        return
    folder.rename(place)
    sync(place.parent)
