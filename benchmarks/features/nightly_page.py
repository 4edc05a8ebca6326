"""The section of docs/benchmarks.md about nights, made out of the result file alone.

`python -m benchmarks.features.nightly_page` makes it anew.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.features.page import PAGE, write_section
from benchmarks.features.process import ROOT

RESULTS = ROOT / "benchmarks" / "results" / "nightly.json"

_WORDS = {
    "ahead": "the first evening: every account, 7 nights ahead",
    "night nothing": "a night, nothing changed but the date",
    "rebuild nothing": "… described anew",
    "night changed": "a night, accounts changed",
    "rebuild changed": "… described anew",
}

Json = Mapping[str, Any]


def section(told: Json) -> str:
    """Words and a table for the page."""
    steps: Json = told["steps"]
    rows = "\n".join(_row(steps, name, words) for name, words in _WORDS.items())
    night = steps["night changed"]
    is_same = all(steps[name]["is_same"] for name in ("night nothing", "night changed"))
    return f"""\
## Features, night by night

Every account feature of the catalogue, {told["accounts"]:,} accounts, {told["accounts"] * 100:,} \
activities, two thirds of the deals closed. Between the evenings {night["changed"]:,} accounts get \
rows that are new, others or gone. Each step is a process of its own, medians of \
{told["repeat"]}; {"every night has the bits of its rebuild" if is_same else "**NOT THE SAME**"}. \
To do it again: `python -m benchmarks.features.nightly --accounts {told["accounts"]}`. What is \
done stands in [decision 8](decisions/0008-nights-described-ahead.md).

| step | seconds | seconds of the processor | peak MB | of a rebuild | bytes of rows read |
|---|---|---|---|---|---|
{rows}

A week of nights with so many changes, its first evening included, takes {told["week"]:.0%} of \
seven rebuilds. To enter the book into the ledger for the first time takes seconds of its own, \
which are not in the table.
"""


def write(results: Path = RESULTS, page: Path = PAGE) -> None:
    """Put the section of the results into the page."""
    write_section("nightly", section(json.loads(results.read_text("utf-8"))), page)


def _row(steps: Json, name: str, words: str) -> str:
    step: Json = steps[name]
    ratio = f"{step['ratio']:.1%}" if "ratio" in step else ""
    read = f"{step['bytes_share']:.2%}" if "bytes_share" in step else ""
    return (
        f"| {words} | {step['seconds']:.2f} | {step['cpu_seconds']:.2f} | "
        f"{step['peak_mb']:,.0f} | {ratio} | {read} |"
    )


if __name__ == "__main__":
    write()
    sys.exit(0)
