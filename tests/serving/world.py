"""A small served world: a few reps, accounts and deals, an application and keys for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from fastapi import FastAPI
from starlette.testclient import TestClient

from models.card import Contest, DataUsed, Figure, ModelCard
from serving.access import Role
from serving.app import create_app
from serving.live import LiveSnapshot
from serving.parts import SCHEMAS
from serving.publish import Draft, publish
from serving.settings import Settings
from serving.store import scores
from serving.store.engine import Store
from serving.store.keys import KeyRequest, NewKey, add_key

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAY = date(2026, 1, 5)
BUNDLE = "b" * 64
HERE = "http://127.0.0.1"
REPS = (("ann", "meg"), ("bob", "meg"), ("cat", "zoe"), ("meg", "zoe"), ("zoe", None))
OWNED = (("a1", "ann"), ("a2", "ann"), ("a3", "ann"), ("b1", "bob"), ("c1", "cat"), ("n1", None))


@dataclass(frozen=True)
class Model:
    """Stands for a bundle: serving asks it for its hash and its card."""

    hash: str
    card: ModelCard


def model_card() -> ModelCard:
    return ModelCard(
        version=3,
        trained_at=NOW,
        experiment="standard",
        data_used=DataUsed(NOW, "d" * 64, {"accounts": 6}, 600, 6, 40, 4),
        policy_hash="e" * 64,
        contract_hash="c" * 64,
        horizon_weeks=13,
        bucket_kind="blend",
        slip_kind="lightgbm",
        tau={"walk_away": 0.6},
        bookings_below=900.0,
        contests={
            "bucket": Contest(
                {"blend": {"log_loss": Figure(0.9, 0.8, 1.0)}}, "blend", "blend", "The model wins."
            )
        },
        not_applicable={"crm_probability": "the CRM has none"},
        switched_off={"nps": ("surveys",)},
        badges=("short history",),
    )


def load_model(folder: Path, *, expected: str | None = None) -> Model:
    return Model(expected or BUNDLE, model_card())


REASON = {
    "concept": "engagement",
    "effect": "toward_a_list",
    "text": "4 replies in 90 days; similar accounts 2",
    "feature": "replies_90d",
    "value": 4.0,
    "peer_value": 2.0,
    "as_of": DAY,
}


def account(account_id: str, owner: str | None, *, rank: int | None = 1) -> dict[str, object]:
    p = {"p_a_list": 0.6, "p_pain": 0.1, "p_walk_away": 0.1, "p_steady": 0.2}
    told = {"bucket": "a_list", "confidence": "firm", "rank_in_book": rank, "book_size": 3}
    return {
        "account_id": account_id,
        "name": f"Account {account_id}",
        "owner_rep_id": owner,
        "segment": "mid",
        "value": 1000.0,
        "currency": "USD",
        "status": "scored",
        "kept_in_pursuit": False,
        "reasons": [REASON],
        "open_deals": 1,
        "trend": "level",
        **p,
        **told,
    }


def deal(deal_id: str, account_id: str, owner: str | None) -> dict[str, object]:
    p = {"p_won_by_committed": 0.3, "slip_risk": 0.7, "p_won_by_month_end": 0.3}
    more = {"p_won_by_period_end": 0.5, "p_lost": 0.2, "p_slip": 0.3}
    return {
        "opportunity_id": deal_id,
        "account_id": account_id,
        "owner_rep_id": owner,
        "name": f"Deal {deal_id}",
        "account_name": f"Account {account_id}",
        "amount": 500.0,
        "currency": "USD",
        "status": "scored",
        "type": "new",
        "stage": "proposal",
        "committed_on": date(2026, 1, 20),
        "month_end": date(2026, 1, 31),
        "period_end": date(2026, 3, 31),
        "close_p50": date(2026, 2, 20),
        "reasons": [REASON],
        "flags": ["past_commitment"],
        **p,
        **more,
    }


def part(name: str, rows: Iterable[dict[str, object]]) -> pl.DataFrame:
    schema = dict(SCHEMAS[name])
    cells = [{column: row.get(column) for column in schema} for row in rows]
    return pl.DataFrame(cells, schema)


def frames(owned: Iterable[tuple[str, str | None]] = OWNED) -> dict[str, pl.DataFrame]:
    """Every account has one open deal, `d-` and its id, of the same owner."""
    owned = tuple(owned)
    weeks = [(DAY + timedelta(weeks=week), 0.01 * week) for week in range(27)]
    return {
        "accounts.parquet": part(
            "accounts.parquet",
            (account(a, owner, rank=rank) for rank, (a, owner) in enumerate(owned, 1)),
        ),
        "deals.parquet": part("deals.parquet", (deal(f"d-{a}", a, owner) for a, owner in owned)),
        "curves.parquet": part(
            "curves.parquet",
            (
                {"opportunity_id": f"d-{a}", "on": on, "p_won": won, "p_lost": 0.1}
                for a, _ in owned
                for on, won in weeks
            ),
        ),
        "history.parquet": part(
            "history.parquet", ({"account_id": a, "on": DAY, "p": 0.6} for a, _ in owned)
        ),
        "reps.parquet": part(
            "reps.parquet",
            (
                {"rep_id": rep, "name": rep.title(), "manager_id": boss, "is_active": True}
                for rep, boss in REPS
            ),
        ),
    }


@dataclass(frozen=True)
class World:
    """An application over a home, with a way to publish and to get a key."""

    settings: Settings
    store: Store
    live: LiveSnapshot
    app: FastAPI

    def publish(
        self,
        parts: dict[str, pl.DataFrame] | None = None,
        *,
        minute: int = 0,
        is_followed: bool = True,
    ) -> str:
        former = scores.current(self.store)
        ref = publish(
            self.settings.home,
            self.store,
            draft=Draft(
                frames=parts or frames(),
                write_context=lambda _: None,
                as_of=NOW,
                scored_at=NOW.replace(minute=minute),
                observed_until=NOW,
                model_version=3,
                bundle_hash=BUNDLE,
                contract_hash="c" * 64,
                currency="USD",
            ),
            former=former and former.snapshot_id,
            now=NOW,
        )
        if is_followed:
            self.live.refresh()
        return ref.snapshot_id

    def key(self, role: Role, rep_id: str | None = None) -> NewKey:
        return add_key(self.store, KeyRequest(role, rep_id), now=NOW, who="test")

    def bearer(self, role: Role, rep_id: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key(role, rep_id).secret}"}

    def client(self) -> TestClient:
        return TestClient(self.app, base_url=HERE, follow_redirects=False)


def world_of(settings: Settings, store: Store) -> World:
    live = LiveSnapshot(settings.home, store, load=load_model)
    app = create_app(settings, store=store, live=live, clock=lambda: NOW)
    return World(settings, store, live, app)
