"""Manifest: what a snapshot consists of, with size and SHA-256 of every part."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

MANIFEST_FILE = "manifest.json"
SCHEMA = 1
SNAPSHOT_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}")
PART_NAME = re.compile(r"(context/)?[a-z][a-z0-9_.-]{0,62}\.(parquet|json)")


class SnapshotError(RuntimeError):
    """A snapshot on disk that is not what was published; it is not used."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a snapshot; `rows` is None where the file is not a table."""

    name: str
    rows: int | None
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself.

    Attributes:
        as_of: moment of knowledge of every row.
        scored_at: when scoring began.
        observed_until: up to when the source was complete.
        parts: sorted by name.
    """

    snapshot_id: str
    as_of: datetime
    scored_at: datetime
    observed_until: datetime
    model_version: int
    bundle_hash: str
    contract_hash: str
    currency: str
    parts: tuple[Part, ...]

    def to_bytes(self) -> bytes:
        """The manifest as JSON text, the same bytes for the same values."""
        fields = {"schema": SCHEMA, **asdict(self)}
        for moment in ("as_of", "scored_at", "observed_until"):
            fields[moment] = getattr(self, moment).astimezone(UTC).isoformat()
        return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode("utf-8")


def manifest_from(text: bytes) -> Manifest:
    """Read a manifest back.

    Raises:
        SnapshotError: when a field is missing, unknown or not of its form.
    """
    try:
        fields = json.loads(text)
        parts = tuple(_part_from(part) for part in fields["parts"])
        manifest = Manifest(
            snapshot_id=str(fields["snapshot_id"]),
            as_of=datetime.fromisoformat(fields["as_of"]),
            scored_at=datetime.fromisoformat(fields["scored_at"]),
            observed_until=datetime.fromisoformat(fields["observed_until"]),
            model_version=int(fields["model_version"]),
            bundle_hash=str(fields["bundle_hash"]),
            contract_hash=str(fields["contract_hash"]),
            currency=str(fields["currency"]),
            parts=parts,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"expected a manifest of schema {SCHEMA}, found: {error!r}") from error
    if fields.get("schema") != SCHEMA:
        raise SnapshotError(f"expected a manifest of schema {SCHEMA}, found {fields.get('schema')}")
    return manifest


def part_of(name: str, content: bytes, rows: int | None) -> Part:
    """The manifest's entry for a file's bytes."""
    return Part(name, rows, len(content), sha256(content).hexdigest())


def content_hash(parts: tuple[Part, ...]) -> str:
    """SHA-256 over the parts' names and hashes: equal for equal answers, whenever computed."""
    lines = "".join(f"{part.name} {part.sha256}\n" for part in parts)
    return sha256(lines.encode("utf-8")).hexdigest()


def snapshot_id_of(scored_at: datetime, parts: tuple[Part, ...]) -> str:
    """`YYYYMMDD-HHMMSS-xxxx`, in UTC, with the beginning of the content hash."""
    return f"{scored_at.astimezone(UTC):%Y%m%d-%H%M%S}-{content_hash(parts)[:4]}"


def read_verified(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """Every part's bytes, after size and SHA-256 were compared; what is parsed is what was hashed.

    Raises:
        SnapshotError: naming the part, what was expected and what was found.
    """
    listed = {part.name for part in manifest.parts}
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir()}
    if found != listed | {MANIFEST_FILE}:
        raise SnapshotError(
            f"snapshot {folder.name}: missing {sorted(listed - found)}, "
            f"unknown {sorted(found - listed - {MANIFEST_FILE})}"
        )
    return {part.name: _read(folder, part) for part in manifest.parts}


def _read(folder: Path, part: Part) -> bytes:
    path = folder / part.name
    if path.is_symlink():
        raise SnapshotError(f"snapshot {folder.name}, part {part.name}: expected no symbolic link")
    size = path.stat().st_size
    if size != part.bytes:
        raise SnapshotError(
            f"snapshot {folder.name}, part {part.name}: expected {part.bytes} bytes, found {size}"
        )
    content = path.read_bytes()
    digest = sha256(content).hexdigest()
    if digest != part.sha256:
        raise SnapshotError(
            f"snapshot {folder.name}, part {part.name}: "
            f"expected SHA-256 {part.sha256[:12]}, found {digest[:12]}"
        )
    return content


def _part_from(fields: Mapping[str, object]) -> Part:
    name, rows, size = str(fields["name"]), fields["rows"], fields["bytes"]
    if not PART_NAME.fullmatch(name):
        raise ValueError(f"expected the name of a part, got {name!r}")
    if not isinstance(size, int) or not (rows is None or isinstance(rows, int)):
        raise TypeError(f"expected whole numbers for part {name}, got {size!r} and {rows!r}")
    return Part(name, rows, size, str(fields["sha256"]))
