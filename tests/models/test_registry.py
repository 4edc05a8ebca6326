import fcntl
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from models.bundle import BundleError, verify_bundle
from models.registry import Registry, RegistryError, RunRecord

# MLflow and the SQLite driver beneath it leave connections to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:mlflow"),
    pytest.mark.filterwarnings("ignore:.*:FutureWarning:mlflow"),
]


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory):
    """MLflow takes seconds to make its tables, so they are made once and copied."""
    home = tmp_path_factory.mktemp("template")
    Registry(home)
    return home


@pytest.fixture
def home(empty_home, tmp_path):
    place = tmp_path / "home"
    (place / "mlflow").mkdir(parents=True)
    shutil.copy(empty_home / "mlflow/mlflow.db", place / "mlflow/mlflow.db")
    with sqlite3.connect(place / "mlflow/mlflow.db") as connection:
        connection.execute(
            "update experiments set artifact_location = ? where name = 'bucketlist'",
            [(place / "mlflow/artifacts").resolve().as_uri()],
        )
    connection.close()
    return place


@pytest.fixture
def run(bundle_folder, tmp_path):
    report = tmp_path / "report.html"
    report.write_text("<h1>report</h1>")
    return RunRecord(
        name="default",
        trained_at=datetime(2026, 1, 5, tzinfo=UTC),
        policy_hash="p" * 64,
        contract_hash="c" * 64,
        dataset_digest="d" * 64,
        report=report,
        bundle=bundle_folder,
        parameters={"horizon_weeks": 26, "bucket.kind": "blend"},
        row_counts={"accounts": 500},
        metrics={
            date(2025, 7, 1): {"bucket/log_loss": 1.1, "slip/auc": float("nan")},
            date(2025, 4, 1): {"bucket/log_loss": 1.2, "slip/auc": None},
        },
        headline={"bucket_log_loss": 1.15},
    )


def test_a_training_becomes_the_challenger_with_all_that_was_said_of_it(home, run):
    registry = Registry(home)

    number = registry.record(run)

    (version,) = registry.versions()
    assert (number, version.number) == (1, 1)
    assert version.aliases == ("challenger",)
    assert version.headline == {"bucket_log_loss": 1.15}
    assert version.bundle_hash == verify_bundle(run.bundle)
    assert version.experiment == "default"
    assert registry.champion() is None
    kept = registry._client.search_runs([registry._experiment])[0]
    assert kept.data.params["policy_hash"] == "p" * 64
    assert kept.data.params["rows_accounts"] == "500"
    assert kept.data.metrics == {"bucket/log_loss": 1.1}
    history = registry._client.get_metric_history(kept.info.run_id, "bucket/log_loss")
    assert sorted((one.step, one.value) for one in history) == [(0, 1.2), (1, 1.1)]


def test_one_alias_moves_and_no_version_is_lost(home, run):
    registry = Registry(home)
    first, second = registry.record(run), registry.record(run)

    registry.promote(first)
    registry.promote(second)

    assert registry.champion() == second
    assert registry.challenger() is None
    assert [(v.number, v.aliases) for v in registry.versions()] == [(2, ("champion",)), (1, ())]


def test_an_exported_version_is_the_recorded_bundle_byte_by_byte(home, run, tmp_path):
    registry = Registry(home)
    number = registry.record(run)

    said = registry.export(number, tmp_path / "out")

    assert said == verify_bundle(tmp_path / "out") == verify_bundle(run.bundle)


def test_a_home_that_has_moved_still_exports(home, run, tmp_path):
    number = Registry(home).record(run)
    moved = tmp_path / "elsewhere"
    home.rename(moved)

    Registry(moved).export(number, tmp_path / "out")

    verify_bundle(tmp_path / "out")


def test_a_bundle_damaged_in_the_registry_is_neither_promoted_nor_exported(home, run, tmp_path):
    registry = Registry(home)
    number = registry.record(run)
    (kept,) = (home / "mlflow/artifacts").rglob("bucket.json")
    kept.write_bytes(kept.read_bytes().replace(b"walk", b"talk", 1))

    with pytest.raises(BundleError, match="SHA-256"):
        registry.promote(number)
    with pytest.raises(BundleError, match="SHA-256"):
        registry.export(number, tmp_path / "out")
    assert registry.champion() is None
    assert not (tmp_path / "out").exists()


def test_a_damaged_bundle_is_not_recorded(home, run, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(run.bundle, broken)
    (broken / "slip.json").unlink()
    registry = Registry(home)

    with pytest.raises(BundleError):
        registry.record(replace(run, bundle=broken))
    with pytest.raises(RegistryError, match="expected a report"):
        registry.record(replace(run, report=tmp_path / "none.html"))

    assert registry.versions() == ()


def test_a_version_that_is_not_there_is_refused_with_those_that_are(home, run):
    registry = Registry(home)
    registry.record(run)

    with pytest.raises(RegistryError, match=r"one of the versions \[1\], got 7"):
        registry.promote(7)


@pytest.mark.parametrize("name", ["../up", "Default", "a b", "", "x" * 64, "a/b", "con.txt"])
def test_names_outside_the_allow_list_are_refused(run, name):
    with pytest.raises(ValueError, match="expected a name like"):
        replace(run, name=name)


def test_the_tables_are_made_under_a_lock_between_processes(tmp_path, monkeypatch):
    def opened_while_locked(**_: str) -> None:
        with (tmp_path / "mlflow/open.lock").open("w") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        raise InterruptedError

    monkeypatch.setattr("models.registry.MlflowClient", opened_while_locked)

    with pytest.raises(InterruptedError):
        Registry(tmp_path)

    with (tmp_path / "mlflow/open.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go of afterwards


@pytest.mark.slow
def test_four_processes_that_open_a_fresh_home_at_once_all_succeed(tmp_path):
    program = "import sys; from models.registry import Path, Registry; Registry(Path(sys.argv[1]))"
    root = Path(__file__).parents[2]

    opened = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "home")],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    said = [one.communicate(timeout=120) for one in opened]

    assert [one.returncode for one in opened] == [0] * 4, said
    assert all(out == b"" and err == b"" for out, err in said), said
