"""Pieces: files of a cell's work folder, each there whole or not at all.

A run that was killed finds the pieces that were finished and makes the others. A piece made by
other code is of no use: the folder holds the edition of the code beside them.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("features", "models", "training", "bucketlist/oracle*", "benchmarks/grid")
"""What a result depends on, as patterns under the root."""

TELLING = ("document.py", "goals.py", "results.py", "run.py", "standings.py")
"""Files of this package that arrange results, and make none."""

EDITION_FILE = "edition.txt"


def edition(root: Path = ROOT) -> str:
    """Twelve hexadecimal digits that change with any line of the code behind a result."""
    digest = hashlib.sha256()
    for path in _sources(root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def open_folder(folder: Path, of: str) -> bool:
    """Make the work folder of an edition, and empty it first if it is of another.

    Args:
        folder: the work folder.
        of: the edition of the code that runs now.

    Returns:
        Whether pieces of another edition were thrown away.
    """
    note = folder / EDITION_FILE
    is_other = folder.is_dir() and not (note.is_file() and note.read_text("utf-8") == of)
    if is_other:
        shutil.rmtree(folder)
    if not note.is_file():
        write_text(note, of)
    return is_other


def piece(path: Path, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """The frame of that file, which is made and written if it is not there yet."""
    if not path.is_file():
        write_frame(path, make())
    return pl.read_parquet(path)


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write a Parquet file under a hidden name, then give it its own."""
    unfinished = _hidden(path)
    frame.write_parquet(unfinished)
    unfinished.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file under a hidden name, then give it its own."""
    unfinished = _hidden(path)
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write sorted JSON; a number that JSON does not have is refused.

    Raises:
        ValueError: for NaN and the infinities.
    """
    write_text(path, json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n")


def _hidden(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}")


def _sources(root: Path) -> list[Path]:
    found: set[Path] = set()
    for pattern in SOURCES:
        for place in root.glob(pattern):
            files = place.rglob("*") if place.is_dir() else [place]
            found |= {file for file in files if file.suffix in {".py", ".toml"}}
    own = root / "benchmarks" / "grid"
    return sorted(found - {own / name for name in TELLING})
