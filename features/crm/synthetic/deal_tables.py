"""The deal side of the export: opportunities and everything that hangs on them."""

import numpy as np
import polars as pl

from features.crm.synthetic import deals as deal
from features.crm.synthetic.log import Log
from features.crm.synthetic.pipeline import Pipeline
from features.crm.synthetic.steps import DAY, MINUTE, NEVER, Floats, Ints, Steps
from features.crm.synthetic.tables import (
    ACCOUNT_IDS,
    CONTACT_IDS,
    COVENANT_IDS,
    DEAL_IDS,
    QUOTE_IDS,
    REP_IDS,
    amounts,
    by_moment,
    dates,
    flags,
    table,
    times,
    words,
)
from features.schema import DEAL_TYPES

LEAD_SOURCES = ("web", "event", "partner", "outbound", "customer")
LOSS_REASONS = ("no_decision", "price", "timing", "competitor", "missing_function")
LOSS_SHARES = (0.34, 0.22, 0.18, 0.16, 0.10)
COMPETITOR = LOSS_REASONS.index("competitor")
RIVALS = ("Norvane", "Quillon", "Tessaro", "Ostrava Soft")
NEXT_STEPS = ("qualify the need", "show the product", "talk through the proposal", "agree terms")
BILLING_TERMS = ("yearly", "quarterly", "monthly")
COVENANT_KINDS = ("share requirements", "bring the decision maker", "security review", "redline")
STAGE_PHASES = ("pre_sales", "sales", "sales", "sales", "post_sales", None)


