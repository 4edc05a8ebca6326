"""The nights beside rebuilds: the books they come from, and what is said of them."""

import json
from pathlib import Path

import polars as pl
import pytest

from benchmarks.features import nightly
from benchmarks.features.nightly import main
from benchmarks.features.nightly_books import read_book, write_books
from benchmarks.features.population import Population
from benchmarks.features.tables import write_tables
from features.digest import changed, digests
from features.schema import ACCOUNT_ID

FEW = Population(accounts=60, seed=5)
WORDS = ("--accounts", "60", "--seed", "5", "--changed", ".2", "--repeat", "1")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(FEW, folder / "60-5")
    (folder / "60-5" / "complete").touch()
    return folder


def test_the_second_book_is_the_first_with_what_changed_of_a_share_of_the_accounts(
    tables: Path, tmp_path: Path
) -> None:
    write_books(FEW, tables / "60-5", tmp_path, 0.2)

    before, after = (read_book(tmp_path / name, FEW, nights=0) for name in ("before", "after"))
    others = changed(digests(before), digests(after))
    fresh = pl.read_parquet(tmp_path / "fresh" / "activities.parquet")

    assert sorted(others) == sorted(fresh[ACCOUNT_ID])
    assert 0 < len(others) <= 12
    assert before["opportunities"].collect()["closed_at"].count() == 120
    paid = pl.read_parquet(tmp_path / "fresh" / "invoices.parquet")
    assert paid["paid_at"].null_count() == 0
    assert len(pl.read_parquet(tmp_path / "removed" / "activities.parquet")) > 0


def test_every_night_is_told_beside_its_rebuild(
    tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "nightly.json"
    places = ("--tables", str(tables), "--work", str(tmp_path / "w"), "--results", str(results))

    page = tmp_path / "benchmarks.md"

    code = main([*WORDS, *places, "--page", str(page)])

    said = capsys.readouterr().out
    told = json.loads(results.read_text("utf-8"))["steps"]
    assert code == 0
    assert said.count("the same") == 2
    assert told["night nothing"]["bytes_read"] == 0
    assert 0 < told["night changed"]["bytes_share"] < 0.7
    assert told["night changed"]["described"] == told["night changed"]["changed"] > 0
    assert (told["night nothing"]["whole"], told["night changed"]["whole"]) == ("", "")
    assert told["ahead"]["whole"] == "nothing is described yet"
    share = told["night changed"]["bytes_share"]
    assert f"| {share:.2%} |" in page.read_text("utf-8")
    assert "every night has the bits of its rebuild" in page.read_text("utf-8")


def test_a_night_that_differs_from_its_rebuild_fails(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(given: object, step: str, work: Path) -> dict[str, object]:
        work.mkdir(parents=True, exist_ok=True)
        times = {"seconds": 1.0, "cpu_seconds": 1.0, "peak_mb": 1.0, "described": 1}
        return {**times, "bytes_read": 1, "bytes_all": 2, "digest": step}

    monkeypatch.setattr(nightly, "_started", run)
    places = ("--tables", str(tables), "--work", str(tmp_path / "w"))

    assert main([*WORDS, *places, "--results", str(tmp_path / "r" / "nightly.json")]) == 1
