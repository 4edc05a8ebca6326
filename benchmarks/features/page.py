"""Page: the section of docs/benchmarks.md and its picture, made out of the result files alone.

`python -m benchmarks.features.page` makes both anew.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.features.process import ROOT
from training.plots import ACCENT, QUIET, SOFT, STYLE

RESULTS = ROOT / "benchmarks" / "results" / "features"
PAGE = ROOT / "docs" / "benchmarks.md"

HEAD = "# Benchmarks\n\nWritten from the files under `benchmarks/results/`; do not edit.\n"
INTRO = """\
## Features, many as-of moments

The 61 features of `benchmarks/features/core61.py` for every account at every as-of moment, over \
made-up tables: 100 activities, 25 changes of deals, 20 invoices and 5 tickets for an account, \
heavy-tailed, 5 % of the rows recorded late. Every way reads the same definitions, is held row by \
row against a plain loop over them (`python -m benchmarks.features.agree`), and its sums are \
compared again at full size. Each run is a process of its own, the ways take turns after a round \
that is not counted, and figures are medians. Seconds are those of reading, computing and handing \
over the columns, without the start of the process; memory is the whole process's peak. "Every \
account feature" is the whole catalogue, the statistics of the book included; its limit reads all \
the columns that it needs.

To do it again: install `benchmarks/features/requirements.txt` beside the project, then \
`python -m benchmarks.features.compare --accounts 50000 --page docs/benchmarks.md`. Featuretools \
does not run with pandas 3; it has an environment of its own, \
`benchmarks/features/featuretools.txt`, and is named with `--python featuretools=PATH`. It looks \
at one time per row, so rows recorded late are not right there, and it leaves out the two open \
states.
"""
_OF_CATALOGUE = ("catalogue", "decode-all")
"""Tell other features, or their limit; not in the picture."""

_MARKS = ("o", "s", "D", "^", "v", "P", "X")

Json = dict[str, Any]


def write_page(results: Path = RESULTS, page: Path = PAGE) -> None:
    """Put the section of these results into the page, and its picture into a folder beside it.

    What other benchmarks wrote into the page stays.

    Raises:
        ValueError: when there is no result.
    """
    found = [json.loads(file.read_text("utf-8")) for file in sorted(results.glob("*.json"))]
    if not found:
        raise ValueError(f"expected result files in {results}, found none")
    found.sort(key=lambda result: (len(result["as_ofs"]), result["months"], result["accounts"]))
    picture = page.with_suffix("") / "features.svg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw(found, picture)
    link = f"{picture.parent.name}/{picture.name}"
    write_section("features", section(found, link), page)


def write_section(name: str, text: str, page: Path = PAGE) -> None:
    """Put a section into the page; what other benchmarks wrote there stays."""
    page.parent.mkdir(parents=True, exist_ok=True)
    before = page.read_text("utf-8") if page.is_file() else HEAD
    page.write_text(placed(before, name, text), encoding="utf-8")


def placed(page: str, name: str, text: str) -> str:
    """The page with the section between its marks; at the end where there are none yet."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begin}\n{text}{end}\n"
    if begin not in page:
        return f"{page}\n{block}"
    before, rest = page.split(begin, 1)
    return f"{before}{block}{rest.split(end, 1)[1].removeprefix(chr(10))}"


def section(results: Sequence[Json], picture: str) -> str:
    """Words, a table for each size, and the picture."""
    tables = "\n".join(line for result in results for line in _table(result))
    return f"{INTRO}\n{tables}\n![Seconds and memory by size]({picture})\n"


def _table(result: Json) -> Iterator[str]:
    peers: Mapping[str, Json] = result["peers"]
    yield (
        f"**{result['accounts']:,} accounts, {len(result['as_ofs'])} as-of moments "
        f"{_apart(result['months'])}**, {result['cores']} cores"
    )
    yield ""
    yield "| way | seconds | lowest – highest | against its limit | peak MB |"
    yield "|---|---|---|---|---|"
    for peer in sorted(peers.values(), key=_seconds):
        limit = peers.get(peer["limit"])
        times = f"{_seconds(peer) / _seconds(limit):.1f} ×" if limit else "–"
        spread = f"{min(peer['seconds']):.2f} – {max(peer['seconds']):.2f}"
        memory = f"{median(peer['peak_mb']):,.0f}"
        yield f"| {peer['words']} | {_seconds(peer):.2f} | {spread} | {times} | {memory} |"
    yield ""
    runs = {len(peer["seconds"]) for peer in peers.values()}
    # A package can be there twice: a peer may live in an environment of its own.
    versions = {pair for peer in peers.values() for pair in peer["versions"].items()}
    named = ", ".join(f"{name} {number}" for name, number in sorted(versions))
    yield f"Runs of each: {min(runs, default=0)}. {named}."
    for name, why in result["skipped"].items():
        yield f"Left out: {name} ({why})."
    for name, columns in result["differs"].items():
        yield f"**{name} differs from the others in {', '.join(columns)}.**"
    yield ""


def _apart(months: int) -> str:
    return "a month apart" if months == 1 else f"{months} months apart"


def _seconds(peer: Json) -> float:
    return float(median(peer["seconds"]))


def draw(results: Sequence[Json], path: Path) -> None:
    """Seconds and peak memory by number of accounts, for the as_of moments most sizes have."""
    shapes = [(len(result["as_ofs"]), result["months"]) for result in results]
    shape = max(shapes, key=shapes.count)
    shown = [result for result, other in zip(results, shapes, strict=True) if other == shape]
    with mpl.rc_context(dict(STYLE)):
        sheet = Drawing(figsize=(8.6, 4.2), layout="constrained")
        left, right = sheet.subplots(1, 2)
        _lines(left, shown, "seconds")
        _lines(right, shown, "peak_mb")
        left.set_title(f"Seconds, {shape[0]} as-of moments")
        right.set_title("Peak memory, MB")
        handles, labels = left.get_legend_handles_labels()
        sheet.legend(handles, labels, loc="outside lower center", ncols=2, fontsize="small")
        sheet.savefig(path, format="svg", metadata={"Date": None, "Creator": None})


def _lines(axes: Axes, results: Sequence[Json], figure: str) -> None:
    names = dict.fromkeys(name for result in results for name in result["peers"])
    names = [name for name in names if not name.startswith(_OF_CATALOGUE)]
    for place, name in enumerate(names):
        there = [result for result in results if name in result["peers"]]
        medians = [median(result["peers"][name][figure]) for result in there]
        colour = ACCENT if name == "bucketlist" else QUIET if name == "decode" else SOFT
        axes.plot(
            [result["accounts"] for result in there], medians, marker=_MARKS[place % len(_MARKS)],
            color=colour, label=there[0]["peers"][name]["words"],
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("accounts")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_tick))
        axis.set_minor_formatter(NullFormatter())


def _tick(number: float, place: int | None) -> str:
    del place
    return f"{number:,.0f}" if number >= 1 else f"{number:g}"


if __name__ == "__main__":
    write_page()
    sys.exit(0)
