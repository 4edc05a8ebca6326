"""The likely way to lose a deal, from the model to the answer and the card."""

from dataclasses import replace

import numpy as np
import pytest

from features.catalogue import DEAL
from models.booster import BoosterParams, fit_booster
from models.bundle import Bundle
from models.loss_reason import LossReasonModel
from serving.settings import Settings
from serving.snapshots import Snapshot
from serving.store.engine import Store
from tests.models.conftest import table
from tests.serving.desk import Desk
from tests.serving.made_book import account, deal, page_of, text_of
from tests.serving.world import deal as published
from tests.serving.world import frames, part, world_of

NAMES = tuple(feature.name for feature in DEAL)
WAYS = [{"reason": "price", "p": 0.41}, {"reason": "no_decision", "p": 0.3}]


def model(*, is_fitted: bool) -> LossReasonModel:
    X = table(300, seed=1, names=NAMES)
    params = BoosterParams(objective="multiclass", classes=3, leaves=4, rounds=5, min_leaf=20)
    thirds = np.digitize(X[NAMES[1]].to_numpy(), [-0.4, 0.4])
    boosters = (fit_booster(X, thirds, params=params),) if is_fitted else ()
    told = {"reasons": ("price", "timing", "other"), "shares": (0.5, 0.3, 0.2)}
    return LossReasonModel(NAMES, boosters=boosters, lost=200, coded=150, **told)


@pytest.mark.parametrize(("is_fitted", "basis"), [(True, "deal"), (False, "book")])
def test_every_deal_is_told_its_two_likeliest_ways_and_from_what(
    desk: Desk, bundle: Bundle, *, is_fitted: bool, basis: str
) -> None:
    loss_reason = model(is_fitted=is_fitted)
    opened = replace(desk, bundle=replace(bundle, loss_reason=loss_reason)).opened()

    rows = [opened.deal(name) for name in opened.deals["opportunity_id"]]

    assert len(rows) > 3
    assert {(row.loss_basis, row.loss_coverage) for row in rows} == {(basis, 0.75)}
    assert all(len(row.likely_loss) == 2 for row in rows)
    assert all(row.likely_loss[0].p >= row.likely_loss[1].p > 0.0 for row in rows)
    if not is_fitted:
        assert {row.likely_loss[0].reason for row in rows} == {"price"}
        assert {row.likely_loss[1].p for row in rows} == {0.3}


def test_where_no_lost_deal_says_why_nothing_is_told(snapshot: Snapshot) -> None:
    rows = [snapshot.deal(name) for name in snapshot.deals["opportunity_id"]]

    told = {(row.likely_loss, row.loss_basis, row.loss_coverage) for row in rows}

    assert told == {((), None, None)}


def test_without_a_slip_model_no_way_to_lose_is_told(desk: Desk, bundle: Bundle) -> None:
    lone = replace(bundle, slip=None, loss_reason=model(is_fitted=False))

    opened = replace(desk, bundle=lone).opened()

    assert opened.deals["loss_coverage"].null_count() == opened.deals.height > 0


def test_the_answer_carries_ways_basis_and_coverage(settings: Settings, store: Store) -> None:
    world = world_of(settings, store)
    said = {"likely_loss": WAYS, "loss_basis": "book", "loss_coverage": 0.8}
    deals = part(
        "deals.parquet", [published("d1", "a1", "ann") | said, published("d2", "a1", "ann")]
    )
    world.publish(frames([("a1", "ann")]) | {"deals.parquet": deals})

    with world.client() as client:
        bodies = [
            client.get(f"/v1/deals/{name}/score", headers=world.bearer("rep", "ann")).json()
            for name in ("d1", "d2")
        ]

    assert {name: bodies[0][name] for name in said} == said
    assert [bodies[1][name] for name in said] == [[], None, None]


@pytest.mark.parametrize(("basis", "like"), [("deal", "deals like it"), ("book", "all lost deals")])
def test_a_card_says_how_a_deal_is_likely_to_be_lost(basis: str, like: str) -> None:
    said = {"likely_loss": WAYS, "loss_basis": basis, "loss_coverage": 0.8}
    page = page_of([account("a")], [deal("d1", "a", **said), deal("d2", "a")])

    first, second = page.columns[0].cards[0].deals

    text = f"price 41 %, no decision 30 % (from {like}; 80 % of lost deals say why)"
    assert first.lost is not None
    assert first.lost.replace("\u00a0", " ") == text
    assert second.lost is None
    shown = text_of(page).replace("\u00a0", " ")
    assert f"If lost: {text}" in shown
    assert shown.count("If lost:") == 1
