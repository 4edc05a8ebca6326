"""Pursuit: the life of deals and contracts from step to step, as competing hazards.

`live` moves a pipeline by one step with the generator it is given. Latent state, owners and
effort come from outside and are not changed here.
"""

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.contracts import Contracts, nearest_term
from features.crm.synthetic.display import forecast, shown_stage
from features.crm.synthetic.hazards import Hazards, hazards
from features.crm.synthetic.opening import open_deals
from features.crm.synthetic.pipeline import Pipeline, World, start_pipeline
from features.crm.synthetic.steps import NEVER, Floats, Ints, to_day
from features.crm.synthetic.terms import edit_amounts, mend_dates, quote, sweeten


def run_pipeline(rng: np.random.Generator, world: World) -> Pipeline:
    """Live through every step."""
    pipeline = start_pipeline(rng, world)
    for step in range(world.steps.count):
        live(rng, pipeline, step)
    return pipeline


def live(rng: np.random.Generator, pipeline: Pipeline, step: int) -> None:
    """Move everything by one step: contracts, events of open deals, then new deals."""
    world, deals = pipeline.world, pipeline.deals
    _cancel_silently(rng, pipeline, step)
    gone = pipeline.portfolio.run_on(
        rng,
        world.params.contracts,
        steps=world.steps,
        step=step,
        volume=world.latent.volume[step],
    )
    is_open = deals.open_deals()
    moment = world.steps.moment(rng, np.full(len(is_open), step))
    rates = hazards(pipeline, step, is_open)
    event = draw_event(rng, rates, share=float(world.steps.share[step]))
    churned = (deals.kind[is_open] == deal.EXPANSION) & np.isin(deals.account[is_open], gone)
    event[churned] = deal.LOST
    _log_step(pipeline, step, is_open)
    for outcome, happens in ((deal.PROPOSE, _advance), (deal.LOST, _lose), (deal.WON, _win)):
        hit = event == outcome
        happens(rng, pipeline, step, (is_open[hit], moment[hit]))
    left = is_open[event < 0]
    _cool(rng, pipeline, step, (left, rates.drive[event < 0]))
    mend_dates(rng, pipeline, step, left)
    edit_amounts(rng, pipeline, step, left)
    open_deals(rng, pipeline, step)
    pipeline.is_customer[step] = pipeline.portfolio.main >= 0


def _cancel_silently(rng: np.random.Generator, pipeline: Pipeline, step: int) -> None:
    """Customers without a renewal deal who cancel in their notice window."""
    portfolio, params = pipeline.portfolio, pipeline.world.params.contracts
    today = int(pipeline.world.steps.day(step))
    left = portfolio.ends - today
    is_due = (left > params.notice_days) & (left < 182) & ~portfolio.is_leaving
    held = np.flatnonzero((portfolio.main >= 0) & is_due & (portfolio.renewal < 0))
    contract = portfolio.main[held]
    contracts = portfolio.contracts
    held = held[contracts.is_auto[contract] & (contracts.opens[contract] == NEVER)]
    unhealthy = np.exp(-1.1 * pipeline.world.latent.health[step, held])
    rate = params.cancel * pipeline.world.steps.share[step] / np.exp(pipeline.world.easing(step))
    held = held[rng.random(len(held)) < rate * unhealthy]
    moment = pipeline.world.steps.moment(rng, np.full(len(held), step))
    portfolio.cancel(portfolio.main[held], moment)


def _log_step(pipeline: Pipeline, step: int, which: Ints) -> None:
    deals = pipeline.deals
    pipeline.logs.steps.add(
        which,
        np.full(len(which), step),
        deals.stage[which],
        deals.is_stalled[which],
        deals.is_abandoned[which],
    )


def _move(
    rng: np.random.Generator, pipeline: Pipeline, step: int, stage: Ints, event: tuple[Ints, Ints]
) -> None:
    """Set the stage, and log what is shown of it: stage, printed probability, forecast category."""
    which, moment = event
    deals, world, table = pipeline.deals, pipeline.world, np.array(deal.PROBABILITIES)
    owner = world.reps.owner[step, deals.account[which]]
    old = deals.shown[which]
    new = np.where(stage >= deal.WON, stage, shown_stage(rng, pipeline, step, (which, stage)))
    told = (
        (deal.STAGE_FIELD, old.astype(np.float64), new.astype(np.float64)),
        (deal.PROBABILITY_FIELD, table[old], table[new]),
        (deal.FORECAST_FIELD, deals.forecast[which], forecast(rng, pipeline, new, owner)),
    )
    for field, was, now in told:
        moved = was != now
        pipeline.logs.change(
            which[moved], moment[moved], field=field, old=was[moved], new=now[moved]
        )
    deals.forecast[which] = told[-1][-1]
    deals.shown[which] = new
    deals.stage[which] = stage
    deals.stage_since[which] = int(world.steps.day(step))


def _advance(
    rng: np.random.Generator, pipeline: Pipeline, step: int, event: tuple[Ints, Ints]
) -> None:
    """Next stage; a proposal and a negotiation come with a quote."""
    which, moment = event
    deals = pipeline.deals
    _move(rng, pipeline, step, deals.stage[which] + 1, event)
    deals.is_stalled[which] = False
    is_quoted = deals.stage[which] >= deal.PROPOSE
    quote(rng, pipeline, step, (which[is_quoted], moment[is_quoted]))


