"""The reference labels of real sets: `python -m benchmarks.reference_labels --data DIR`.

Each label is learnt and judged on the reference's own split, beside the reference's printed
figures and beside a logistic that is fitted again on the same rows. Every set is written when it
is done; its section of the page is made anew at the end, and the rest of the page stays.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.evaluate import SETS, DataSet, read, say, versions, write_whole
from benchmarks.features.page import placed
from benchmarks.reference.page import FILE, NAME, section
from benchmarks.reference.questions import Question, of_receivables, of_retail
from benchmarks.reference.trial import tried

QUESTIONS: Mapping[str, Callable[[], tuple[Question, ...]]] = {
    "online_retail": of_retail,
    "receivables": of_receivables,
}

Json = dict[str, object]


def judged(dataset: DataSet, source: Path, *, now: datetime) -> Json:
    """What a result file holds of one set: every question of it.

    Raises:
        RawDataError: when a raw file or column is missing.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        _, book = read(dataset, source, tables=Path(folder), now=now)
        questions = [
            tried(book, question, dataset.calendar) for question in QUESTIONS[dataset.name]()
        ]
    say(f"{dataset.name}: {time.perf_counter() - started:.0f} s")
    return {
        "evaluated_on": now.date().isoformat(),
        "versions": versions(),
        "questions": questions,
    }


def add(file: Path, name: str, result: Json) -> None:
    """Put one set's result beside those that are there already, in the order of the questions."""
    before = json.loads(file.read_text(encoding="utf-8"))["sets"] if file.is_file() else {}
    after = {**before, name: result}
    ordered = {known: after[known] for known in QUESTIONS if known in after}
    write_whole(file, json.dumps({"sets": ordered}, indent=1) + "\n")


def write_section(results: Path, page: Path) -> None:
    """Make the section anew from the result file; at the end of a page that lacks it."""
    found = json.loads((results / FILE).read_text(encoding="utf-8"))
    before = page.read_text(encoding="utf-8") if page.is_file() else ""
    write_whole(page, placed(before, NAME, section(found)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the sets that are there: 0 when one was, 3 when none was."""
    options = _options(arguments)
    done = 0
    for dataset in SETS:
        if dataset.name not in QUESTIONS or options.only not in ("", dataset.name):
            continue
        source = options.data / dataset.name
        if not source.is_dir():
            say(f"{dataset.name}: missing, expected a folder of that name")
            continue
        add(options.results / FILE, dataset.name, judged(dataset, source, now=datetime.now(UTC)))
        done += 1
    if done == 0:
        say("no set was found, nothing was written")
        return 3
    write_section(options.results, options.page)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reference_labels", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder per set")
    parser.add_argument(
        "--only", choices=tuple(QUESTIONS), default="", help="one set; both unless given"
    )
    parser.add_argument("--page", type=Path, default=Path("docs/evaluation.md"), help="the page")
    parser.add_argument(
        "--results", type=Path, default=Path("benchmarks/results"), help="where the JSON goes"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
