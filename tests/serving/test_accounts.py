import random
from datetime import date

import polars as pl
import pytest

from serving.parts import SCHEMAS
from serving.settings import Settings
from serving.store.engine import Store
from tests.serving.world import DAY, OWNED, World, deal, frames, part, world_of

SHORT = "0015g00000ABCDe"
LONG = "0015g00000ABCDeAAP"
PROVENANCE = {
    "as_of": "2026-01-05T09:00:00Z",
    "scored_at": "2026-01-05T09:00:00Z",
    "model_version": 3,
    "stale": False,
    "data_freshness": "2026-01-05T09:00:00Z",
}


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    made = world_of(settings, store)
    made.publish()
    return made


def test_a_score_carries_where_it_comes_from_and_nulls_for_what_is_not_there_yet(world) -> None:
    with world.client() as client:
        body = client.get("/v1/accounts/a1/score", headers=world.bearer("rep", "ann")).json()

    assert body.items() >= PROVENANCE.items()
    assert body["snapshot_id"] == world.live.served.snapshot.snapshot_id
    assert (body["status"], body["bucket"], body["p_a_list"]) == ("scored", "a_list", 0.6)
    assert body["reasons"][0]["peer_value"] == 2.0
    assert body["hours_suggested"] is body["hours_freed"] is body["receipt"] is None


def test_what_is_in_service_but_out_of_date_says_so(world) -> None:
    crm = world.bearer("crm")

    with world.client() as client:
        world.live._keep("a newer one is damaged")
        body = client.get("/v1/accounts/a1/score", headers=crm).json()

    assert body["stale"] is True


def test_unknown_and_foreign_accounts_answer_with_the_same_bytes(world) -> None:
    ann = world.bearer("rep", "ann")
    paths = ("b1", "n1", "nobody", "x" * 300, "%3Cscript%3E", "..%2e", "a1%00")

    with world.client() as client:
        answers = [client.get(f"/v1/accounts/{path}/score", headers=ann) for path in paths]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({_steady_headers(answer) for answer in answers}) == 1


def _steady_headers(answer) -> tuple[tuple[str, str], ...]:
    return tuple(item for item in sorted(answer.headers.items()) if item[0] != "x-request-id")


