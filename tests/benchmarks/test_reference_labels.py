import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks import reference_labels
from tests.benchmarks.reference.fakes import question_told, recipe


def run_in(tmp_path: Path, *more: str) -> int:
    places = ("--results", str(tmp_path / "results"), "--page", str(tmp_path / "page.md"))
    return reference_labels.main(["--data", str(tmp_path / "data"), *places, *more])


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(dataset: Any, source: Path, *, now: datetime) -> dict[str, Any]:
        told = question_told(recipe(0.76, 0.58, earlier=0.5))
        run = {"evaluated_on": date(2026, 1, 2).isoformat(), "versions": {"lightgbm": "4.7.0"}}
        return {**run, "questions": [{**told, "name": f"asked of {dataset.name}"}]}

    monkeypatch.setattr(reference_labels, "judged", judged)
    for name in ("online_retail", "receivables", "bpi2012"):
        (tmp_path / "data" / name).mkdir(parents=True)


@pytest.mark.usefixtures("sets")
def test_the_section_is_made_anew_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n\nWords.\n")

    assert run_in(tmp_path) == 0
    once = page.read_text()
    assert run_in(tmp_path) == 0

    assert page.read_text() == once
    assert once.startswith("# Title\n\nWords.\n")
    assert once.count("## On the reference labels") == 1
    assert once.index("asked of online_retail") < once.index("asked of receivables")


@pytest.mark.usefixtures("sets")
def test_one_set_is_put_beside_those_that_were_run_before(tmp_path: Path) -> None:
    run_in(tmp_path, "--only", "receivables")
    run_in(tmp_path, "--only", "online_retail")

    found = json.loads((tmp_path / "results" / "reference_labels.json").read_text())
    assert list(found["sets"]) == ["online_retail", "receivables"]


def test_without_any_set_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    assert run_in(tmp_path) == 3
    assert not (tmp_path / "page.md").exists()
