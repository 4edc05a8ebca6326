"""One CRM's way through the whole house, by the commands a stranger would type."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient

from bucketlist.cli import main
from serving.app import create_app
from serving.settings import Settings

pytestmark = [
    pytest.mark.filterwarnings("default"),  # MLflow and its libraries warn about themselves
]

EXPERIMENT = """
horizon = 13
warm_up_weeks = 26
as_of_grid = { accounts = "monthly", deals = "weekly:4" }
origins = { spacing_weeks = 13, max_count = 2 }
"""


def run(home: Path, *words: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(home), "--json", *words])
    assert ended.value.code == code


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a small CRM was checked, learnt from, promoted and scored."""
    root = tmp_path_factory.mktemp("journey")
    crm, home = f"files:{root / 'crm'}", root / "home"
    (root / "small.toml").write_text(EXPERIMENT)
    run(
        home,
        *("synth", "--out", str(root / "crm"), "--accounts", "120", "--seed", "5"),
        *("--until", "2026-11-20"),
    )
    run(home, "check", "--crm", crm)
    run(home, "train", "--crm", crm, "--experiment", str(root / "small.toml"))
    run(home, "promote", "1", "--force", "--why", "a world this small has no verdict of its own")
    run(home, "score", "--crm", crm)
    return home


def test_the_version_is_recorded_and_in_service(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(home, "versions")

    (version,) = json.loads(capsys.readouterr().out)["versions"]
    assert version["version"] == 1
    assert version["aliases"] == ["champion"]


def test_every_answer_of_the_api_comes_from_the_published_snapshot(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(home, "keys", "add", "--role", "crm")
    key = json.loads(capsys.readouterr().out)["key"]

    with TestClient(
        create_app(Settings(home=home)),
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {key}"},
    ) as client:
        ready = client.get("/readyz").json()
        ids = [f"A{number:05d}" for number in (1, 2, 3)]
        batch = client.post("/v1/accounts/scores", json={"ids": [*ids, "nobody"]})

    assert batch.status_code == 200
    items = batch.json()["items"]
    assert [item["found"] for item in items] == [True, True, True, False]
    assert {item["score"]["snapshot_id"] for item in items[:3]} == {ready["snapshot_id"]}


def test_a_version_that_does_not_exist_cannot_be_promoted(home: Path) -> None:
    run(home, "promote", "9", "--force", "--why", "there is no version 9", code=1)


def test_a_damaged_bundle_is_refused_and_the_server_goes_on(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = home.glob("bundles/*/slip/close-0.txt")
    sound = text.read_bytes()
    with TestClient(create_app(Settings(home=home)), base_url="http://127.0.0.1") as client:
        text.write_bytes(sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:])
        try:
            run(home, "score", "--crm", f"files:{home.parent / 'crm'}", code=1)
            answer = client.get("/healthz")
        finally:
            text.write_bytes(sound)

    assert answer.status_code == 200
    assert "close" in capsys.readouterr().err


def test_what_cannot_be_opened_ends_with_the_usage_code(home: Path) -> None:
    run(home, "check", "--crm", "nowhere:at-all", code=2)


def test_a_crm_of_accounts_and_invoices_goes_the_whole_way(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, lean = home.parent / "invoices-only", home.parent / "lean-home"
    small.mkdir()
    for table in ("accounts", "invoices"):
        shutil.copy(home.parent / "crm" / f"{table}.parquet", small)
    recipe = home.parent / "small.toml"

    run(lean, "train", "--crm", f"files:{small}", "--experiment", str(recipe))
    missing = json.loads(capsys.readouterr().out)["missing"]
    run(lean, "promote", "1", "--force", "--why", "a small world")
    run(lean, "score", "--crm", f"files:{small}")

    (accounts,) = lean.glob("snapshots/*/accounts.parquet")
    (deals,) = lean.glob("snapshots/*/deals.parquet")
    status = pl.read_parquet(accounts)["status"]
    assert list(missing) == ["slip"]
    assert (status == "scored").sum() > 0
    assert set(status) <= {"scored", "not_in_pursuit"}
    assert pl.read_parquet(deals).is_empty()
