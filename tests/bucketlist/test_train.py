"""`train` hands the trees of the version to whoever is asked to grow them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bucketlist import grove
from bucketlist.cli import main
from bucketlist.cluster import Place
from models.booster import fit_boosters
from training import run

CRM = "synthetic:accounts=20,seed=7,years=2,until=2026-11-21"


class ReachedError(RuntimeError):
    """The training would begin now."""


def ran(*words: str) -> int:
    """The exit code of a command."""
    try:
        main(list(words))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture
def growers(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Who was asked to grow the trees of a training that goes no further."""
    found: list[object] = []

    def train(*given: object, grow: object, **rest: object) -> None:
        found.append(grow)
        raise ReachedError

    monkeypatch.setattr(run, "train", train)
    return found


def test_trees_grow_in_this_process_unless_asked_otherwise(
    growers: list[object], tmp_path: Path
) -> None:
    ran("--home", str(tmp_path), "train", "--crm", CRM)

    assert growers == [fit_boosters]


def test_trees_grow_on_the_workers_that_were_asked_for(
    growers: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    @contextmanager
    def planted(place: Place, folder: Path, say: Callable[[str], None]) -> Iterator[Any]:
        asked.extend([place, folder])
        yield "the grove"

    monkeypatch.setattr(grove, "planted", planted)

    ran("--home", str(tmp_path), "train", "--crm", CRM, "--engine", "dask", "--workers", "3")

    assert growers == ["the grove"]
    assert asked == [Place(workers=3), tmp_path / "reports"]


def test_workers_without_dask_are_a_wrong_use(tmp_path: Path) -> None:
    assert ran("--home", str(tmp_path), "train", "--crm", CRM, "--workers", "2") == 2
