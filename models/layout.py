"""Layout: which files a bundle's folder holds, and the manifest that vouches for each."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.document import DocumentError, document, from_json

MANIFEST = "manifest.json"
CARD = "card.json"
CONTRACT = "contract.json"
POLICY = "policy.json"
GOLDEN = "golden.json"
BUCKET = "bucket.json"
SLIP = "slip.json"
COMPONENTS = "components.json"
ANALOGS = "analogs.json"
LOSS_REASON = "loss_reason.json"
FOLDERS = ("bucket", "slip", "components", "loss_reason")
_ALWAYS = frozenset({CARD, CONTRACT, POLICY, GOLDEN})
_ALLOWED = re.compile(
    r"(?:card|contract|policy|golden|bucket|slip|components|analogs|loss_reason)\.json"
    r"|(?:bucket|slip|components|loss_reason)/[a-z][a-z_]{0,30}-\d{1,2}\.txt"
)
_MOST_BYTES = 64 * 2**20
_MOST_MANIFEST = 2**20
_MOST_FILES = 200


class BundleError(Exception):
    """A model folder that must not be loaded."""


@document
@dataclass(frozen=True, slots=True)
class FileEntry:
    """What the manifest says of one file."""

    size: int
    sha256: str


@document
@dataclass(frozen=True, slots=True)
class Manifest:
    """Every file of the folder but the manifest itself, by name relative to the folder."""

    files: dict[str, FileEntry]

    def to_json(self) -> str:
        """The one accepted spelling: sorted names, fixed indent."""
        plain = {
            name: {"sha256": entry.sha256, "size": entry.size}
            for name, entry in sorted(self.files.items())
        }
        return json.dumps({"files": plain}, indent=1) + "\n"

    def bundle_hash(self) -> str:
        """SHA-256 of the manifest, in hex: the name of everything in the folder."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def manifest_of(files: Mapping[str, bytes]) -> Manifest:
    """The manifest that vouches for these contents.

    Raises:
        BundleError: a name that no bundle has.
    """
    for name in files:
        if not _ALLOWED.fullmatch(name):
            raise BundleError(f"expected the name of a bundle's file, found {name!r}")
    return Manifest(
        {
            name: FileEntry(len(content), hashlib.sha256(content).hexdigest())
            for name, content in files.items()
        }
    )


def write_files(folder: Path, files: Mapping[str, bytes]) -> str:
    """Write a new folder so that it is there as a whole or not at all; returns its hash.

    Raises:
        BundleError: the folder exists.
    """
    manifest = manifest_of(files)
    if folder.exists() or folder.is_symlink():
        raise BundleError(f"expected a folder that is not there yet, found {folder.name}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{os.getpid()}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        for name, content in {**files, MANIFEST: manifest.to_json().encode()}.items():
            _write(draft / name, content)
        for place in sorted({draft, *(draft / name for name in files)}):
            _sync_folder(place if place.is_dir() else place.parent)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _sync_folder(folder.parent)
    return manifest.bundle_hash()


def read_files(folder: Path, *, expected: str | None = None) -> tuple[dict[str, bytes], str]:
    """Contents by name and the bundle hash, once every size and SHA-256 has been found right.

    Args:
        expected: the hash the folder must have, where the caller knows it. Without it a folder
            rewritten together with its manifest cannot be told from a new one.

    Raises:
        BundleError: a file too many, too few, changed, too large or not a plain file; a manifest
            that is not spelt as it is written here; another hash than expected.
    """
    found = _plain_files(folder)
    if MANIFEST not in found:
        raise BundleError(f"{folder.name}: expected {MANIFEST}, found {sorted(found)}")
    manifest = _manifest(folder)
    if expected is not None and manifest.bundle_hash() != expected:
        raise BundleError(
            f"{folder.name}: expected bundle {expected}, found {manifest.bundle_hash()}"
        )
    _same_names(folder, set(found) - {MANIFEST}, set(manifest.files))
    for name, entry in manifest.files.items():
        if found[name] != entry.size:
            raise BundleError(f"{name}: expected {entry.size} bytes, found {found[name]}")
    contents = {name: _read(folder / name, entry.size) for name, entry in manifest.files.items()}
    for name, entry in manifest.files.items():
        digest = hashlib.sha256(contents[name]).hexdigest()
        if digest != entry.sha256:
            raise BundleError(f"{name}: expected SHA-256 {entry.sha256}, found {digest}")
    return contents, manifest.bundle_hash()


def _manifest(folder: Path) -> Manifest:
    text = _read(folder / MANIFEST, _MOST_MANIFEST)
    try:
        manifest = from_json(Manifest, text, name=MANIFEST)
    except DocumentError as error:
        raise BundleError(str(error)) from error
    if manifest.to_json().encode() != text:
        raise BundleError(f"{MANIFEST}: expected the spelling it is written in, found another")
    odd = sorted(name for name in manifest.files if not _ALLOWED.fullmatch(name))
    if odd:
        raise BundleError(f"{MANIFEST}: expected names of a bundle's files, found {odd}")
    missing = sorted(_ALWAYS - set(manifest.files))
    if missing:
        raise BundleError(f"{MANIFEST}: expected {sorted(_ALWAYS)}, missing {missing}")
    return manifest


def _same_names(folder: Path, found: set[str], listed: set[str]) -> None:
    if found != listed:
        raise BundleError(
            f"{folder.name}: expected the files of its manifest, "
            f"missing {sorted(listed - found)}, beyond it {sorted(found - listed)}"
        )


def _plain_files(folder: Path) -> dict[str, int]:
    """Name → size of every file below the folder; nothing is opened and no link is followed."""
    if folder.is_symlink() or not folder.is_dir():
        raise BundleError(f"expected a folder, found none at {folder.name}")
    found: dict[str, int] = {}
    waiting = [folder]
    while waiting:
        for entry in os.scandir(waiting.pop()):
            name = Path(entry.path).relative_to(folder).as_posix()
            if entry.is_dir(follow_symlinks=False) and name in FOLDERS:
                waiting.append(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                found[name] = entry.stat(follow_symlinks=False).st_size
            else:
                raise BundleError(f"{name}: expected a plain file, found something else")
            if len(found) > _MOST_FILES or found.get(name, 0) > _MOST_BYTES:
                raise BundleError(
                    f"{name}: expected at most {_MOST_FILES} files of {_MOST_BYTES} bytes"
                )
    return found


def _read(path: Path, most: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise BundleError(f"{path.name}: expected a file to read, found {error}") from error


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
