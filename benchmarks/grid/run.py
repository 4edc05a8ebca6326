"""Run the evaluation grid: `python -m benchmarks.grid.run --part small` or `--part full`.

A cell that has its result file is passed over; a run that was killed goes on at the step it was
at. The document is made anew after every cell, out of the result files alone.
"""

import argparse
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.grid.cells import EXTENTS, REGIMES, Cell, Extent, chosen
from benchmarks.grid.document import document
from benchmarks.grid.evaluation import Steps, evaluate_cell
from benchmarks.grid.pieces import ROOT, edition, open_folder, write_json, write_text
from benchmarks.grid.results import edition_told, is_told, joined, read_result
from training.config import PARTS, Part
from training.walk import Progress

RESULTS = ROOT / "benchmarks" / "results" / "worlds"
WORK = ROOT / "reports" / "grid"
DOCUMENT = ROOT / "docs" / "worlds-evaluation.md"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run reads and writes.

    Attributes:
        results: one JSON per cell.
        work: one folder per unfinished cell.
        document: the page that is made from the results.
    """

    results: Path = RESULTS
    work: Path = WORK
    document: Path = DOCUMENT


def run_cells(
    cells: Sequence[Cell],
    places: Places,
    steps: Steps,
    *,
    say: Progress,
    parts: Sequence[Part] = PARTS,
) -> list[Cell]:
    """Evaluate the cells one by one, and make the document after each.

    A cell that fails is said and left for the next run; the others go on.

    Returns:
        The cells that failed.
    """
    code, failed = edition(), []
    for number, cell in enumerate(cells, start=1):

        def tell(text: str, place: str = f"cell {number} of {len(cells)}, {cell.name}") -> None:
            say(f"{place}: {text}")

        try:
            run_cell(cell, places, steps, code=code, say=tell, parts=parts)
        except Exception:  # noqa: BLE001  one world must not stop all the others
            tell(f"FAILED\n{traceback.format_exc()}")
            failed.append(cell)
            continue
        write_document(places)
    return failed


def run_cell(
    cell: Cell,
    places: Places,
    steps: Steps,
    *,
    code: str,
    say: Progress,
    parts: Sequence[Part] = PARTS,
) -> None:
    """Evaluate one cell, write its result, and clear its work folder.

    Args:
        cell: the world.
        places: where to write.
        steps: the long steps.
        code: edition of the code; pieces of another are made anew.
        say: told every step.
        parts: what is evaluated; a result of the other part stays.
    """
    folder = places.work / "-".join([cell.name, *(parts if len(parts) < len(PARTS) else ())])
    if open_folder(folder, code):
        say("the code has changed since this cell was begun, so it is begun anew")
    say("begun")
    found = evaluate_cell(cell, folder, steps, parts=parts, progress=say)
    file = places.results / f"{cell.name}.json"
    write_json(file, joined(read_result(file), edition_told(found, code)))
    shutil.rmtree(folder)
    say("done")


def write_document(places: Places) -> None:
    """Make the page out of the result files that are there."""
    files = sorted(places.results.glob("*.json"))
    results = [read_result(file) for file in files]
    write_text(places.document, document([found for found in results if found is not None]))


def main(
    arguments: Sequence[str] | None = None,
    *,
    steps: Steps | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Run what was asked for: 0 when all is there, 1 when a cell failed, 2 for no such cell."""
    asked = _options(arguments)
    start = clock()

    def say(text: str) -> None:
        print(f"{clock() - start:7.0f} s  {text}", file=sys.stderr, flush=True)

    cells = _cells(asked)
    if not cells:
        say("expected cells of the grid, none has that part, regime, size and seed")
        return 2
    places = _places(asked)
    parts: tuple[Part, ...] = PARTS if asked.head is None else (asked.head,)
    there = [
        cell for cell in cells if is_told(read_result(places.results / f"{cell.name}.json"), parts)
    ]
    open_cells = [cell for cell in cells if asked.again or cell not in there]
    say(f"{len(open_cells)} of {len(cells)} cells to run, {len(there)} have a result")
    failed = run_cells(open_cells, places, steps or Steps(), say=say, parts=parts)
    if places.results.is_dir():
        write_document(places)
    for cell in failed:
        say(f"failed: {cell.name}")
    return 1 if failed else 0


def _cells(asked: argparse.Namespace) -> tuple[Cell, ...]:
    """The part's cells; a filter without a part chooses from the full grid."""
    has_filter = asked.only is not None or asked.accounts is not None or asked.seeds is not None
    extent: Extent = asked.part or ("full" if has_filter else "small")
    return chosen(extent, only=asked.only, accounts=asked.accounts, seeds=asked.seeds)


def _places(asked: argparse.Namespace) -> Places:
    """Results that go elsewhere take their document with them."""
    beside = asked.results.parent / DOCUMENT.name
    page = DOCUMENT if asked.results.resolve() == RESULTS else beside
    return Places(asked.results, asked.work, page)


def _seeds(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(","))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grid.run", description=__doc__)
    parser.add_argument(
        "--part", choices=EXTENTS, help="small unless a regime, size or seed is given"
    )
    parser.add_argument("--only", choices=REGIMES, help="cells of this regime")
    parser.add_argument("--accounts", type=int, help="cells of this size")
    parser.add_argument("--seeds", type=_seeds, help="cells of these seeds, such as 1,2")
    parser.add_argument("--head", choices=PARTS, help="this part alone; the other's result stays")
    parser.add_argument("--results", type=Path, default=RESULTS, help="one JSON per cell")
    parser.add_argument("--work", type=Path, default=WORK, help="what unfinished cells left")
    parser.add_argument("--again", action="store_true", help="also cells that have a result")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
