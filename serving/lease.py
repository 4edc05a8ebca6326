"""Lease: one process at a time holds a file; the system gives it back when the process ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRY_AGAIN_SECONDS = 0.05


class LeaseHeldError(RuntimeError):
    """Another process holds the lease, and the wait for it is over."""


@contextmanager
def hold(path: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lease at `path` for the length of the block.

    Args:
        path: a file that is made when absent and never removed: removing a locked file would
            let a second holder lock a new one of the same name.
        wait_seconds: how long to wait for another holder; 0 does not wait.

    Raises:
        LeaseHeldError: when another holder has not finished in time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, path, until=time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, *, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise LeaseHeldError(
                    f"expected {path} to be free, found another run holding it"
                ) from None
            time.sleep(TRY_AGAIN_SECONDS)
        else:
            return
