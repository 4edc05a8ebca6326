import json
import time

import pytest
from fastapi import Request

from serving.middleware import CONTENT_POLICY
from serving.settings import Settings
from serving.store.engine import Store, open_store
from tests.serving.world import World, world_of


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    made = world_of(settings, store)
    made.publish()
    return made


def test_before_the_first_publication_the_api_says_when_to_try_again(settings, store) -> None:
    empty = world_of(settings, store)

    with empty.client() as client:
        score = client.get("/v1/accounts/a1/score", headers=empty.bearer("crm"))
        ready = client.get("/readyz", headers=empty.bearer("admin"))
        page = client.get("/book", headers=empty.bearer("rep", "ann"))

    assert score.status_code == ready.status_code == page.status_code == 503
    assert score.headers["retry-after"] == ready.headers["retry-after"] == "5"
    assert score.headers["content-type"] == "application/problem+json"
    assert "nothing is published yet" in ready.json()["problem"]


def test_the_newest_publication_is_followed_while_serving(settings, store) -> None:
    quick = world_of(settings.model_copy(update={"poll_seconds": 0.02}), store)
    quick.publish()
    crm = quick.bearer("crm")

    with quick.client() as client:
        first = client.get("/v1/accounts/a1/score", headers=crm).json()["snapshot_id"]
        second = quick.publish(minute=5, is_followed=False)
        ends = time.monotonic() + 10
        while quick.live.served.snapshot.snapshot_id == first and time.monotonic() < ends:
            time.sleep(0.02)
        seen = client.get("/v1/accounts/a1/score", headers=crm).json()["snapshot_id"]

    assert first != second
    assert seen == second


def test_what_is_in_service_is_shown_with_its_age(world: World) -> None:
    with world.client() as client:
        ready = client.get("/readyz", headers=world.bearer("crm")).json()

    assert ready["ready"] is True
    assert ready["bundle"] == "b" * 64
    assert ready["age_hours"] == 0.0
    assert ready["problem"] is None


def test_only_an_admin_reads_why_the_newest_publication_is_not_in_service(
    world: World,
) -> None:
    with world.client() as client:
        world.live._problem = "the disk at 10.0.0.7 is full"
        admin = client.get("/readyz", headers=world.bearer("admin")).json()["problem"]
        rep = client.get("/readyz", headers=world.bearer("rep", "ann")).json()["problem"]

    assert "10.0.0.7" in admin
    assert "10.0.0.7" not in rep


def test_while_the_store_is_down_nobody_is_let_in_and_nothing_is_told(
    world: World, tmp_path
) -> None:
    (tmp_path / "folder").mkdir()
    url = f"sqlite:///{tmp_path / 'folder' / 'absent' / 'store.db'}"
    down = open_store(world.settings.model_copy(update={"database_url": _Secret(url)}))
    broken = world_of(world.settings, down)
    headers = world.bearer("crm")

    with broken.client() as client:
        answer = client.get("/v1/accounts/a1/score", headers=headers)
        alive = client.get("/healthz")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "absent" not in answer.text
    assert alive.status_code == 200


class _Secret:
    def __init__(self, text: str) -> None:
        self.text = text

    def get_secret_value(self) -> str:
        return self.text


