"""Disk: writing that a crash or a loss of power cannot leave half done."""

import os
import secrets
from pathlib import Path

TEMPORARY = ".new-"


def temporary_in(folder: Path) -> Path:
    """A name in `folder` that nothing looks at, for what is not whole yet."""
    return folder / f"{TEMPORARY}{secrets.token_hex(8)}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that readers see the former content or all of the new, also after a crash."""
    new = temporary_in(path.parent)
    try:
        write_synced(new, content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    sync(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, safe against a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """`sync` for everything in a folder, the folder last."""
    for path in sorted(folder.rglob("*"), reverse=True):
        sync(path)
    sync(folder)