def _close(
    rng: np.random.Generator, pipeline: Pipeline, step: int, stage: int, event: tuple[Ints, Ints]
) -> None:
    """Stamp the close; the CRM overwrites the committed date with the real one."""
    which, moment = event
    deals = pipeline.deals
    _move(rng, pipeline, step, np.full(len(which), stage), event)
    day = to_day(moment)
    moved = deals.close_day[which] != day
    pipeline.logs.change(
        which[moved],
        moment[moved],
        field=deal.CLOSE_DATE_FIELD,
        old=deals.close_day[which][moved].astype(np.float64),
        new=day[moved].astype(np.float64),
    )
    deals.close_day[which] = day
    deals.closed[which] = moment
    today = int(pipeline.world.steps.day(step))
    pipeline.last_close[deals.kind[which], deals.account[which]] = today


def _lose(
    rng: np.random.Generator, pipeline: Pipeline, step: int, event: tuple[Ints, Ints]
) -> None:
    """Close as lost; a lost renewal cancels the contract that it was to renew."""
    which = event[0]
    _close(rng, pipeline, step, deal.LOST, event)
    portfolio, deals = pipeline.portfolio, pipeline.deals
    ended = which[deals.kind[which] == deal.RENEWAL]
    portfolio.cancel(deals.contract[ended], deals.closed[ended])
    portfolio.renewal[deals.account[ended]] = -1


def _win(rng: np.random.Generator, pipeline: Pipeline, step: int, event: tuple[Ints, Ints]) -> None:
    """Close as won and sign what was sold."""
    which = event[0]
    sweeten(rng, pipeline, step, event)
    _close(rng, pipeline, step, deal.WON, event)
    deals, portfolio = pipeline.deals, pipeline.portfolio
    kind, account = deals.kind[which], deals.account[which]
    for sold in (deal.NEW, deal.RENEWAL, deal.EXPANSION):
        chosen = which[kind == sold]
        if len(chosen):
            batch = _signed(rng, pipeline, step, (sold, chosen))
            portfolio.sign(rng, pipeline.world.params.contracts, batch)
    renewed = which[kind == deal.RENEWAL]
    portfolio.renew(deals.contract[renewed], deals.closed[renewed])
    portfolio.renewal[account[kind == deal.RENEWAL]] = -1


def _signed(
    rng: np.random.Generator, pipeline: Pipeline, step: int, sold: tuple[int, Ints]
) -> Contracts:
    """The contracts of deals of one kind won now; at most one main one an account."""
    kind, which = sold
    deals, portfolio, params = pipeline.deals, pipeline.portfolio, pipeline.world.params.contracts
    n, account = len(which), pipeline.deals.account[which]
    closed, ends = to_day(deals.closed[which]), portfolio.ends[account]
    starts = closed + rng.integers(1, 15, n)
    term = rng.choice(params.terms, n, p=params.term_shares)
    is_auto = rng.random(n) < params.auto_renews
    last = starts + term - 1
    if kind == deal.RENEWAL:
        old = portfolio.main[account]
        length = portfolio.contracts.ends[old] - portfolio.contracts.starts[old] + 1
        starts, last = ends + 1, ends + nearest_term(params, length)
        is_auto = portfolio.contracts.is_auto[old]
    if kind == deal.EXPANSION:
        last = np.maximum(ends, starts)
        is_auto = np.zeros(n, dtype=np.bool_)
    return Contracts(
        account=account,
        starts=starts,
        ends=last,
        value=deals.amount[which],
        is_auto=is_auto,
        is_addon=np.full(n, kind == deal.EXPANSION),
        recorded=deals.closed[which],
        volume=pipeline.world.latent.volume[step, account],
    )


def _cool(
    rng: np.random.Generator, pipeline: Pipeline, step: int, cold: tuple[Ints, Floats]
) -> None:
    """Deals fall silent, wake, or are given up without being closed."""
    left, drive = cold
    deals, params = pipeline.deals, pipeline.world.params.pursuit
    share = pipeline.world.steps.share[step]
    draw = rng.random((2, len(left))) / share
    silent = deals.is_stalled[left]
    falls = ~silent & (draw[0] < params.stall * np.exp(-0.4 * drive))
    wakes = silent & (draw[0] < params.revive * np.exp(0.3 * drive))
    overdue = deals.close_day[left] < int(pipeline.world.steps.day(step))
    is_sale = deals.kind[left] != deal.RENEWAL
    dropped = silent & ~wakes & overdue & is_sale & (draw[1] < params.abandon)
    deals.is_stalled[left] = (silent | falls) & ~wakes
    deals.is_abandoned[left] |= dropped


def draw_event(rng: np.random.Generator, rates: Hazards, *, share: float) -> Ints:
    """At most one event a deal in a step of so many weeks.

    PROPOSE stands for the next stage, -1 for none.
    """
    total = rates.advance + rates.loss + rates.win
    happens = rng.random(len(total)) < -np.expm1(-total * share)
    which = rng.random(len(total)) * total
    event = np.where(which < rates.advance, deal.PROPOSE, deal.LOST)
    event = np.where(which >= rates.advance + rates.loss, deal.WON, event)
    return np.where(happens & (total > 0), event, -1)
