import base64
import json

import polars as pl
import pytest

from serving.routes.book import Cursor, cursor_of
from serving.settings import Settings
from serving.store.engine import Store
from tests.serving.world import World, frames, world_of

OWNED = [(f"a{number:02}", "ann") for number in range(7)]
VALUES = [10.0, None, 30.0, 30.0, 5.0, None, 70.0]
BY_VALUE = ["a06", "a02", "a03", "a00", "a04", "a01", "a05"]


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    made = world_of(settings, store)
    parts = frames([*OWNED, ("b1", "bob")])
    accounts = parts["accounts.parquet"]
    bucket = pl.Series("bucket", ["a_list", "pain"] * 4)
    value = pl.Series("value", [*VALUES, 99.0])
    made.publish({**parts, "accounts.parquet": accounts.with_columns(bucket, value)})
    return made


def pages(client, headers, query: str) -> list[list[str]]:
    """The ids on every page, following the cursor."""
    found, cursor = [], ""
    while True:
        body = client.get(f"/v1/reps/ann/bucket-list?{query}{cursor}", headers=headers).json()
        found.append([item["account_id"] for item in body["items"]])
        if body["next_cursor"] is None:
            return found
        cursor = f"&cursor={body['next_cursor']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_pages_together_are_the_whole_list_in_order_and_once(world, limit) -> None:
    with world.client() as client:
        found = pages(client, world.bearer("rep", "ann"), f"limit={limit}&sort=value")

    assert [account_id for page in found for account_id in page] == BY_VALUE
    assert all(len(page) == limit for page in found[:-1])


def test_a_filter_counts_what_it_leaves(world) -> None:
    with world.client() as client:
        body = client.get(
            "/v1/reps/ann/bucket-list?bucket=pain", headers=world.bearer("rep", "ann")
        ).json()

    assert [item["account_id"] for item in body["items"]] == ["a01", "a03", "a05"]
    assert (body["total"], body["rep_id"], body["rep_name"]) == (3, "ann", "Ann")


def test_a_cursor_of_an_earlier_publication_is_refused_and_says_what_to_do(world) -> None:
    ann = world.bearer("rep", "ann")

    with world.client() as client:
        first = client.get("/v1/reps/ann/bucket-list?limit=2", headers=ann).json()
        world.publish(frames(OWNED), minute=1)
        second = client.get(
            f"/v1/reps/ann/bucket-list?limit=2&cursor={first['next_cursor']}", headers=ann
        )

    assert second.status_code == 410
    assert "begin again without a cursor" in second.json()["detail"]


@pytest.mark.parametrize("query", ["bucket=pain", "sort=name"])
def test_a_cursor_does_not_go_on_in_another_list(world, query) -> None:
    ann = world.bearer("rep", "ann")

    with world.client() as client:
        first = client.get("/v1/reps/ann/bucket-list?limit=2", headers=ann).json()
        other = client.get(
            f"/v1/reps/ann/bucket-list?{query}&cursor={first['next_cursor']}", headers=ann
        )

    assert other.status_code == 422


def test_a_cursor_from_another_rep_opens_nothing(world) -> None:
    with world.client() as client:
        manager = world.bearer("manager", "meg")
        first = client.get("/v1/reps/ann/bucket-list?limit=2", headers=manager).json()
        foreign = client.get(
            f"/v1/reps/ann/bucket-list?cursor={first['next_cursor']}",
            headers=world.bearer("rep", "bob"),
        )
        own = client.get(
            f"/v1/reps/bob/bucket-list?cursor={first['next_cursor']}",
            headers=world.bearer("rep", "bob"),
        )

    assert (foreign.status_code, own.status_code) == (404, 422)


def encoded(cells: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(cells).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "ÿ", "=", "W" * 1000),
        *(encoded({}), encoded([1, 2]), encoded(["s", [], None, "rank", 1])),
        *(encoded(["s", "ann", None, "rank", last]) for last in (-1, True, 10**30)),
    ],
)
def test_what_never_was_a_cursor_is_malformed(world, text) -> None:
    with world.client() as client:
        answer = client.get(
            "/v1/reps/ann/bucket-list",
            params={"cursor": text},
            headers=world.bearer("rep", "ann"),
        )

    assert answer.status_code == 422


def test_a_cursor_reads_as_it_was_written() -> None:
    cursor = Cursor("20260101-000000-aaaa", "ann", None, "rank", 50)

    assert cursor_of(cursor.text()) == cursor


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "sort=secret", "bucket=all"])
def test_a_question_of_another_form_is_malformed(world, query) -> None:
    with world.client() as client:
        answer = client.get(f"/v1/reps/ann/bucket-list?{query}", headers=world.bearer("crm"))

    assert answer.status_code == 422


def test_unknown_and_foreign_reps_answer_with_the_same_bytes(world) -> None:
    ann = world.bearer("rep", "ann")

    with world.client() as client:
        answers = [
            client.get(f"/v1/reps/{rep}/bucket-list", headers=ann)
            for rep in ("bob", "zoe", "nobody")
        ]
        account = client.get("/v1/accounts/b1/score", headers=ann)

    assert {answer.content for answer in answers} == {account.content}


def test_the_page_shows_the_own_list_and_no_account_of_a_colleague(world) -> None:
    with world.client() as client:
        own = client.get("/book", headers=world.bearer("rep", "ann"))
        foreign = client.get("/book?rep=bob", headers=world.bearer("rep", "ann"))
        unknown = client.get("/book?rep=nobody", headers=world.bearer("rep", "ann"))
        boss = client.get("/book?rep=bob", headers=world.bearer("manager", "meg"))

    assert own.status_code == boss.status_code == 200
    assert "Account a00" in own.text
    assert "Account b1" not in own.text
    assert "Bob" not in own.text
    assert "Account b1" in boss.text
    assert foreign.status_code == 404
    assert foreign.content == unknown.content


def test_roles_without_a_list_are_told_so(world) -> None:
    with world.client() as client:
        page = client.get("/book", headers=world.bearer("admin"))

    assert page.status_code == 403
    assert "No list for this role" in page.text