def test_a_body_beyond_the_limit_is_refused_announced_or_not(world: World) -> None:
    limit = world.settings.body_limit_bytes
    crm = world.bearer("crm")

    with world.client() as client:
        announced = client.post("/v1/accounts/scores", content=b" " * (limit + 1), headers=crm)
        parts = (b" " * 65536 for _ in range(limit // 65536 + 1))
        streamed = client.post("/v1/accounts/scores", content=parts, headers=crm)

    assert announced.status_code == streamed.status_code == 413
    assert announced.content == streamed.content
    assert announced.headers["content-type"] == "application/problem+json"
    assert str(limit) in announced.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/healthz", "/book", "/v1/accounts/a1/score", "/static/style.css"]
)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a b"])
def test_a_name_that_is_not_of_this_server_is_refused_and_never_repeated(
    world: World, path: str, host: str
) -> None:
    with world.client() as client:
        answer = client.get(path, headers={"Host": host, **world.bearer("crm")})

    assert answer.status_code == 400 == answer.json()["status"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
def test_this_machine_is_asked_for_by_its_loopback_names(world: World, host: str) -> None:
    with world.client() as client:
        answer = client.get("/healthz", headers={"Host": host})

    assert answer.status_code == 200


def test_listed_names_are_the_only_ones_and_without_a_list_the_bound_one_counts(
    settings: Settings, store: Store
) -> None:
    bound = settings.model_copy(update={"host": "10.1.2.3"})
    listed = bound.model_copy(update={"allowed_hosts": ("crm.example",)})
    hosts = ("10.1.2.3", "127.0.0.1", "crm.example")

    found = []
    for given in (bound, listed):
        with world_of(given, store).client() as client:
            answers = [client.get("/healthz", headers={"Host": host}) for host in hosts]
        found.append([answer.status_code for answer in answers])

    assert found == [[200, 200, 400], [400, 400, 200]]


@pytest.mark.parametrize("path", ["/healthz", "/sign-in", "/nope", "/book", "/static/style.css"])
def test_every_answer_carries_the_security_headers(world: World, path: str) -> None:
    with world.client() as client:
        headers = client.get(path).headers

    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in headers
    assert len(headers["x-request-id"]) == 16


def test_an_unexpected_error_is_a_problem_without_details(world: World, capsys) -> None:
    def fail(request: Request) -> None:
        raise RuntimeError("the secret is hunter2")

    world.app.add_api_route("/fails", fail)

    with world.client() as client:
        answer = client.get("/fails")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v2/x", 404), ("DELETE", "/healthz", 405), ("GET", "/docs", 404)],
)
def test_unknown_routes_and_methods_are_problems(world: World, method, path, status) -> None:
    with world.client() as client:
        answer = client.request(method, path)

    assert answer.status_code == status == answer.json()["status"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_malformed_input_is_named_but_never_repeated(world: World) -> None:
    body = {"ids": ["a1"], "<script>": "hunter2", "role": "admin"}

    with world.client() as client:
        answer = client.post("/v1/accounts/scores", json=body, headers=world.bearer("crm"))

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:bucketlist:problem:malformed"
    assert "Extra inputs are not permitted" in answer.json()["detail"]
    assert "hunter2" not in answer.text


def test_requests_are_counted_by_route_and_not_by_id(world: World) -> None:
    crm = world.bearer("crm")

    with world.client() as client:
        client.get("/v1/accounts/a1/score", headers=crm)
        client.get("/v1/accounts/a2/score", headers=crm)
        client.get("/wp-login.php")
        text = client.get("/metrics", headers=crm).text

    route = '{method="GET",route="/v1/accounts/{account_id}/score",status="200"} 2.0'
    assert f"bucketlist_requests_total{route}" in text
    assert 'route="unmatched",status="404"' in text
    assert "wp-login" not in text
    assert "bucketlist_ready 1.0" in text


def test_the_log_has_a_line_per_request_and_no_secret(world: World, capsys) -> None:
    made = world_of(world.settings, world.store)
    key = made.key("crm").secret

    with made.client() as client:
        client.get("/v1/accounts/a1/score?x=hunter2", headers={"Authorization": f"Bearer {key}"})
        client.get("/sign-in/hunter3")

    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["route"] for line in lines] == [
        "/v1/accounts/{account_id}/score",
        "/sign-in/{token}",
    ]
    assert [line["status"] for line in lines] == [200, 401]
    assert not any(secret in written for secret in (key, key[:12], "hunter2", "hunter3"))


def test_the_card_of_the_champion_tells_what_it_was_judged_on(world: World) -> None:
    with world.client() as client:
        card = client.get("/v1/models/champion", headers=world.bearer("rep", "ann")).json()

    assert card["model_version"] == 3
    assert card["results"][0]["sentence"] == "The model wins."
    assert card["measures"][0]["low"] == 0.8
    assert card["thresholds"] == [{"bucket": "walk_away", "at_least": 0.6, "bookings_below": 900.0}]
    assert card["switched_off"] == [{"name": "nps", "why": "needs surveys"}]
