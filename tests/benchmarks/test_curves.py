"""The benchmark of win curves: small worlds, and what is said of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks import curves
from benchmarks.curves import main, measure, naive_curves, read_deals, read_model, write_model
from features.calendar import Calendar

CALENDAR = Calendar()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("model")
    write_model(found, accounts=60, seed=3)
    return found


def test_the_fast_curves_are_the_naive_ones(folder: Path) -> None:
    model = read_model(folder)
    deals = read_deals(folder, 150, seed=1, one_day=True)

    fast, naive = model.curve(deals.X, deals.state, CALENDAR), naive_curves(model, deals, CALENDAR)

    assert np.abs(fast.won - naive.won).max() < 1e-12
    assert np.ptp(naive.won[:, -1]) > 0.1


def test_deals_are_open_on_one_day_or_on_the_days_they_were_described(folder: Path) -> None:
    one, many = (read_deals(folder, 400, seed=1, one_day=way) for way in (True, False))

    assert one.state["as_of"].n_unique() == 1
    assert many.state["as_of"].n_unique() > 10
    assert 0 < one.state["committed_on"].null_count() < 60
    assert one.X.equals(many.X)
    assert one.state["amount"].equals(many.state["amount"])


def test_every_way_is_timed_as_often_as_asked(folder: Path) -> None:
    found = measure(folder, 40, repeat=2)

    assert set(found["ways"]) == {"curves", "other_moments", "reasons", "naive"}
    assert all(len(way["seconds"]) == 2 for way in found["ways"].values())
    assert found["largest_gap"] < 1e-12
    assert found["peak_mb"] > 50
    assert 1 < found["moments"] <= 40


def told_by(_: str, words: Sequence[str]) -> dict[str, Any]:
    """As if a process had measured: the naive way takes ten times as long."""
    count = int(words[1])
    taken = {"curves": 2.0, "other_moments": 3.0, "reasons": 4.0, "naive": 20.0}
    return {
        "deals": count,
        "moments": 7,
        "other_moments": 9,
        "largest_gap": 2e-15,
        "peak_mb": 321,
        "ways": {
            name: {"seconds": [seconds, 99.0, seconds], "cpu_seconds": [1.0, 1.0, 1.0]}
            for name, seconds in taken.items()
        },
    }


def test_the_page_tells_medians_and_the_ratio_of_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results, page = tmp_path / "curves.json", tmp_path / "page.md"
    page.write_text("# Benchmarks\n\nothers\n", encoding="utf-8")
    model = {"features": 5, "steps": 45, "trees": 1_200}
    monkeypatch.setattr(curves, "told_by", told_by)
    monkeypatch.setattr(curves, "write_model", lambda *_, **__: model)

    code = main(["--deals", "50", "10", "--results", str(results), "--page", str(page)])

    said = page.read_text("utf-8")
    rows = [line for line in said.splitlines() if line.startswith(("| 10 ", "| 50 "))]
    assert code == 0
    assert rows[0] == (
        "| 10 | 2.00 (1.00) | 3.00 (1.00) | 4.00 (1.00) | 6.00 (2.00) | 20.00 (1.00) | 10.0 × "
        "| 321 |"
    )
    assert rows[1].startswith("| 50 |")
    assert "others" in said
    assert "<!-- curves: begin -->" in said
    assert json.loads(results.read_text("utf-8"))["trees"] == 1_200
    assert rows[0] in capsys.readouterr().out


def test_a_section_is_made_from_the_results_alone() -> None:
    told = json.loads(curves.RESULTS.read_text("utf-8"))

    assert curves.section(told) in curves.PAGE.read_text("utf-8")
    assert pl.Series([size["largest_gap"] for size in told["sizes"]]).max() < 1e-12
