"""A command in a process of its own: where it runs, and what becomes of what it says."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.features.process import ROOT, said_by, told_by


def test_a_command_runs_in_the_project_and_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    where = "import os; print(os.getcwd()); print(os.environ['PYTHONPATH'])"

    assert said_by([sys.executable, "-c", where]).split() == [str(ROOT), str(ROOT)]
    assert (ROOT / "pyproject.toml").is_file()


def test_a_command_that_fails_carries_its_complaint_when_asked_to() -> None:
    complaint = [sys.executable, "-c", "import sys; sys.exit('none left')"]

    with pytest.raises(subprocess.CalledProcessError) as failed:
        said_by(complaint, errors=subprocess.PIPE)

    assert failed.value.stderr == "none left\n"


def test_a_command_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        said_by([sys.executable, "-c", "import time; time.sleep(9)"], timeout=0.01)


def test_what_a_module_prints_is_read_as_json(tmp_path: Path) -> None:
    file = tmp_path / "three.json"
    file.write_text('{"three": 3}')

    assert told_by("json.tool", [str(file)]) == {"three": 3}