def test_both_forms_of_a_salesforce_id_are_the_same_account_and_the_same_rep(world) -> None:
    parts = frames([(SHORT, SHORT), ("a1", "ann")])
    reps = parts["reps.parquet"]
    renamed = reps.with_columns(rep_id=reps["rep_id"].replace("bob", SHORT))
    world.publish({**parts, "reps.parquet": renamed}, minute=1)
    headers = world.bearer("rep", LONG)

    with world.client() as client:
        answers = [client.get(f"/v1/accounts/{i}/score", headers=headers) for i in (SHORT, LONG)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_a_batch_of_200_with_one_unknown_id_answers_for_the_other_199(world) -> None:
    owned = [(f"a{number}", "ann") for number in range(199)]
    world.publish(frames(owned), minute=1)
    ids = [account_id for account_id, _ in owned]
    ids.insert(77, "unknown")
    random.Random(5).shuffle(ids)

    with world.client() as client:
        answer = client.post(
            "/v1/accounts/scores", json={"ids": ids}, headers=world.bearer("rep", "ann")
        )

    items = answer.json()["items"]
    assert answer.status_code == 200
    assert [item["id"] for item in items] == ids
    missing = [item for item in items if not item["found"]]
    nothing = {"found": False, "status": "not_found", "score": None}
    assert missing == [{"id": "unknown", **nothing}]
    assert all(i["score"]["account_id"] == i["id"] for i in items if i["found"])


def test_a_batch_hides_foreign_ids_as_it_hides_unknown_ones(world) -> None:
    ids = ["a1", "b1", "nobody", "a1"]

    with world.client() as client:
        answer = client.post(
            "/v1/accounts/scores", json={"ids": ids}, headers=world.bearer("rep", "ann")
        )

    items = answer.json()["items"]
    assert [item["found"] for item in items] == [True, False, False, True]
    assert {**items[1], "id": ""} == {**items[2], "id": ""}


def test_a_batch_beyond_the_limit_is_refused_with_both_numbers(world) -> None:
    crm = world.bearer("crm")

    with world.client() as client:
        most = client.post("/v1/accounts/scores", json={"ids": ["a1"] * 1000}, headers=crm)
        more = client.post("/v1/accounts/scores", json={"ids": ["a1"] * 1001}, headers=crm)

    assert most.status_code == 200
    assert more.status_code == 413
    assert more.json()["detail"] == "expected at most 1000 ids, got 1001"


@pytest.mark.parametrize(
    "body", [{}, {"ids": []}, {"ids": "a1"}, {"ids": [1]}, {"ids": [None]}, [], {"id": ["a1"]}]
)
def test_a_batch_of_another_form_is_malformed(world, body) -> None:
    with world.client() as client:
        answer = client.post("/v1/accounts/scores", json=body, headers=world.bearer("crm"))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


REPORTS = {"ann": {"ann"}, "bob": {"bob"}, "cat": {"cat"}}
REPORTS["meg"] = {"meg", "ann", "bob"}
REPORTS["zoe"] = {"zoe", "cat", *REPORTS["meg"]}


def test_over_random_territories_nobody_ever_sees_a_row_of_somebody_else(world) -> None:
    draw = random.Random(11)
    owners = [*REPORTS, None]
    owned = [(f"r{number}", draw.choice(owners)) for number in range(40)]
    world.publish(frames(owned), minute=2)
    callers = [("rep", rep) for rep in REPORTS] + [("manager", rep) for rep in REPORTS]

    with world.client() as client:
        for role, rep in callers:
            headers = world.bearer(role, rep)
            mine = {rep} if role == "rep" else REPORTS[rep]
            expected = [account_id for account_id, owner in owned if owner in mine]

            ids = [account_id for account_id, _ in owned]
            batch = client.post("/v1/accounts/scores", json={"ids": ids}, headers=headers).json()
            deals = {"ids": [f"d-{account_id}" for account_id in ids]}
            deal_batch = client.post("/v1/deals/scores", json=deals, headers=headers).json()
            listed = [_list(client, other, headers) for other in REPORTS]
            single, owner = draw.choice(owned)
            one = client.get(f"/v1/accounts/{single}/score", headers=headers).status_code
            curve = client.get(f"/v1/deals/d-{single}/curve", headers=headers).status_code

            assert [item["id"] for item in batch["items"] if item["found"]] == expected
            assert [i["id"][2:] for i in deal_batch["items"] if i["found"]] == expected
            assert sorted(i for page in listed for i in page) == sorted(expected)
            assert (one, curve) == ((200, 200) if owner in mine else (404, 404))


def _deal_of(account_id: str, number: int, owner: str | None, draw: random.Random) -> dict:
    day = date(2026, 2, 1 + number)
    risk = {"slip_risk": draw.random(), "committed_on": day}
    return {**deal(f"{account_id}-{number}", account_id, owner), **risk}


def test_over_random_deals_no_answer_tells_of_one_of_somebody_else(world) -> None:
    draw = random.Random(12)
    owned = [(f"r{number}", draw.choice([*REPORTS])) for number in range(20)]
    deals = [
        _deal_of(account_id, number, draw.choice([*REPORTS, None]), draw)
        for account_id, _ in owned
        for number in range(draw.randrange(4))
    ]
    parts = frames(owned)
    slips = {"open_deals": 9, "slip_risk_max": 0.99, "slip_on": DAY}
    published = parts["accounts.parquet"].with_columns(
        pl.lit(value, SCHEMAS["accounts.parquet"][name]).alias(name)
        for name, value in slips.items()
    )
    told = {"accounts.parquet": published, "deals.parquet": part("deals.parquet", deals)}
    world.publish({**parts, **told}, minute=3)

    with world.client() as client:
        for role, rep in [("rep", rep) for rep in REPORTS] + [("manager", rep) for rep in REPORTS]:
            headers = world.bearer(role, rep)
            mine = {rep} if role == "rep" else REPORTS[rep]
            expected = {
                account_id: _figures([d for d in deals if d["account_id"] == account_id], mine)
                for account_id, owner in owned
                if owner in mine
            }
            path = f"/v1/reps/{rep}/bucket-list?limit=200&sort=slip_risk"
            ids = {"ids": [*expected]}

            single = [
                client.get(f"/v1/accounts/{account_id}/score", headers=headers).json()
                for account_id in expected
            ]
            batch = client.post("/v1/accounts/scores", json=ids, headers=headers).json()
            listed = client.get(path, headers=headers).json().get("items", [])

            shown = [*single, *(item["score"] for item in batch.get("items", ())), *listed]
            assert all(_told(score) == expected[score["account_id"]] for score in shown)
            risks = [score["slip_risk_max"] or -1.0 for score in listed]
            assert risks == sorted(risks, reverse=True)


def _figures(deals: list[dict], mine: set[str]) -> tuple[int, float | None, str | None]:
    seen = [one for one in deals if one["owner_rep_id"] in mine]
    worst = max(seen, key=lambda one: one["slip_risk"], default=None)
    on = worst and worst["committed_on"].isoformat()
    return len(seen), worst and worst["slip_risk"], on


def _told(score: dict) -> tuple[int, float | None, str | None]:
    return score["open_deals"], score["slip_risk_max"], score["slip_on"]


def _list(client, rep: str, headers) -> list[str]:
    answer = client.get(f"/v1/reps/{rep}/bucket-list?limit=200", headers=headers)
    return [item["account_id"] for item in answer.json().get("items", ())]


def test_a_crm_sees_every_row_also_those_that_nobody_owns(world) -> None:
    ids = [account_id for account_id, _ in OWNED]

    with world.client() as client:
        answer = client.post("/v1/accounts/scores", json={"ids": ids}, headers=world.bearer("crm"))

    assert all(item["found"] for item in answer.json()["items"])
