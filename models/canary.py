"""Canary: loads a bundle in a process of its own, and dies of it if that is what it does."""

import sys
from pathlib import Path

from models.bundle import BundleError, read_bundle


def main(arguments: list[str]) -> int:
    """Load the folder and reproduce its golden rows; 0 when all is well.

    Args:
        arguments: the folder, and optionally the hash it must have.
    """
    if len(arguments) not in (1, 2):
        sys.stderr.write("expected a folder and, if known, its bundle hash\n")
        return 2
    try:
        expected = arguments[1] if len(arguments) == 2 else None
        bundle = read_bundle(Path(arguments[0]), expected=expected)
    except BundleError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{bundle.hash}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
