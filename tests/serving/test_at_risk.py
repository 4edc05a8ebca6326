"""What open deals may fail to bring, in the answers of the API."""

from datetime import date

import polars as pl
import pytest

from serving.settings import Settings
from serving.store.engine import Store
from tests.serving.world import World, deal, frames, part, world_of

FIELDS = (
    "amount_at_risk",
    "amount_promised",
    "quarter_share_at_risk",
    "deals_without_amount",
    "deals_without_risk",
)


@pytest.fixture
def world(settings: Settings, store: Store) -> World:
    """Account a1 with five open deals, one of them bob's; as_of lies in the first quarter."""
    made = world_of(settings, store)
    cells: list[dict[str, object]] = [
        {"amount": 1_000.0, "slip_risk": 0.5},
        {"amount": 3_000.0, "slip_risk": 0.25, "period_end": date(2026, 6, 30)},
        {"amount": None},
        {"amount": 700.0, "slip_risk": None, "committed_on": None},
    ]
    mine = [deal(f"d{place}", "a1", "ann") | told for place, told in enumerate(cells)]
    foreign = deal("e", "a1", "bob") | {"amount": 9_000.0, "slip_risk": 1.0}
    deals = part("deals.parquet", [*mine, foreign])
    made.publish(frames([("a1", "ann"), ("a2", "ann")]) | {"deals.parquet": deals})
    return made


def told(body: dict) -> tuple[float | None, ...]:
    return tuple(body[name] for name in FIELDS)


def test_an_account_says_what_is_at_risk_and_what_is_in_no_sum(world) -> None:
    with world.client() as client:
        ann, nothing = (
            client.get(f"/v1/accounts/{name}/score", headers=world.bearer("rep", "ann")).json()
            for name in ("a1", "a2")
        )

    assert told(ann) == (1_250.0, 4_000.0, 0.5, 1, 1)
    assert told(nothing) == (None, None, None, 0, 0)


def test_who_may_not_see_a_deal_does_not_learn_of_it(world) -> None:
    headers = [world.bearer("rep", "ann"), world.bearer("crm")]

    with world.client() as client:
        batches = [
            client.post("/v1/accounts/scores", json={"ids": ["a1"]}, headers=one).json()
            for one in headers
        ]

    ann, crm = (told(batch["items"][0]["score"]) for batch in batches)
    assert ann == (1_250.0, 4_000.0, 0.5, 1, 1)
    assert crm == (10_250.0, 13_000.0, 0.95, 1, 1)


def test_a_list_says_it_of_all_its_accounts_whatever_the_page(world) -> None:
    path = "/v1/reps/ann/bucket-list?limit=1&sort=name"

    with world.client() as client:
        first = client.get(path, headers=world.bearer("rep", "ann")).json()
        path = f"{path}&cursor={first['next_cursor']}"
        second = client.get(path, headers=world.bearer("rep", "ann")).json()

    assert told(first) == told(second) == (1_250.0, 4_000.0, 0.5, 1, 1)
    assert told(first["items"][0]) == (1_250.0, 4_000.0, 0.5, 1, 1)
    assert told(second["items"][0]) == (None, None, None, 0, 0)


def test_the_quarter_is_that_of_the_as_of_in_the_organisations_year(world) -> None:
    deals = frames([("a1", "ann")])["deals.parquet"]
    later = deals.with_columns(pl.lit(date(2026, 6, 30)).alias("period_end"))
    world.publish(frames([("a1", "ann")]) | {"deals.parquet": later}, minute=1)

    with world.client() as client:
        body = client.get("/v1/accounts/a1/score", headers=world.bearer("crm")).json()

    assert told(body) == (350.0, 500.0, None, 0, 0)
