import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks import evaluate
from benchmarks.datasets import receivables
from features.book import Book

LINES = [
    (
        "countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,"
        "Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate"
    ),
    "391,0379-NEVHP,4/6/2013,611365,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0",
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "receivables"
    folder.mkdir(parents=True)
    (folder / receivables.FILE).write_text("\n".join(LINES) + "\n")
    return tmp_path / "data"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The experiments and row counts that the walk-forward was asked for."""
    calls: list[tuple[str, int]] = []

    def backtest(book: Book, experiment: Any, calendar: Any, *, out: Path, progress: Any) -> None:
        calls.append((experiment.name, book["invoices"].collect().height))
        out.mkdir(parents=True)
        (out / "metrics.json").write_text('{"schema": 1}')

    monkeypatch.setattr("benchmarks.evaluate.backtest", backtest)
    monkeypatch.setattr(evaluate, "page", lambda there, missing: f"{len(there)} {missing}")
    return calls


def run_in(tmp_path: Path, data: Path, *more: str) -> int:
    out, results = tmp_path / "page.md", tmp_path / "results"
    return evaluate.main(["--data", str(data), "--out", str(out), "--results", str(results), *more])


def test_each_set_that_is_there_is_run_with_its_own_experiment(
    tmp_path: Path,
    data: Path,
    asked: list[tuple[str, int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run_in(tmp_path, data)

    assert code == 0
    assert asked == [("receivables", 1)]
    assert (tmp_path / "page.md").read_text() == "1 ['online_retail', 'bpi2012']"
    assert "bpi2012: missing" in capsys.readouterr().err


def test_the_result_file_says_what_was_run_and_not_where(
    tmp_path: Path, data: Path, asked: list[tuple[str, int]]
) -> None:
    run_in(tmp_path, data, "--sets", "receivables")

    text = (tmp_path / "results" / "receivables.json").read_text()
    found = json.loads(text)
    assert found["set"] == "receivables"
    assert found["rows_in"] == 1
    assert {"Python", "polars", "lightgbm"} <= set(found["versions"])
    assert found["evaluated_on"] == datetime.now(UTC).date().isoformat()
    assert str(tmp_path) not in text


def test_without_any_set_nothing_is_written(
    tmp_path: Path, data: Path, asked: list[tuple[str, int]]
) -> None:
    code = run_in(tmp_path, data, "--sets", "bpi2012")

    assert code == 3
    assert not (tmp_path / "page.md").exists()


def test_an_unknown_set_is_refused_with_the_known_ones(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_in(tmp_path, data, "--sets", "retail")

    assert code == 2
    assert "expected sets out of online_retail, receivables, bpi2012, got retail" in (
        capsys.readouterr().err
    )
