import pytest

from serving.settings import Settings
from serving.store.engine import Store
from tests.serving.world import World, world_of

BATCHES = ("/v1/accounts/scores", "/v1/deals/scores")
SENT = (
    '{"ids": ["a1", "\\ud800"]}',
    '{"ids": ["\\u0000a1"]}',
    '{"ids": ["a\\u0085"]}',
    '{"ids": [""]}',
    '{"ids": ["' + "x" * 256 + '"]}',
    '{"ids": ["a1"], "\\udfff": 1}',
    '{"ids": ["a1"], "\\u0085": 1}',
)


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    made = world_of(settings, store)
    made.publish()
    return made


@pytest.mark.parametrize("path", BATCHES)
@pytest.mark.parametrize("sent", SENT)
def test_an_id_that_is_no_plain_text_is_malformed_and_never_repeated(world, path, sent) -> None:
    headers = {**world.bearer("crm"), "Content-Type": "application/json"}

    with world.client() as client:
        answer = client.post(path, content=sent, headers=headers)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(letter in answer.text for letter in ("\x00", "\x85", "xxx"))
    assert answer.json()["detail"].startswith("body")


@pytest.mark.parametrize("path", BATCHES)
def test_an_id_of_any_script_and_of_255_characters_is_well_formed(world, path) -> None:
    ids = ["x" * 255, "Łódź 7", "株式会社", "\U0001f600"]

    with world.client() as client:
        answer = client.post(path, json={"ids": ids}, headers=world.bearer("crm"))

    assert [item["id"] for item in answer.json()["items"]] == ids


@pytest.mark.parametrize("path", BATCHES)
@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/jsonp", ""]
)
def test_a_body_that_does_not_say_it_is_json_is_of_the_wrong_kind(world, path, kind) -> None:
    crm = world.bearer("crm")

    with world.client() as client:
        wrong = client.post(path, content='{"ids": ["a1"]}', headers={**crm, "Content-Type": kind})
        right = [
            client.post(path, content='{"ids": ["a1"]}', headers={**crm, "Content-Type": one})
            for one in ("application/json; charset=utf-8", "Application/JSON", "application/a+json")
        ]

    assert (wrong.status_code, wrong.json()["status"]) == (415, 415)
    assert wrong.headers["content-type"] == "application/problem+json"
    assert [answer.status_code for answer in right] == [200, 200, 200]
