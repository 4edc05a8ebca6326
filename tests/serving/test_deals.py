import polars as pl
import pytest

from serving.settings import Settings
from serving.store.engine import Store
from tests.serving.world import World, frames, world_of


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    made = world_of(settings, store)
    made.publish()
    return made


def test_a_deal_answers_for_its_three_dates(world) -> None:
    with world.client() as client:
        body = client.get("/v1/deals/d-a1/score", headers=world.bearer("rep", "ann")).json()

    assert (body["p_won_by_committed"], body["slip_risk"]) == (0.3, 0.7)
    assert (body["month_end"], body["period_end"]) == ("2026-01-31", "2026-03-31")
    assert body["flags"] == ["past_commitment"]
    assert body["close_p25"] is None
    assert body["snapshot_id"] == world.live.served.snapshot.snapshot_id
    assert body["hours_suggested"] is body["receipt"] is None


def test_a_curve_has_its_points_by_day_beside_the_dates_that_matter(world) -> None:
    with world.client() as client:
        body = client.get("/v1/deals/d-a1/curve", headers=world.bearer("rep", "ann")).json()

    days = [point["on"] for point in body["points"]]
    assert body["points"][1] == {"on": "2026-01-12", "p_won": 0.01, "p_lost": 0.1}
    assert days == sorted(days)
    assert len(days) == 27
    assert body["committed_on"] == "2026-01-20"
    assert (body["month_end"], body["quarter_end"]) == ("2026-01-31", "2026-03-31")


def test_a_deal_that_is_over_answers_with_its_status_and_no_number(settings, store) -> None:
    parts = frames()
    is_over = pl.col("opportunity_id") == "d-a1"
    numbers = ("p_won_by_committed", "slip_risk", "p_won_by_month_end", "p_won_by_period_end")
    parts["deals.parquet"] = parts["deals.parquet"].with_columns(
        pl.when(is_over).then(pl.lit("closed")).otherwise("status").alias("status"),
        pl.when(~is_over).then(pl.col(*numbers, "p_lost", "p_slip")),
    )
    parts["curves.parquet"] = parts["curves.parquet"].filter(~is_over)
    world = world_of(settings, store)
    world.publish(parts)

    with world.client() as client:
        ann = world.bearer("rep", "ann")
        body = client.get("/v1/deals/d-a1/score", headers=ann).json()
        curve = client.get("/v1/deals/d-a1/curve", headers=ann).json()
        foreign = client.get("/v1/deals/d-a1/score", headers=world.bearer("rep", "bob"))

    assert (body["status"], body["committed_on"]) == ("closed", "2026-01-20")
    assert {body[name] for name in (*numbers, "p_lost", "p_slip")} == {None}
    assert (curve["status"], curve["points"]) == ("closed", [])
    assert foreign.status_code == 404


@pytest.mark.parametrize("what", ["score", "curve"])
def test_unknown_and_foreign_deals_answer_with_the_same_bytes(world, what) -> None:
    ann = world.bearer("rep", "ann")

    with world.client() as client:
        answers = [
            client.get(f"/v1/deals/{deal_id}/{what}", headers=ann)
            for deal_id in ("d-b1", "d-n1", "nothing")
        ]
        account = client.get("/v1/accounts/b1/score", headers=ann)

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {account.content}


def test_a_batch_of_deals_keeps_its_order_and_its_unknown_ids(world) -> None:
    ids = ["d-a2", "nothing", "d-b1", "d-a1"]

    with world.client() as client:
        answer = client.post(
            "/v1/deals/scores", json={"ids": ids}, headers=world.bearer("rep", "ann")
        )
        more = client.post(
            "/v1/deals/scores", json={"ids": ["x"] * 1001}, headers=world.bearer("crm")
        )

    items = answer.json()["items"]
    assert [item["id"] for item in items] == ids
    assert [item["found"] for item in items] == [True, False, False, True]
    assert items[0]["score"]["opportunity_id"] == "d-a2"
    assert more.status_code == 413
