import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from serving.settings import Settings
from serving.store.engine import Store
from serving.store.keys import revoke_key
from tests.serving.world import NOW, World, world_of

MATRIX = tomllib.loads((Path(__file__).parent / "route_matrix.toml").read_text())["routes"]
CALLERS = ("anonymous", "rep", "manager", "crm", "data_scientist", "admin", "revoked")
REP_OF = {"rep": "ann", "manager": "meg"}
FILLED = {
    "{account_id}": "a1",
    "{opportunity_id}": "d-a1",
    "{rep_id}": "ann",
    "{token}": "x",
    "/static": "/static/style.css",
}
BODIES = {
    "POST /v1/accounts/scores": {"ids": ["a1"]},
    "POST /v1/deals/scores": {"ids": ["d-a1"]},
}


def names_of(routes: list[BaseRoute]) -> Iterator[str]:
    """Method and path of every route, also of included routers."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield from (f"{method} {route.path}" for method in route.methods)
        elif isinstance(route, Mount):
            yield f"GET {route.path}"
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from names_of(included.routes)
        else:
            raise TypeError(f"a kind of route that the matrix does not know: {route!r}")


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    made = world_of(settings, store)
    made.publish()
    return made


def headers_of(world: World, caller: str) -> dict[str, str]:
    if caller == "anonymous":
        return {}
    key = world.key("crm" if caller == "revoked" else caller, REP_OF.get(caller))
    if caller == "revoked":
        revoke_key(world.store, key.record.key_id, now=NOW, who="test")
    return {"Authorization": f"Bearer {key.secret}"}


def test_every_route_has_an_entry_and_every_entry_a_route(world) -> None:
    found = sorted(names_of(world.app.routes))

    assert found == sorted(MATRIX)


@pytest.mark.parametrize("caller", CALLERS)
def test_every_route_answers_each_caller_as_the_matrix_says(world, caller) -> None:
    headers = headers_of(world, caller)
    expected = {name: row[CALLERS.index(caller)] for name, row in MATRIX.items()}

    found = {}
    with world.client() as client:
        for name in MATRIX:
            method, path = name.split(" ")
            for field, value in FILLED.items():
                path = path.replace(field, value)
            answer = client.request(method, path, headers=headers, json=BODIES.get(name))
            found[name] = answer.status_code

    assert found == expected


def test_only_a_handful_of_routes_is_open_to_everyone() -> None:
    is_open = {name for name, row in MATRIX.items() if row[0] == 200}

    assert is_open == {"GET /healthz", "GET /sign-in", "GET /static"}
