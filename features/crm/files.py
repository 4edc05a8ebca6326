"""Files: contract tables from a folder of `TABLE.csv` or `TABLE.parquet`."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.crm.accounting import Rulebook
from features.crm.given import Given, from_frame, from_records
from features.crm.reading import Reading, read_tables
from features.crm.records import cut
from features.schema import TABLES, SchemaError

SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class FilesSource:
    """A folder of contract tables, each as CSV (UTF-8, commas, a header row) or Parquet."""

    folder: Path
    rulebook: Rulebook

    def read(self) -> Reading:
        """Read every table of the folder; other files are named in the report and left alone.

        Raises:
            SchemaError: for a folder without tables, a table in two files or one without its
                required columns.
        """
        if not self.folder.is_dir():
            found = "a file" if self.folder.exists() else "nothing"
            raise SchemaError(f"files:{self.folder}: expected a folder of tables, found {found}")
        files = sorted(path for path in self.folder.iterdir() if not path.name.startswith("."))
        tables = [path for path in files if path.stem in TABLES and path.suffix in SUFFIXES]
        others = tuple(path.name for path in files if path not in tables)
        if not tables:
            raise SchemaError(
                f"files:{self.folder}: expected tables such as accounts.csv or accounts.parquet, "
                f"found {', '.join(others) or 'an empty folder'}"
            )
        _refuse_twice(tables)
        return read_tables(
            [_given(path) for path in tables],
            self.rulebook,
            source=f"files:{self.folder}",
            unknown_files=others,
        )


def _refuse_twice(paths: list[Path]) -> None:
    stems = [path.stem for path in paths]
    for stem in stems:
        if stems.count(stem) > 1:
            names = ", ".join(path.name for path in paths if path.stem == stem)
            raise SchemaError(f"table {stem}: expected one file, found {names}")


def _given(path: Path) -> Given:
    if path.suffix == ".csv":
        return from_records(path.stem, path.name, cut(path.read_bytes(), path.name))
    try:
        frame = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise SchemaError(f"file {path.name}: expected Parquet, found {error}") from error
    return from_frame(path.stem, path.name, frame)
