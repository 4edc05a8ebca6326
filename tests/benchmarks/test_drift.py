"""The benchmark of drift: what becomes of told rows, result file and page."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks import drift
from benchmarks.drift import figures_of, main
from benchmarks.grid.cells import Cell

TURN = date(2026, 2, 14)
JUST_BEFORE, WELL_AFTER = datetime(2026, 5, 15, tzinfo=UTC), datetime(2026, 5, 16, tzinfo=UTC)


def told(live: float) -> pl.DataFrame:
    """Two rows before a quarter after the turn has passed, two from then on; half are won."""
    return pl.DataFrame(
        {
            "account_id": ["a", "b", "c", "d"],
            "as_of": [JUST_BEFORE, JUST_BEFORE, WELL_AFTER, WELL_AFTER],
            "won": [0.0, 0.0, 1.0, 1.0],
            "p_before": [0.5] * 4,
            "p_live": [0.5, 0.5, live, live],
            "p_once": [0.6] * 4,
        }
    )


def figures(live: float, regime: str, turn: date | None = TURN) -> dict[str, Any]:
    return {"regime": regime, **figures_of(told(live), turn, seed=1)}


def test_rows_a_quarter_after_the_turn_are_told_apart() -> None:
    found = figures_of(told(0.9), TURN, seed=1)

    assert found["turn"] == "2026-02-14"
    assert found["live"]["bias_after"]["value"] == pytest.approx(0.2)
    assert found["once"]["bias_after"]["value"] == pytest.approx(0.1)
    assert found["late"]["rows"] == 2
    assert found["late"]["bias_before"]["value"] == pytest.approx(-0.5)
    assert found["late"]["bias_after"]["value"] == pytest.approx(-0.1)


def test_a_set_that_never_turns_has_no_rows_after_it() -> None:
    found = figures_of(told(0.9), None, seed=1)

    assert set(found) == {"live", "once"}


def test_the_page_tells_every_set_and_how_many_lie_within_the_goal() -> None:
    sets = {
        "boom-60-seed-1": figures(0.9, "boom"),
        "boom-60-seed-2": figures(0.5, "boom"),
        "bpi2012": figures(0.5, "bpi2012", None),
    }

    page = drift.page({"accounts": 60, "sets": sets})

    assert page.count("| boom-60-seed-1 | 4 | +0.000") == 1
    assert page.count("| boom-60-seed-1 | 2 | -0.500") == 1
    assert page.count("| bpi2012 | 4 |") == 1
    assert page.count("| bpi2012 | 2 |") == 0
    assert "| boom | +0.000 | +0.100 | +0.100 |" in page
    assert "Of 3 sets, 3 lie within 0.03 before the correction and 2 after it." in page


def test_sets_measured_before_stay_beside_new_ones_of_the_same_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fake(cell: Cell, kind: str) -> dict[str, Any]:
        assert kind == "logistic"
        return figures(0.5, cell.regime)

    monkeypatch.setattr(drift, "world_result", fake)
    result, page = tmp_path / "drift.json", tmp_path / "drift.md"
    to = ["--kind", "logistic", "--result", str(result), "--page", str(page)]

    for words in (["boom", "--seeds", "1", "2"], ["shock", "--seeds", "3"]):
        main(["--regimes", *words, "--accounts", "60", *to])
    kept = list(json.loads(result.read_text(encoding="utf-8"))["sets"])
    main(["--regimes", "shock", "--seeds", "1", "--accounts", "90", *to])

    assert kept == ["boom-60-seed-1", "boom-60-seed-2", "shock-60-seed-3"]
    assert list(json.loads(result.read_text(encoding="utf-8"))["sets"]) == ["shock-90-seed-1"]
    assert "synthetic companies of 90" in page.read_text(encoding="utf-8")
    assert capsys.readouterr().out.count("| boom-60") == 2
