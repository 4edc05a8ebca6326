"""What happens to accounts in a window, in the world as it came and in its forward worlds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from features.crm.synthetic import deals as deal
from features.crm.synthetic.forward import History, run_forward
from features.crm.synthetic.forward_tables import Traces, forward_tables
from features.crm.synthetic.params import WorldParams
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import DAY, NEVER, day_number
from tests.features.crm.synthetic.forked import cut

PARAMS = WorldParams(accounts=10_000, seed=101, years=1.5, block=10_000)
MOMENT = datetime(2026, 1, 5, tzinfo=UTC)
BEGIN = day_number(MOMENT.date()) * DAY
END = BEGIN + 26 * 7 * DAY
BEYOND = 20
"""Days that forward worlds run on after the window: the last bills of a world are not written."""
Counts = Mapping[str, np.ndarray]
"""Measure → number by account."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How forward worlds differ from the world itself in one measure.

    Attributes:
        came: mean per account in the world.
        foretold: mean per account and forward world.
        errors: difference in standard errors of the accounts' differences.
    """

    came: float
    foretold: float
    errors: float


def gaps(history: History, past: Traces | None, *, worlds: int, seed: int) -> Mapping[str, Gap]:
    """Every measure of the window: each account against itself in `worlds` forward worlds.

    Args:
        history: a world with a state at MOMENT.
        past: its traces; without them only deals and contracts are compared.
        worlds: forward worlds.
        seed: of the forward worlds.
    """
    count = history.world.accounts.count
    came = deal_counts(history.pipeline, count) | (trace_counts(past, count) if past else {})
    foretold = _foretold(history, past, worlds=worlds, seed=seed)
    found = {}
    for name, really in came.items():
        apart = really - foretold[name] / worlds
        error = float(apart.std()) / np.sqrt(count)
        mean = (float(really.mean()), float(foretold[name].mean()) / worlds)
        found[name] = Gap(*mean, (mean[0] - mean[1]) / max(error, 1e-12))
    return found


def under_other_rules(history: History, **change: object) -> History:
    """The same past and states, whose forward worlds obey other rules."""
    world = history.world
    bent = replace(world, params=replace(world.params, **change))  # type: ignore[arg-type]
    return replace(history, pipeline=replace(history.pipeline, world=bent))


def _foretold(history: History, past: Traces | None, *, worlds: int, seed: int) -> Counts:
    rng, count = np.random.default_rng(seed), history.world.accounts.count
    until = END // DAY + BEYOND
    futures = run_forward(rng, history, MOMENT, worlds=worlds, until_day=until)
    if past is None:
        return deal_counts(futures.pipeline, count)
    known = cut(past, history.states[MOMENT].step)
    tables = forward_tables(rng, futures, known, end=history.world.steps.end)
    frames = {name: frame.collect() for name, frame in tables.items()}
    return deal_counts(futures.pipeline, count) | frame_counts(frames, count)


def deal_counts(pipeline: Pipeline, accounts: int) -> dict[str, np.ndarray]:
    """Deals, contracts and quotes; accounts of all worlds together."""
    deals, contracts = pipeline.deals, pipeline.portfolio.contracts
    changes, quotes = pipeline.logs.changes, pipeline.logs.quotes
    old, new = changes.numbers("old"), changes.numbers("new")
    pushed = (changes["field"] == deal.CLOSE_DATE_FIELD) & (new > old)
    pushed &= changes["moment"] != deals.closed[changes["deal"]]
    staged = (changes["field"] == deal.STAGE_FIELD) & (new < deal.WON)
    who, when = deals.account[changes["deal"]], changes["moment"]
    found = {
        "opened": (deals.account, deals.created),
        "pushed": (who[pushed], when[pushed]),
        "staged": (who[staged], when[staged]),
        "quoted": (deals.account[quotes["deal"]], quotes["moment"]),
        "signed": (contracts.account, contracts.recorded),
        "renewed": (contracts.account, contracts.renewed),
        "cancelled": (contracts.account, contracts.cancelled),
    }
    is_renewal = deals.kind == deal.RENEWAL
    for name, kind in (("sales", ~is_renewal), ("renewals", is_renewal)):
        for stage, end in ((deal.WON, "won"), (deal.LOST, "lost")):
            own = kind & (deals.stage == stage) & (deals.closed != NEVER)
            found[f"{name} {end}"] = (deals.account[own], deals.closed[own])
    counts = {name: _counted(*pair, accounts) for name, pair in found.items()}
    won, lost = (counts[f"sales {end}"] + counts[f"renewals {end}"] for end in ("won", "lost"))
    return counts | {"won over lost": won - lost}


def trace_counts(past: Traces, accounts: int) -> dict[str, np.ndarray]:
    """What the world left behind."""
    log, bills = past.activities, past.invoices
    told, amount = log["automated"] == 0, bills.numbers("amount")
    found = {
        "touches": (log["account"][told], log["moment"][told]),
        "tickets": (past.tickets["account"], past.tickets["opened"]),
        "referrals": (past.referrals["account"], past.referrals["given"]),
    }
    for direction, name in enumerate(("outbound", "inbound", "mutual")):
        own = told & (log["direction"] == direction)
        found[name] = (log["account"][own], log["moment"][own])
    for name, own in (("bills", amount > 0), ("returns", amount < 0)):
        found[name] = (bills["account"][own], bills["moment"][own])
    return {name: _counted(*pair, accounts) for name, pair in found.items()}


def frame_counts(frames: Mapping[str, pl.DataFrame], accounts: int) -> dict[str, np.ndarray]:
    """What all forward worlds left behind together."""
    touches, bills = frames["activities"], frames["invoices"]
    rows = {
        "touches": (touches, "occurred_at"),
        "tickets": (frames["tickets"], "opened_at"),
        "referrals": (frames["referrals"], "given_at"),
        "bills": (bills.filter(pl.col("amount") > 0), "issued_at"),
        "returns": (bills.filter(pl.col("amount") < 0), "issued_at"),
    }
    for name in ("outbound", "inbound", "mutual"):
        rows[name] = (touches.filter(pl.col("direction") == name), "occurred_at")
    return {
        name: _counted(
            frame["account_id"].cast(pl.Int64).to_numpy(),
            frame[moment].cast(pl.Int64).to_numpy(),
            accounts,
        )
        for name, (frame, moment) in rows.items()
    }


def _counted(account: np.ndarray, moment: np.ndarray, accounts: int) -> np.ndarray:
    inside = (moment >= BEGIN) & (moment < END)
    return np.bincount(account[inside] % accounts, minlength=accounts).astype(np.float64)
