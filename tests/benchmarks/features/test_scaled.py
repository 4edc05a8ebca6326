"""The comparison of one process with workers: its book, one run of it, and what it says."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.features.population import Population
from benchmarks.features.scaled import main, read_book, section
from benchmarks.features.tables import write_tables
from features.schema import RECORDED_AT

FEW = Population(accounts=12, seed=5)


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    write_tables(FEW, tmp_path / "12-5")
    (tmp_path / "12-5" / "complete").touch()
    return tmp_path


def test_the_made_up_tables_are_a_book_of_the_contract(tables: Path) -> None:
    book = read_book(tables / "12-5", FEW.until)

    activities = book["activities"].collect()
    assert book.observed_until == FEW.until
    assert activities.height == 1_200
    assert activities[RECORDED_AT].null_count() == 0
    assert book["opportunities"].collect()[RECORDED_AT].null_count() == 0
    assert book.has("activities.direction", "invoices.amount", "tickets.csat")


@pytest.mark.parametrize(("entity", "rows"), [("account", 24), ("deal", 72)])
def test_one_run_tells_seconds_memory_and_a_digest(
    tables: Path, capsys: pytest.CaptureFixture[str], entity: str, rows: int
) -> None:
    words = ["--accounts", "12", "--seed", "5", "--entity", entity, "--tables", str(tables)]

    code = main([*words, "--parts", "2", "--once", "one process"])

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["rows"] == rows
    assert told["seconds"] > 0
    assert 0 < told["cores_busy"] < 100
    assert list(told["peak_mb"]) == ["this process"]
    assert told["peak_mb"]["this process"] > 50
    assert sorted(path.name for path in tables.iterdir()) == ["12-5"]


@pytest.mark.parametrize(("digest", "code", "said"), [("1", 0, "the same"), ("2", 1, "DIFFER")])
def test_frames_that_differ_are_said_and_fail(
    tables: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    digest: str,
    code: int,
    said: str,
) -> None:
    told = {"started_in": 0.0, "seconds": 3.0, "cores_busy": 1.7, "rows": 24}
    told["peak_mb"] = {"this process": 90}
    runs = {
        "one process": {**told, "digest": "1"},
        "dask": {**told, "seconds": 2.0, "digest": digest},
    }
    monkeypatch.setattr(
        "benchmarks.features.scaled._started", lambda asked, engine, given: runs[engine]
    )

    page = tables / "page.md"

    found = main(["--accounts", "12", "--seed", "5", "--tables", str(tables), "--page", str(page)])

    words = capsys.readouterr().out
    assert "| dask | 2 | 1.70 | 90 |" in page.read_text()
    assert ("not the same" in page.read_text()) == (digest == "2")
    assert found == code
    assert said in words
    assert "1.50" in words


@pytest.mark.parametrize(("seconds", "is_told"), [(2.0, False), (2.9, True)])
def test_a_small_gain_is_explained(tables: Path, seconds: float, *, is_told: bool) -> None:
    one = {"seconds": 3.0, "cores_busy": 1.7, "peak_mb": {"a": 1}, "rows": 24, "digest": "1"}
    asked = Namespace(entity="account", as_ofs=2, accounts=12, parts=4, workers=2)

    words = section({"one process": one, "dask": {**one, "seconds": seconds}}, asked)

    assert ("One process keeps 1.7" in words) is is_told
