"""The win curve on BPI Challenge 2012: `python -m benchmarks.bpi --data DIR`.

Both reference lines on their own rows, offers by the age of the application, and the days that
the curve names. The section of the page is made anew, and the rest of the page stays.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bpi.days import named_days
from benchmarks.bpi.offers import by_age
from benchmarks.bpi.page import FILE, NAME, section
from benchmarks.bpi.recipes import recipes
from benchmarks.bpi.rows import described
from benchmarks.bpi.trial import standings_of, tried
from benchmarks.evaluate import SETS, DataSet, read, say, versions, write_whole
from benchmarks.features.page import placed


def result_of(dataset: DataSet, source: Path, *, now: datetime) -> Mapping[str, object]:
    """What the result file holds.

    Raises:
        RawDataError: when the raw file or a column is missing.
    """
    started = time.perf_counter()
    calendar, experiment = dataset.calendar, dataset.experiment
    with tempfile.TemporaryDirectory() as folder:
        _, book = read(dataset, source, tables=Path(folder), now=now)
        examples = described(book, calendar, experiment.commitment)
        standings = standings_of(examples, recipes(), calendar)
        say(f"chosen: {standings[0].recipe}, log loss {standings[0].mean:.4f} on earlier splits")
        trial = tried(examples, standings, calendar)
        days = named_days(examples, standings[0].recipe, calendar)
        offers = by_age(book, experiment, calendar, say)
    say(f"{dataset.name}: {time.perf_counter() - started:.0f} s")
    return {
        "evaluated_on": now.date().isoformat(),
        "versions": versions(),
        "trial": trial,
        "offers": offers,
        "days": days,
    }


def write_section(results: Path, page: Path) -> None:
    """Make the section anew from the result file; at the end of a page that lacks it."""
    found = json.loads((results / FILE).read_text(encoding="utf-8"))
    before = page.read_text(encoding="utf-8") if page.is_file() else ""
    write_whole(page, placed(before, NAME, section(found)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the set and print the section: 0, or 3 when the set is not there."""
    options = _options(arguments)
    dataset = next(found for found in SETS if found.name == "bpi2012")
    source = options.data / dataset.name
    if not source.is_dir():
        say(f"{dataset.name}: missing, expected a folder of that name")
        return 3
    result = result_of(dataset, source, now=datetime.now(UTC))
    write_whole(options.results / FILE, json.dumps(result, indent=1) + "\n")
    write_section(options.results, options.page)
    print(section(result))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bpi", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument("--page", type=Path, default=Path("docs/evaluation.md"), help="the page")
    parser.add_argument(
        "--results", type=Path, default=Path("benchmarks/results"), help="where the JSON goes"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
