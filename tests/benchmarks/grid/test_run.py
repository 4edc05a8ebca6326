import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.grid import run, skill
from benchmarks.grid.run import main
from tests.benchmarks.grid.fakes import Company, Killed
from training.config import Part
from training.walk import Progress


@pytest.fixture(autouse=True)
def _few_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skill, "PAIRED_REPEATS", 20)
    monkeypatch.setattr(run, "edition", lambda: "aaa")


def run_in(folder: Path, company: Company, *more: str) -> int:
    places = ["--results", str(folder / "results"), "--work", str(folder / "work")]
    return main([*places, *more], steps=company.steps, clock=lambda: 0.0)


def written(folder: Path) -> dict[str, bytes]:
    """Every file that a run leaves, by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_run_leaves_one_result_and_the_document_and_nothing_else(tmp_path: Path) -> None:
    code = run_in(tmp_path, Company())

    assert code == 0
    assert list(written(tmp_path)) == ["results/baseline-250-seed-1.json", "worlds-evaluation.md"]


def test_a_run_killed_at_any_step_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole = Company()
    run_in(tmp_path / "whole", whole)
    unbroken = written(tmp_path / "whole")

    for step in range(1, len(whole.asked) + 1):
        folder, first, second = tmp_path / f"at-{step}", Company(ends_at=step), Company()
        with pytest.raises(Killed):
            run_in(folder, first)
        run_in(folder, second)

        assert written(folder) == unbroken, step
        assert second.asked == whole.asked[step - 1 :], step


def test_a_run_killed_at_any_file_ends_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(tmp_path / "whole", Company())
    unbroken = written(tmp_path / "whole")
    replace = Path.replace
    files = 0

    while True:
        files += 1
        left = files

        def cut(self: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return replace(self, target)

        folder = tmp_path / f"at-{files}"
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", cut)
            try:
                run_in(folder, Company())
            except Killed:
                pass
            else:
                break
        run_in(folder, Company())

        assert written(folder) == unbroken, files

    assert files > 10


def test_a_cell_with_a_result_is_passed_over_unless_asked_for_again(tmp_path: Path) -> None:
    run_in(tmp_path, Company())
    over, again = Company(), Company()

    run_in(tmp_path, over)
    run_in(tmp_path, again, "--again")

    assert over.asked == []
    assert again.asked


def test_a_part_that_is_run_later_joins_the_result_of_the_other(tmp_path: Path) -> None:
    first, second, third = Company(), Company(), Company()
    file = tmp_path / "results" / "baseline-250-seed-1.json"

    run_in(tmp_path, first, "--head", "bucket")
    alone = json.loads(file.read_text())
    run_in(tmp_path, second)
    both = json.loads(file.read_text())
    run_in(tmp_path, third, "--head", "slip", "--again")

    assert list(alone["parts"]) == ["bucket"]
    assert not any("slip" in step for step in first.asked)
    assert list(both["parts"]) == ["bucket", "slip"]
    assert not any("bucket" in step for step in third.asked)
    assert json.loads(file.read_text()) == both


def test_code_that_changed_makes_a_begun_cell_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Killed):
        run_in(tmp_path, Company(ends_at=4))
    monkeypatch.setattr(run, "edition", lambda: "bbb")
    company = Company()

    run_in(tmp_path, company)

    assert company.asked[0].startswith("backtest")
    assert "the code has changed" in capsys.readouterr().err


def test_the_result_names_no_place_and_no_moment_of_the_run(tmp_path: Path) -> None:
    run_in(tmp_path, Company())

    text = (tmp_path / "results" / "baseline-250-seed-1.json").read_text()

    assert str(tmp_path) not in text
    assert json.loads(text)["edition"] == "aaa"
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_a_cell_that_fails_is_said_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(Company):
        def backtest(
            self, url: str, folder: Path, parts: Sequence[Part], progress: Progress
        ) -> None:
            if "seed=1" in url:
                raise ZeroDivisionError("no such account")
            super().backtest(url, folder, parts, progress)

    code = run_in(tmp_path, Broken(), "--only", "tiny", "--accounts", "60", "--seeds", "1,2")

    said = capsys.readouterr().err
    assert code == 1
    assert "ZeroDivisionError: no such account" in said
    assert "failed: tiny-60-seed-1" in said
    assert [path.stem for path in (tmp_path / "results").iterdir()] == ["tiny-60-seed-2"]


def test_a_world_that_cannot_be_evaluated_has_a_result_file(tmp_path: Path) -> None:
    code = run_in(tmp_path, Company(is_too_small=True))

    found = json.loads((tmp_path / "results" / "baseline-250-seed-1.json").read_text())
    assert code == 0
    assert found["status"] == "not evaluated"


def test_progress_says_which_cell_of_how_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_in(tmp_path, Company(), "--only", "tiny", "--accounts", "60")

    said = capsys.readouterr().err
    assert "0 s  cell 3 of 3, tiny-60-seed-3: done" in said


def test_a_choice_without_a_cell_is_refused(tmp_path: Path) -> None:
    assert run_in(tmp_path, Company(), "--only", "tiny", "--accounts", "1200") == 2
    assert written(tmp_path) == {}
