"""The import contracts hold, and each of them can fail."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("features", "models", "training", "serving", "bucketlist")
LINTER = Path(sys.executable).with_name("lint-imports")

# contract number → (file that gets the forbidden import, the import)
FORBIDDEN = {
    "1": ("features/book.py", "import models.card"),
    "2": ("features/schema/column.py", "import features.book"),
    "3": ("models/card.py", "import models.bundle"),
    "4": ("training/metrics.py", "import training.backtest"),
    "5": ("serving/settings.py", "import serving.app"),
    "6": ("features/account/growth.py", "import features.account.service"),
    "8": ("training/run.py", "import features.crm.source"),
    "9": ("training/run.py", "import sqlalchemy"),
    "10a": ("models/slip.py", "import lightgbm"),
    "10b": ("training/run.py", "import mlflow"),
    "10c": ("features/parts.py", "import distributed"),
    "10d": ("training/fit.py", "import optuna"),
    "11": ("serving/app.py", "import sklearn"),
    "12": ("serving/routes/deals.py", "import serving.routes.accounts"),
}
GENERATOR = "from features.crm.synthetic import make_world"
BLIND = (
    "features/account/growth.py",
    "features/build.py",
    "models/card.py",
    "serving/app.py",
    "training/labels/bucket.py",
)
"""One file of each room that must not know the rules of the made-up world it is tried on."""


def contract_names() -> list[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return [contract["name"] for contract in contracts]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache"], cwd=tree, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(
            ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "static")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_has_an_import_that_breaks_it() -> None:
    assert sorted(name.split()[0] for name in contract_names()) == sorted(FORBIDDEN)


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    result = lint(tree)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("number", FORBIDDEN)
def test_a_forbidden_import_is_named_by_its_contract(tree: Path, number: str) -> None:
    file, line = FORBIDDEN[number]
    name = next(name for name in contract_names() if name.split()[0] == number)
    target = tree / file
    target.write_text(f"{target.read_text()}\n{line}\n")

    result = lint(tree)

    assert result.returncode == 1
    assert f"{name} BROKEN" in result.stdout


def test_no_room_but_the_front_door_imports_the_generator(tree: Path) -> None:
    for file in BLIND:
        target = tree / file
        target.write_text(f"{target.read_text()}\n{GENERATOR}\n")

    result = lint(tree)

    said = " ".join(result.stdout.split())
    assert "8 crm only from the front door BROKEN" in said
    for file in BLIND:
        module = file.removesuffix(".py").replace("/", ".")
        assert f"{module} -> features.crm.synthetic" in said, result.stdout


def test_a_file_without_a_place_is_refused(tree: Path) -> None:
    (tree / "features" / "stray.py").write_text('"""No room of its own."""\n')

    result = lint(tree)

    assert result.returncode == 1
    assert "stray" in result.stdout
