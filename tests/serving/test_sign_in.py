import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from serving.app import create_app
from serving.deps import SESSION_COOKIE
from serving.settings import Settings
from serving.store.engine import Store
from serving.store.keys import revoke_key
from serving.store.sessions import make_link
from tests.serving.world import HERE, NOW, World, world_of

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    made = world_of(settings, store)
    made.publish()
    return made


def link(world: World) -> tuple[str, str]:
    """A sign-in path for rep ann, and the id of her key."""
    key_id = world.key("rep", "ann").record.key_id
    return f"/sign-in/{make_link(world.store, key_id, now=NOW)}", key_id


def test_a_link_signs_in_once_and_the_cookie_is_guarded(world) -> None:
    path, _ = link(world)

    with world.client() as client:
        first = client.get(path)
        book = client.get("/book")
        client.cookies.clear()
        second = client.get(path)

    cookie = first.headers["set-cookie"]
    assert (first.status_code, first.headers["location"]) == (303, "/book")
    assert {"HttpOnly", "SameSite=lax", "Max-Age=28800", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert "Account a1" in book.text
    assert second.status_code == 401
    assert "set-cookie" not in second.headers


def test_off_this_machine_the_cookie_travels_by_tls_only(world) -> None:
    outside = world.settings.model_copy(
        update={"host": "0.0.0.0", "allowed_hosts": ("crm.example",)}
    )
    app = create_app(outside, store=world.store, live=world.live, clock=lambda: NOW)
    path, _ = link(world)

    with TestClient(app, base_url="https://crm.example", follow_redirects=False) as client:
        answer = client.get(path)

    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_without_a_session_a_page_shows_the_way_and_the_api_a_problem(world) -> None:
    with world.client() as client:
        page, start = client.get("/book"), client.get("/")
        api = client.get("/v1/accounts/a1/score")

    assert (page.status_code, page.headers["location"]) == (303, "/sign-in")
    assert (start.status_code, start.headers["location"]) == (303, "/sign-in")
    assert api.status_code == 401
    assert api.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer nonsense", "Basic YTpi", "Bearer blk_" + "a" * 43]
)
def test_a_header_that_is_wrong_is_not_made_good_by_a_cookie(world, header) -> None:
    path, _ = link(world)

    with world.client() as client:
        client.get(path)
        answer = client.get("/v1/accounts/a1/score", headers={"Authorization": header})

    assert answer.status_code == 401


def test_a_session_ends_with_its_key(world) -> None:
    path, key_id = link(world)

    with world.client() as client:
        client.get(path)
        before = client.get("/v1/accounts/a1/score").status_code
        revoke_key(world.store, key_id, now=NOW, who="test")
        after = client.get("/v1/accounts/a1/score").status_code

    assert (before, after) == (200, 401)


def test_a_session_ends_after_eight_hours(world) -> None:
    path, _ = link(world)
    now = [NOW]
    app = create_app(world.settings, store=world.store, live=world.live, clock=lambda: now[0])

    with TestClient(app, base_url=HERE, follow_redirects=False) as client:
        client.get(path)
        now[0] = NOW + timedelta(hours=7, minutes=59)
        late = client.get("/v1/accounts/a1/score").status_code
        now[0] = NOW + timedelta(hours=8)
        over = client.get("/v1/accounts/a1/score").status_code

    assert (late, over) == (200, 401)


def test_a_key_signs_in_from_the_page_itself(world) -> None:
    form = {"key": world.key("rep", "ann").secret}

    with world.client() as client:
        answer = client.post("/sign-in", data=form, headers=SAME_SITE)
        book = client.get("/book")
        wrong = client.post("/sign-in", data={"key": "blk_no"}, headers=SAME_SITE)

    assert (answer.status_code, book.status_code) == (303, 200)
    assert wrong.status_code == 401
    assert "not known" in wrong.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": HERE},
    ],
)
def test_a_form_of_another_site_signs_nobody_in(world, headers) -> None:
    form = {"key": world.key("rep", "ann").secret}

    with world.client() as client:
        answer = client.post("/sign-in", data=form, headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_an_older_browser_proves_its_site_by_origin(world) -> None:
    form = {"key": world.key("rep", "ann").secret}

    with world.client() as client:
        answer = client.post("/sign-in", data=form, headers={"Origin": HERE})

    assert answer.status_code == 303


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_signing_out_ends_the_session_in_the_store(world) -> None:
    path, _ = link(world)

    with world.client() as client:
        client.get(path)
        token = client.cookies[SESSION_COOKIE]
        form = {"csrf": csrf_of(client.get("/book").text)}
        answer = client.post("/sign-out", data=form)
        client.cookies.set(SESSION_COOKIE, token)
        after = client.get("/v1/accounts/a1/score")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert after.status_code == 401


def test_a_form_of_another_session_signs_nobody_out(world) -> None:
    with world.client() as client:
        client.get(link(world)[0])
        foreign = csrf_of(client.get("/book").text)
        client.cookies.clear()
        client.get(link(world)[0])
        answers = [
            client.post("/sign-out", data=form) for form in ({"csrf": foreign}, {}, {"csrf": "ÿ"})
        ]
        still = client.get("/v1/accounts/a1/score")

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert still.status_code == 200
