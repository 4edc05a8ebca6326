"""Sealed: files that are written once, known by their size and hash, listed in a file put last.

What a list does not name is not there: a run that is killed leaves the files of the list before.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Seals: TypeAlias = Mapping[str, tuple[int, str]]
"""File name → its size in bytes and the hash of its content."""

_AT_ONCE = 1 << 22
_HASH_BYTES = 16


class DamagedError(ValueError):
    """A file that is not what was written."""


def hash_of(file: Path) -> str:
    """BLAKE2b of a file's content, 128 bits in hexadecimal."""
    found = hashlib.blake2b(digest_size=_HASH_BYTES)
    with file.open("rb") as content:
        while part := content.read(_AT_ONCE):
            found.update(part)
    return found.hexdigest()


def sealed(folder: Path) -> dict[str, tuple[int, str]]:
    """The seals of all the files of a folder, those of its folders included; flushed to disk."""
    found = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open("rb") as content:
            os.fsync(content.fileno())
        found[file.relative_to(folder).as_posix()] = (file.stat().st_size, hash_of(file))
    return found


def check(folder: Path, seals: Seals, *, deep: Iterable[str] = ()) -> None:
    """See that the files of a folder are those that were sealed.

    Args:
        folder: where they are.
        seals: all of them; their sizes are compared.
        deep: names of the files that are read as a whole and whose hashes are compared too.

    Raises:
        DamagedError: names the first file that is missing or different.
    """
    for name, (size, _) in seals.items():
        file = folder / name
        if not file.is_file():
            raise DamagedError(f"expected the file {file}, found none")
        found = file.stat().st_size
        if found != size:
            raise DamagedError(f"file {file}: expected {size} bytes, found {found}")
    for name in deep:
        expected, found_hash = seals[name][1], hash_of(folder / name)
        if found_hash != expected:
            raise DamagedError(
                f"file {folder / name}: expected the hash {expected}, found {found_hash}"
            )


def new_folder(folder: Path) -> Path:
    """A folder in it with a number that none has, one left by a killed run included."""
    taken = [int(path.name) for path in folder.glob("[0-9]*") if path.is_dir()]
    made = folder / f"{max(taken, default=-1) + 1:06d}"
    made.mkdir(parents=True)
    return made


def clear(folder: Path, named: Iterable[str]) -> None:
    """Remove the numbered folders whose names are not among these."""
    kept = set(named)
    for path in folder.glob("[0-9]*"):
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path)


def write_list(file: Path, told: Json) -> None:
    """Put a list in place of the one before, whole or not at all."""
    text = json.dumps({"hash": _hash(told), "told": told}, indent=1) + "\n"
    unfinished = file.with_name(f".{file.name}.unfinished")
    with unfinished.open("w", encoding="utf-8") as content:
        content.write(text)
        content.flush()
        os.fsync(content.fileno())
    unfinished.replace(file)


def read_list(file: Path) -> Json:
    """The list that `write_list` put there.

    Raises:
        FileNotFoundError: where none was put.
        DamagedError: for a list that is not what was written.
    """
    try:
        found: Json = json.loads(file.read_text(encoding="utf-8"))
        told: Json = found["told"]
        expected = found["hash"]
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise DamagedError(f"file {file}: expected a list with its hash, got {error!r}") from error
    if _hash(told) != expected:
        raise DamagedError(f"file {file}: expected the hash {expected}, found {_hash(told)}")
    return told


def _hash(told: Json) -> str:
    text = json.dumps(told, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).hexdigest()
