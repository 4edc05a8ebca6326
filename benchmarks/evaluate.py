"""Evaluate on public data: `python -m benchmarks.evaluate --data DIR`.

Each set found under DIR is turned into contract tables, opened as any other CRM, and walked
through forward in time with its own experiment. Every run leaves one JSON per set; the page is
made from those files, so that sets can be run one at a time.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from benchmarks.bpi.page import FILE as BPI_FILE
from benchmarks.bpi.page import NAME as BPI_NAME
from benchmarks.bpi.page import section as bpi_section
from benchmarks.datasets import bpi2012, online_retail, receivables
from benchmarks.datasets.conversion import Conversion
from benchmarks.evaluation_page import gains_section, page
from benchmarks.features.page import placed
from benchmarks.reference.page import FILE as REFERENCE_FILE
from benchmarks.reference.page import NAME as REFERENCE_SECTION
from benchmarks.reference.page import section as reference_section
from features.book import Book
from features.calendar import Calendar
from features.crm.source import open_source
from training.config import Experiment, load_experiment
from training.run import backtest

GAINS_FILE = "catalogue_gain.json"
"""What `benchmarks.catalogue_gain` leaves beside the sets' own results."""
PACKAGES = ("bucketlist", "polars", "lightgbm", "scikit-learn", "numpy")


@dataclass(frozen=True, slots=True)
class DataSet:
    """A public data set.

    Attributes:
        name: its folder, its experiment and its result file.
        convert: turns the raw files of a folder into contract tables in another.
        time_zone: where its days begin and end.
    """

    name: str
    convert: Callable[[Path, Path], Conversion]
    time_zone: str

    @property
    def calendar(self) -> Calendar:
        """The days of the set."""
        return Calendar(self.time_zone)

    @property
    def experiment(self) -> Experiment:
        """The recipe that ships for the set."""
        return load_experiment(
            Path(str(files("training").joinpath(f"experiments/{self.name}.toml")))
        )


SETS = (
    DataSet("online_retail", online_retail.convert, online_retail.TIME_ZONE),
    DataSet("receivables", receivables.convert, receivables.TIME_ZONE),
    DataSet("bpi2012", bpi2012.convert, bpi2012.TIME_ZONE),
)


def evaluate(dataset: DataSet, source: Path, *, now: datetime) -> Mapping[str, object]:
    """Run one set and return what its result file holds.

    Args:
        dataset: the set.
        source: the folder of its raw files.
        now: the run's clock, UTC.

    Raises:
        RawDataError: when a raw file or column is missing.
        NotEnoughDataError: when the history is too short for one origin.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "backtest"
        conversion, book = read(dataset, source, tables=Path(folder) / "tables", now=now)
        backtest(book, dataset.experiment, dataset.calendar, out=out, progress=say)
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    say(f"{dataset.name}: {time.perf_counter() - started:.0f} s")
    return {
        "set": dataset.name,
        "evaluated_on": now.date().isoformat(),
        "versions": versions(),
        "rows_in": conversion.rows_in,
        "dropped": dict(conversion.dropped),
        "metrics": metrics,
    }


def read(dataset: DataSet, source: Path, *, tables: Path, now: datetime) -> tuple[Conversion, Book]:
    """Turn the raw files into contract tables, and open those as any other CRM.

    Raises:
        RawDataError: when a raw file or column is missing.
    """
    conversion = dataset.convert(source, tables)
    say(f"{dataset.name}: {conversion.rows_in:,} raw rows")
    found = open_source(f"files:{tables}", calendar=dataset.calendar, now=now).read()
    return conversion, found.book


def versions() -> dict[str, str]:
    """The Python and the packages that the numbers depend on."""
    return {"Python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def write_page(results: Path, out: Path) -> None:
    """Make the page from the result files that are there; the others are named as missing."""
    there, missing = [], []
    for dataset in SETS:
        file = results / f"{dataset.name}.json"
        if file.is_file():
            there.append(json.loads(file.read_text(encoding="utf-8")))
        else:
            missing.append(dataset.name)
    text, gains = page(there, missing), results / GAINS_FILE
    if gains.is_file():
        text += gains_section(json.loads(gains.read_text(encoding="utf-8")))
    reference = results / REFERENCE_FILE
    if reference.is_file():
        told = json.loads(reference.read_text(encoding="utf-8"))
        text = placed(text, REFERENCE_SECTION, reference_section(told))
    curve = results / BPI_FILE
    if curve.is_file():
        text = placed(text, BPI_NAME, bpi_section(json.loads(curve.read_text(encoding="utf-8"))))
    write_whole(out, text)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def say(text: str) -> None:
    """One line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate what is there: 0 when a set was, 3 when none was, 2 for an unknown name."""
    options = _options(arguments)
    wanted = options.sets.split(",") if options.sets else [dataset.name for dataset in SETS]
    unknown = sorted(set(wanted) - {dataset.name for dataset in SETS})
    if unknown:
        known = ", ".join(dataset.name for dataset in SETS)
        say(f"expected sets out of {known}, got {', '.join(unknown)}")
        return 2
    evaluated = 0
    for dataset in SETS:
        if dataset.name not in wanted:
            continue
        source = options.data / dataset.name
        if not source.is_dir():
            say(f"{dataset.name}: missing, expected a folder of that name")
            continue
        result = evaluate(dataset, source, now=datetime.now(UTC))
        text = json.dumps(result, indent=1, default=str) + "\n"
        write_whole(options.results / f"{dataset.name}.json", text)
        evaluated += 1
    if evaluated == 0:
        say("no set was found, nothing was written")
        return 3
    write_page(options.results, options.out)
    say(f"{evaluated} of {len(wanted)} sets evaluated, page written")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"), help="the page")
    parser.add_argument(
        "--results", type=Path, default=Path("benchmarks/results"), help="one JSON per set"
    )
    parser.add_argument("--sets", default="", help="names, separated by commas; all unless given")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
