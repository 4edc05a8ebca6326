import json
from pathlib import Path

import pytest

from benchmarks.portrait.__main__ import main


def run_in(folder: Path, *words: str) -> int:
    return main(
        [*words, "--out", str(folder / "docs" / "worlds"), "--results", str(folder / "results")]
    )


def test_one_command_draws_writes_the_numbers_and_makes_the_page(tmp_path: Path) -> None:
    code = run_in(tmp_path, "--regime", "tiny", "--accounts", "30")

    numbers = (tmp_path / "results" / "portraits" / "tiny.json").read_text()
    found = json.loads(numbers)
    assert code == 0
    assert (tmp_path / "docs" / "worlds" / "tiny.png").stat().st_size < 200_000
    assert "## tiny" in (tmp_path / "docs" / "worlds.md").read_text()
    assert (found["regime"], found["accounts"], found["seed"]) == ("tiny", 30, 7)
    assert list(found) == sorted(found)
    assert str(tmp_path) not in numbers


def test_an_unknown_regime_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run_in(tmp_path, "--regime", "calm")

    assert code == 2
    assert "expected regimes out of baseline" in capsys.readouterr().err
    assert not (tmp_path / "docs").exists()
