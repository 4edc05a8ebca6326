"""Scores: which snapshots were published, and the one pointer to the current one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select, update

from serving.store import audit
from serving.store.engine import Store
from serving.store.tables import CURRENT_SNAPSHOT, SNAPSHOTS


class PublishConflictError(RuntimeError):
    """Another run published in between; what it published stays."""


@dataclass(frozen=True, slots=True)
class SnapshotRef:
    """One published snapshot: where to find it and what must be true of it.

    Attributes:
        snapshot_id: name of the folder under home/snapshots.
        as_of: moment of knowledge of every row in it.
        scored_at: when scoring began, by the injected clock.
        model_version: version in the registry.
        bundle_hash: SHA-256 of the model bundle behind it; bundle and snapshot switch together.
        contract_hash: of the feature contract.
        manifest_sha256: of the manifest's bytes, which hold the SHA-256 of every part.
    """

    snapshot_id: str
    as_of: datetime
    scored_at: datetime
    model_version: int
    bundle_hash: str
    contract_hash: str
    manifest_sha256: str


def current(store: Store) -> SnapshotRef | None:
    """What the pointer says now; None before the first publication."""
    query = select(SNAPSHOTS).join(
        CURRENT_SNAPSHOT, CURRENT_SNAPSHOT.c.snapshot_id == SNAPSHOTS.c.snapshot_id
    )
    with store.reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else _ref_of(row)


def find(store: Store, snapshot_id: str) -> SnapshotRef | None:
    """One published snapshot, current or not."""
    with store.reading() as connection:
        row = connection.execute(
            select(SNAPSHOTS).where(SNAPSHOTS.c.snapshot_id == snapshot_id)
        ).first()
    return None if row is None else _ref_of(row)


def published_ids(store: Store) -> frozenset[str]:
    """The ids of every snapshot that was ever published."""
    with store.reading() as connection:
        return frozenset(connection.execute(select(SNAPSHOTS.c.snapshot_id)).scalars())


def publish(store: Store, ref: SnapshotRef, *, former: str | None, now: datetime) -> None:
    """Record a snapshot and move the pointer to it, in one transaction.

    Args:
        store: open and migrated.
        ref: a snapshot whose folder is already in place, whole and on disk.
        former: what the pointer said when scoring began; None for nothing.
        now: when it is published.

    Raises:
        PublishConflictError: when the pointer no longer says `former`; nothing is recorded.
    """
    column = CURRENT_SNAPSHOT.c.snapshot_id
    is_former = column.is_(None) if former is None else column == former
    with store.writing() as connection:
        known = connection.execute(
            select(SNAPSHOTS).where(SNAPSHOTS.c.snapshot_id == ref.snapshot_id)
        ).first()
        if known is None:
            connection.execute(insert(SNAPSHOTS).values(published_at=now, **_values(ref)))
        elif _ref_of(known) != ref:
            raise PublishConflictError(
                f"expected snapshot id {ref.snapshot_id} to be new, found it with other content"
            )
        moved = connection.execute(
            update(CURRENT_SNAPSHOT).where(is_former).values(snapshot_id=ref.snapshot_id)
        )
        if moved.rowcount != 1:
            found = connection.execute(select(column)).scalar()
            raise PublishConflictError(
                f"expected the current snapshot to be {former}, found {found}"
            )
        details = {"snapshot_id": ref.snapshot_id, "former": former}
        audit.append(connection, audit.Entry("machine", "snapshot_published", now, details))


def _values(ref: SnapshotRef) -> dict[str, object]:
    return {
        "snapshot_id": ref.snapshot_id,
        "as_of": ref.as_of,
        "scored_at": ref.scored_at,
        "model_version": ref.model_version,
        "bundle_hash": ref.bundle_hash,
        "contract_hash": ref.contract_hash,
        "manifest_sha256": ref.manifest_sha256,
    }


def _ref_of(row: Row[tuple[object, ...]]) -> SnapshotRef:
    return SnapshotRef(
        snapshot_id=row.snapshot_id,
        as_of=row.as_of,
        scored_at=row.scored_at,
        model_version=row.model_version,
        bundle_hash=row.bundle_hash,
        contract_hash=row.contract_hash,
        manifest_sha256=row.manifest_sha256,
    )
