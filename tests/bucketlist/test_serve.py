import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
import uvicorn

from bucketlist.serve import busiest_rep, serve_links
from bucketlist.session import Session
from serving.settings import Settings
from serving.snapshots import open_snapshot
from serving.store import scores
from serving.store.engine import open_store
from serving.store.keys import find_key
from serving.store.migrations import upgrade
from serving.store.sessions import redeem_link
from tests.serving.world import world_of

ROLES = {"rep": "ann", "manager": "meg", "crm": None, "data_scientist": None, "admin": None}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A home in which a snapshot was published."""
    made = Session(tmp_path / "home")
    upgrade(made.settings)
    store = open_store(made.settings)
    world_of(made.settings, store).publish()
    store.close()
    return made


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ports that were served, without serving."""
    ports: list[int] = []

    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        ports.extend(listener.getsockname()[1] for listener in sockets)
        for listener in sockets:
            listener.close()

    monkeypatch.setattr(uvicorn.Server, "run", run)
    return ports


def test_the_links_and_keys_that_are_printed_let_their_roles_in(session, served, capsys) -> None:
    serve_links(session, host="127.0.0.1", port=0)

    text = capsys.readouterr().out
    tokens = re.findall(r"http://127\.0\.0\.1:(\d+)/sign-in/(\S+)", text)
    secrets = re.findall(r"(rep|crm)[ \w]* +(blk_\S+)", text)
    now = datetime.now(UTC)
    store = open_store(session.settings)
    keys = {role: find_key(store, secret, now=now) for role, secret in secrets}
    sessions = [redeem_link(store, token, now=now) for _, token in tokens]
    store.close()
    assert {int(port) for port, _ in tokens} == set(served)
    assert len(tokens) == len(ROLES)
    assert all(sessions)
    assert {role: key.rep_id for role, key in keys.items()} == {"rep": "ann", "crm": None}


def test_a_second_demo_ends_the_keys_of_the_first(session, served, capsys) -> None:
    serve_links(session, host="127.0.0.1", port=0)
    first = re.findall(r"blk_\S+", capsys.readouterr().out)
    serve_links(session, host="127.0.0.1", port=0)
    second = re.findall(r"blk_\S+", capsys.readouterr().out)

    store = open_store(session.settings)
    found = [find_key(store, secret, now=datetime.now(UTC)) for secret in (*first, *second)]
    store.close()
    assert [key is not None for key in found] == [False, False, True, True]


def test_links_are_refused_for_other_machines(session, served, capsys) -> None:
    with pytest.raises(typer.BadParameter, match=r"expected --host 127\.0\.0\.1"):
        serve_links(session, host="0.0.0.0", port=0)

    assert "sign-in/" not in capsys.readouterr().out
    assert served == []


def test_a_port_that_is_taken_is_replaced_and_that_is_said(session, served, capsys) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        serve_links(session, host="127.0.0.1", port=taken)

    assert served[0] != taken
    assert f"port {taken} cannot be had on 127.0.0.1: taking {served[0]}" in capsys.readouterr().err


def test_the_busiest_rep_has_the_most_accounts(session) -> None:
    settings: Settings = session.settings
    store = open_store(settings)
    ref = scores.current(store)
    store.close()

    assert ref is not None
    assert busiest_rep(open_snapshot(settings.home, ref)) == ("ann", "meg")
