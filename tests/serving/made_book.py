"""A made-up publication for the tests of the page: a test names only the cells it cares about."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

import serving
from features.calendar import Calendar
from models.bundle import Bundle
from models.card import DataUsed, ModelCard
from serving.access import Caller
from serving.app import page_templates
from serving.live import Served
from serving.pages import BookPage, Reader, book_page
from serving.parts import SCHEMAS
from serving.rows import RepRow
from serving.snapshots import snapshot_of
from serving.store.scores import SnapshotRef

Cells = dict[str, object]

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
TODAY = date(2026, 12, 1)
QUARTER_END = date(2026, 12, 31)
HOUSE = Path(serving.__file__).parent
NORA = RepRow("nora", "Nora Hale", "mia", is_active=True)
OMAR = RepRow("omar", "Omar Reyes", "mia", is_active=True)


def reason(text: str, effect: str = "toward_a_list") -> Cells:
    return {
        "concept": "engagement",
        "effect": effect,
        "text": text,
        "feature": "replies_90d",
        "value": 4.0,
        "peer_value": 2.0,
        "as_of": TODAY,
    }


def account(account_id: str, bucket: str | None = "a_list", **cells: object) -> Cells:
    """Scored into `bucket` with .7, unless told otherwise."""
    chances = {
        f"p_{name}": None if bucket is None else 0.7 if name == bucket else 0.1
        for name in ("a_list", "pain", "walk_away", "steady")
    }
    made: Cells = {
        "account_id": account_id,
        "name": account_id.title(),
        "owner_rep_id": "nora",
        "value": 50_000.0,
        "currency": "USD",
        "status": "scored" if bucket else "not_in_pursuit",
        "bucket": bucket,
        "confidence": "firm" if bucket else None,
        "kept_in_pursuit": False,
        "reasons": [],
        "open_deals": 0,
        **chances,
    }
    return made | cells


def deal(opportunity_id: str, account_id: str, **cells: object) -> Cells:
    """Promised for the quarter's end, half likely to slip, unless told otherwise."""
    made: Cells = {
        "opportunity_id": opportunity_id,
        "account_id": account_id,
        "name": opportunity_id.title(),
        "owner_rep_id": "nora",
        "amount": 10_000.0,
        "currency": "USD",
        "status": "scored",
        "committed_on": QUARTER_END,
        "period_end": QUARTER_END,
        "month_end": QUARTER_END,
        "p_won_by_committed": 0.5,
        "slip_risk": 0.5,
        "p_won_by_period_end": 0.5,
        "reasons": [],
        "flags": [],
    }
    return made | cells


def weeks(account_id: str, chances: Sequence[float]) -> list[Cells]:
    """One point a week, the last one today."""
    last = len(chances) - 1
    return [
        {"account_id": account_id, "on": TODAY - timedelta(weeks=last - week), "p": p}
        for week, p in enumerate(chances)
    ]


def served(
    accounts: Sequence[Cells],
    deals: Sequence[Cells] = (),
    past: Sequence[Cells] = (),
    *,
    is_stale: bool = False,
) -> Served:
    ref = SnapshotRef("20261201-021000-a1b2", AS_OF, AS_OF + timedelta(hours=2), 12, "b", "c", "m")
    rows = {"accounts": accounts, "deals": deals, "curves": (), "history": past, "reps": ()}
    frames = {f"{name}.parquet": _part(f"{name}.parquet", cells) for name, cells in rows.items()}
    snapshot = snapshot_of(ref, frames, observed_until=AS_OF - timedelta(hours=1), currency="USD")
    return Served(snapshot, _bundle(), is_stale=is_stale)


def page_of(
    accounts: Sequence[Cells],
    deals: Sequence[Cells] = (),
    past: Sequence[Cells] = (),
    *,
    reps: tuple[RepRow, ...] = (NORA,),
    tab: str = "all",
    sort: str = "suggested",
    find: str = "",
    is_stale: bool = False,
    reader: Reader | None = None,
) -> BookPage:
    return book_page(
        served(accounts, deals, past, is_stale=is_stale),
        caller=Caller("key", "manager", "mia", frozenset(rep.rep_id for rep in reps)),
        reps=reps,
        rep_id="nora",
        tab=tab,
        sort=sort,
        find=find,
        calendar=Calendar(),
        reader=reader,
    )


def html(template: str = "book.html", **context: object) -> str:
    """A template as the server writes it, from the very environment that it uses."""
    return page_templates().get_template(template).render(context)


def text_of(page: BookPage) -> str:
    """What is left of the written page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html(page=page, csrf="token")))


def _part(name: str, rows: Sequence[Cells]) -> pl.DataFrame:
    schema = dict(SCHEMAS[name])
    return pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema)


def _bundle() -> Bundle:
    """Only its card is read by a page."""
    used = DataUsed(AS_OF, "d", {}, account_rows=0, accounts=0, deal_rows=0, deals=0)
    card = ModelCard(
        version=12,
        trained_at=AS_OF,
        experiment="demo",
        data_used=used,
        policy_hash="p",
        contract_hash="c",
        horizon_weeks=13,
        bucket_kind="blend",
        slip_kind="lightgbm",
    )
    return Bundle("b", card, None, None, None, None, None)
