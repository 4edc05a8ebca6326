import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bucketlist import db, keys
from bucketlist.session import Session
from serving.settings import Settings
from serving.store.engine import open_store
from serving.store.keys import find_key

runner = CliRunner()


@pytest.fixture
def app(tmp_path: Path) -> typer.Typer:
    made = typer.Typer()

    @made.callback()
    def common(context: typer.Context) -> None:
        context.obj = Session(home=tmp_path, is_json=True)

    made.command("add")(keys.add)
    made.command("list")(keys.list_keys)
    made.command("revoke")(keys.revoke)
    made.command("upgrade")(db.upgrade)
    return made


def test_a_key_is_printed_once_and_works_until_it_is_revoked(app, tmp_path: Path) -> None:
    made = json.loads(runner.invoke(app, ["add", "--role", "rep", "--rep-id", "r1"]).stdout)
    store = open_store(Settings(home=tmp_path))
    now = Session(home=tmp_path).now()

    before = find_key(store, made["key"], now=now)
    listed = runner.invoke(app, ["list"]).stdout
    runner.invoke(app, ["revoke", made["key_id"]])
    after = find_key(store, made["key"], now=now)
    store.close()

    assert before is not None
    assert (made["role"], before.rep_id) == ("rep", "r1")
    assert json.loads(listed)["keys"][0]["state"] == "live"
    assert made["key"] not in listed
    assert after is None


@pytest.mark.parametrize(
    "words", [["--role", "boss"], ["--role", "rep"], ["--role", "admin", "--rep-id", "r1"]]
)
def test_a_role_that_makes_no_sense_is_a_wrong_use(app, words: list[str]) -> None:
    result = runner.invoke(app, ["add", *words])

    assert result.exit_code == 2
    assert "expected" in result.output


def test_revoking_what_is_not_there_is_an_error(app) -> None:
    result = runner.invoke(app, ["revoke", "key-none"])

    assert isinstance(result.exception, LookupError)


def test_the_store_is_upgraded_as_often_as_one_likes(app) -> None:
    revisions = [json.loads(runner.invoke(app, ["upgrade"]).stdout)["revision"] for _ in range(2)]

    assert revisions == ["0001", "0001"]
