"""The house keeps its own rules: sizes, names, the lock, and nothing that reads pickles."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("features", "models", "training", "serving", "bucketlist")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
UNSAFE = {"pickle", "cloudpickle", "joblib", "skops", "dill", "marshal", "shelve"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_is_one_noun_of_at_most_300_lines(path: Path) -> None:
    lines = path.read_text().count("\n")

    assert path.stem not in VAGUE
    assert lines <= 300, lines


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_file_reads_objects_that_can_run_code(path: Path) -> None:
    assert not imported(path) & UNSAFE


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_typed_and_says_what_it_is(room: str) -> None:
    assert (ROOT / room / "py.typed").exists()
    assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text()))


def test_tests_are_folders_without_packages() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_the_lock_is_hashed_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9][a-z0-9._\-\[\]]*==", lock, re.MULTILINE)

    assert len(pins) > 50
    assert lock.count("--hash=sha256:") >= len(pins)
    assert "://" not in lock
    assert "--index-url" not in lock