def deal_order(pipeline: Pipeline) -> Ints:
    """Rank of each deal by creation: its number in the export."""
    order = by_moment(pipeline.deals.created, pipeline.deals.account)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def opportunity_frame(
    rng: np.random.Generator, pipeline: Pipeline, names: pl.DataFrame
) -> pl.DataFrame:
    """Opportunities with the values that they have at the end."""
    deals, steps = pipeline.deals, pipeline.world.steps
    order = by_moment(deals.created, deals.account)
    n, kind, stage = deals.count, deals.kind[order], deals.shown[order]
    is_closed, is_lost = stage >= deal.WON, stage == deal.LOST
    last = np.where(is_closed, steps.step_of(deals.closed[order] // DAY), steps.count - 1)
    source = rng.choice(len(LEAD_SOURCES), n, p=(0.3, 0.15, 0.15, 0.3, 0.1))
    reason = np.where(is_lost, rng.choice(len(LOSS_REASONS), n, p=LOSS_SHARES), -1)
    # Reps leave the reason out now and then.
    reason = np.where(rng.random(n) < 0.2, -1, reason)
    rival = np.where(reason == COMPETITOR, rng.integers(0, len(RIVALS), n), -1)
    columns = {
        "opportunity_id": DEAL_IDS.of(np.arange(n)),
        "account_id": ACCOUNT_IDS.of(deals.account[order]),
        "owner_rep_id": REP_IDS.of(pipeline.world.reps.owner[last, deals.account[order]]),
        "name": _deal_names(pipeline, order, names),
        "type": words(DEAL_TYPES, kind),
        "stage": words(deal.STAGES, stage),
        "amount": amounts(deals.amount[order]),
        "discount_pct": amounts(deals.discount[order]),
        "close_date": dates(deals.close_day[order]),
        "created_at": times(deals.created[order]),
        "closed_at": times(deals.closed[order]),
        "outcome": words(("open", "won", "lost"), np.maximum(stage - deal.NEGOTIATE, 0)),
        "loss_reason": words(LOSS_REASONS, reason),
        "competitor": words(RIVALS, rival),
        "lead_source": words(LEAD_SOURCES, np.where(kind == deal.NEW, source, -1)),
        "forecast_category": words(deal.FORECASTS, deals.forecast[order].astype(np.int64)),
        "crm_probability": amounts(np.array(deal.PROBABILITIES)[stage]),
        "next_step": words(NEXT_STEPS, np.where(is_closed, -1, stage)),
    }
    return table("opportunities", columns, steps)


def _deal_names(pipeline: Pipeline, order: Ints, names: pl.DataFrame) -> pl.Series:
    """Company, kind and year, as reps title their deals."""
    deals = pipeline.deals
    titles = pl.DataFrame(
        {
            "account_id": ACCOUNT_IDS.of(deals.account[order]),
            "kind": words(("new business", "expansion", "renewal"), deals.kind[order]),
            "year": times(deals.created[order]).dt.year(),
        }
    )
    joined = titles.join(names, on="account_id", how="left", maintain_order="left")
    return joined.select(pl.format("{}: {} {}", "name", "kind", "year").alias("name"))["name"]


def change_frame(pipeline: Pipeline) -> pl.DataFrame:
    """History of stage, close date, amount, owner, probability and forecast from creation on."""
    world, changes = pipeline.world, _with_owners(pipeline)
    rank = deal_order(pipeline)[changes["deal"]]
    order = by_moment(changes["moment"], rank, changes["field"])
    field, moment = changes["field"][order], changes["moment"][order]
    step = world.steps.step_of(moment // DAY)
    by = world.reps.owner[step, pipeline.deals.account[changes["deal"][order]]]
    columns = {
        "opportunity_id": DEAL_IDS.of(rank[order]),
        "changed_at": times(moment),
        "field": words(deal.FIELDS, field),
        "old": _value(field, changes.numbers("old")[order]),
        "new": _value(field, changes.numbers("new")[order]),
        "changed_by": REP_IDS.of(by),
    }
    return table("opportunity_changes", columns, world.steps)


def _with_owners(pipeline: Pipeline) -> Log:
    """The deal changes, and those that come from handing over the account."""
    world, deals, told = pipeline.world, pipeline.deals, pipeline.logs.steps
    which, step = told["deal"], told["step"]
    before = world.reps.owner[np.maximum(step - 1, 0), deals.account[which]]
    after = world.reps.owner[step, deals.account[which]]
    moved = before != after
    changes, log = pipeline.logs.changes, Log("deal", "moment", "field", "old", "new")
    log.add(
        changes["deal"], changes["moment"], changes["field"],
        changes.numbers("old"), changes.numbers("new"),
    )  # fmt: skip
    log.add(
        which[moved],
        world.steps.opening(step[moved]) + 5 * MINUTE,
        np.full(int(moved.sum()), deal.OWNER_FIELD),
        before[moved].astype(np.float64),
        after[moved].astype(np.float64),
    )
    return log


def _value(field: Ints, number: Floats) -> pl.Series:
    """The text of a changed value; null where there was none."""
    whole = np.nan_to_num(number).astype(np.int64)

    def of(*fields: int) -> Ints:
        return np.where(np.isin(field, fields) & ~np.isnan(number), whole, -1)

    day = of(deal.CLOSE_DATE_FIELD)
    is_number = np.isin(field, (deal.AMOUNT_FIELD, deal.PROBABILITY_FIELD))
    parts = pl.DataFrame(
        {
            "stage": words(deal.STAGES, of(deal.STAGE_FIELD)),
            "day": dates(np.where(day < 0, NEVER, day)).dt.strftime("%Y-%m-%d"),
            "number": amounts(np.where(is_number, number, np.nan)).cast(pl.String),
            "owner": REP_IDS.of(of(deal.OWNER_FIELD)),
            "forecast": words(deal.FORECASTS, of(deal.FORECAST_FIELD)),
        }
    )
    return parts.select(pl.coalesce("stage", "day", "number", "owner", "forecast").alias("value"))[
        "value"
    ]


def opportunity_contact_frame(
    rng: np.random.Generator, pipeline: Pipeline, attached: Log
) -> pl.DataFrame:
    """Who is known to take part in which deal."""
    rank = deal_order(pipeline)[attached["deal"]]
    order = by_moment(attached["moment"], rank, attached["contact"])
    role = rng.integers(0, 4, len(order))
    columns = {
        "opportunity_id": DEAL_IDS.of(rank[order]),
        "contact_id": CONTACT_IDS.of(attached["contact"][order]),
        "role": words(("decision maker", "user", "technical buyer", "influencer"), role),
        "is_primary": flags(attached["is_first"][order]),
        "created_at": times(attached["moment"][order]),
    }
    return table("opportunity_contacts", columns, pipeline.world.steps)


def quote_frame(rng: np.random.Generator, pipeline: Pipeline) -> pl.DataFrame:
    """Quotes, each with its list value and what was offered."""
    quotes, rank = pipeline.logs.quotes, deal_order(pipeline)
    order = by_moment(quotes["moment"], rank[quotes["deal"]])
    terms = rng.choice(3, len(order), p=(0.5, 0.3, 0.2))
    columns = {
        "quote_id": QUOTE_IDS.of(np.arange(len(order))),
        "opportunity_id": DEAL_IDS.of(rank[quotes["deal"]][order]),
        "quoted_at": times(quotes["moment"][order]),
        "list_amount": amounts(quotes.numbers("list_amount")[order]),
        "amount": amounts(quotes.numbers("amount")[order]),
        "billing_terms": words(BILLING_TERMS, terms),
    }
    return table("quotes", columns, pipeline.world.steps)


def covenant_frame(pipeline: Pipeline, covenants: Log) -> pl.DataFrame:
    """Promises of the buyer's side, kept or not."""
    rank = deal_order(pipeline)[covenants["deal"]]
    order = by_moment(covenants["agreed"], rank)
    columns = {
        "covenant_id": COVENANT_IDS.of(np.arange(len(order))),
        "opportunity_id": DEAL_IDS.of(rank[order]),
        "agreed_at": times(covenants["agreed"][order]),
        "stage": words(deal.STAGES, covenants["stage"][order]),
        "kind": words(COVENANT_KINDS, covenants["kind"][order]),
        "due_on": dates(covenants["due"][order]),
        "met_at": times(covenants["met"][order]),
    }
    return table("covenants", columns, pipeline.world.steps)


def stage_frame(steps: Steps) -> pl.DataFrame:
    """The sales process."""
    columns = {
        "stage": pl.Series("stage", deal.STAGES),
        "sort_order": pl.Series("sort_order", range(1, len(deal.STAGES) + 1), dtype=pl.Float64),
        "is_closed": pl.Series("is_closed", [False] * 4 + [True] * 2),
        "is_won": pl.Series("is_won", [False] * 4 + [True, False]),
        "phase": pl.Series("phase", STAGE_PHASES, dtype=pl.String),
    }
    return table("stages", columns, steps)
