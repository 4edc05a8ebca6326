"""Pursuit: the week-by-week life of deals and contracts, as competing hazards.

`step` moves a pipeline by one week with the generator it is given. Latent state, owners and
effort come from outside and are not changed here.
"""

import numpy as np

from features.crm.synthetic import deals as deal
from features.crm.synthetic.contracts import Contracts, nearest_term
from features.crm.synthetic.hazards import Hazards, hazards
from features.crm.synthetic.opening import open_deals
from features.crm.synthetic.pipeline import Pipeline, World, start_pipeline
from features.crm.synthetic.terms import edit_amounts, mend_dates, quote, sweeten
from features.crm.synthetic.weeks import NEVER, Floats, Ints, to_day


def run_pipeline(rng: np.random.Generator, world: World) -> Pipeline:
    """Live through every week."""
    pipeline = start_pipeline(rng, world)
    for week in range(world.weeks.count):
        step(rng, pipeline, week)
    return pipeline


def step(rng: np.random.Generator, pipeline: Pipeline, week: int) -> None:
    """Move everything by one week: contracts, events of open deals, then new deals."""
    world, deals = pipeline.world, pipeline.deals
    _cancel_silently(rng, pipeline, week)
    gone = pipeline.portfolio.run_on(rng, world.params.contracts, world.weeks, week)
    is_open = deals.open_deals()
    moment = world.weeks.moment(rng, np.full(len(is_open), week))
    rates = hazards(pipeline, week, is_open)
    event = draw_event(rng, rates)
    churned = (deals.kind[is_open] == deal.EXPANSION) & np.isin(deals.account[is_open], gone)
    event[churned] = deal.LOST
    _log_week(pipeline, week, is_open)
    for outcome, happens in ((deal.PROPOSE, _advance), (deal.LOST, _lose), (deal.WON, _win)):
        hit = event == outcome
        happens(rng, pipeline, week, (is_open[hit], moment[hit]))
    left = is_open[event < 0]
    _cool(rng, pipeline, week, (left, rates.drive[event < 0]))
    mend_dates(rng, pipeline, week, left)
    edit_amounts(rng, pipeline, week, left)
    open_deals(rng, pipeline, week)
    pipeline.is_customer[week] = pipeline.portfolio.main >= 0


def _cancel_silently(rng: np.random.Generator, pipeline: Pipeline, week: int) -> None:
    """Customers without a renewal deal who cancel in their notice window."""
    portfolio, params = pipeline.portfolio, pipeline.world.params.contracts
    today = int(pipeline.world.weeks.day(week))
    left = portfolio.ends - today
    is_due = (left > params.notice_days) & (left < 182) & ~portfolio.is_leaving
    held = np.flatnonzero((portfolio.main >= 0) & is_due & (portfolio.renewal < 0))
    contract = portfolio.main[held]
    contracts = portfolio.contracts
    held = held[contracts.is_auto[contract] & (contracts.opens[contract] == NEVER)]
    unhealthy = np.exp(-1.1 * pipeline.world.latent.health[week, held])
    held = held[rng.random(len(held)) < params.cancel * unhealthy]
    moment = pipeline.world.weeks.moment(rng, np.full(len(held), week))
    portfolio.cancel(portfolio.main[held], moment)


def _log_week(pipeline: Pipeline, week: int, which: Ints) -> None:
    deals = pipeline.deals
    pipeline.logs.weeks.add(
        which,
        np.full(len(which), week),
        deals.stage[which],
        deals.is_stalled[which],
        deals.is_abandoned[which],
    )


def _move(pipeline: Pipeline, week: int, stage: Ints, event: tuple[Ints, Ints]) -> None:
    """Set and log the stage, and the probability that the CRM prints beside it."""
    which, moment = event
    deals, table = pipeline.deals, np.array(deal.PROBABILITIES)
    old, new = deals.stage[which].astype(np.float64), stage.astype(np.float64)
    pipeline.logs.change(which, moment, field=deal.STAGE_FIELD, old=old, new=new)
    chances = table[deals.stage[which]], table[stage]
    pipeline.logs.change(
        which, moment, field=deal.PROBABILITY_FIELD, old=chances[0], new=chances[1]
    )
    deals.stage[which] = stage
    deals.stage_week[which] = week


def _advance(
    rng: np.random.Generator, pipeline: Pipeline, week: int, event: tuple[Ints, Ints]
) -> None:
    """Next stage; a proposal and a negotiation come with a quote."""
    which, moment = event
    deals = pipeline.deals
    _move(pipeline, week, deals.stage[which] + 1, event)
    deals.is_stalled[which] = False
    is_quoted = deals.stage[which] >= deal.PROPOSE
    quote(rng, pipeline, week, (which[is_quoted], moment[is_quoted]))


def _close(pipeline: Pipeline, week: int, stage: int, event: tuple[Ints, Ints]) -> None:
    """Stamp the close; the CRM overwrites the committed date with the real one."""
    which, moment = event
    deals = pipeline.deals
    _move(pipeline, week, np.full(len(which), stage), event)
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
    pipeline.last_close[deals.kind[which], deals.account[which]] = week


def _lose(_: np.random.Generator, pipeline: Pipeline, week: int, event: tuple[Ints, Ints]) -> None:
    """Close as lost; a lost renewal cancels the contract that it was to renew."""
    which = event[0]
    _close(pipeline, week, deal.LOST, event)
    portfolio, deals = pipeline.portfolio, pipeline.deals
    ended = which[deals.kind[which] == deal.RENEWAL]
    portfolio.cancel(deals.contract[ended], deals.closed[ended])
    portfolio.renewal[deals.account[ended]] = -1


def _win(rng: np.random.Generator, pipeline: Pipeline, week: int, event: tuple[Ints, Ints]) -> None:
    """Close as won and sign what was sold."""
    which = event[0]
    sweeten(rng, pipeline, week, event)
    _close(pipeline, week, deal.WON, event)
    deals, portfolio = pipeline.deals, pipeline.portfolio
    kind, account = deals.kind[which], deals.account[which]
    for sold in (deal.NEW, deal.RENEWAL, deal.EXPANSION):
        chosen = which[kind == sold]
        if len(chosen):
            batch = _signed(rng, pipeline, chosen, sold)
            portfolio.sign(rng, pipeline.world.params.contracts, batch)
    renewed = which[kind == deal.RENEWAL]
    portfolio.renew(deals.contract[renewed], deals.closed[renewed])
    portfolio.renewal[account[kind == deal.RENEWAL]] = -1


def _signed(rng: np.random.Generator, pipeline: Pipeline, which: Ints, kind: int) -> Contracts:
    """The contracts of deals of one kind won this week; at most one main one an account."""
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
    )


def _cool(
    rng: np.random.Generator, pipeline: Pipeline, week: int, cold: tuple[Ints, Floats]
) -> None:
    """Deals fall silent, wake, or are given up without being closed."""
    left, drive = cold
    deals, params = pipeline.deals, pipeline.world.params.pursuit
    draw = rng.random((2, len(left)))
    silent = deals.is_stalled[left]
    falls = ~silent & (draw[0] < params.stall * np.exp(-0.4 * drive))
    wakes = silent & (draw[0] < params.revive * np.exp(0.3 * drive))
    overdue = deals.close_day[left] < int(pipeline.world.weeks.day(week))
    is_sale = deals.kind[left] != deal.RENEWAL
    dropped = silent & ~wakes & overdue & is_sale & (draw[1] < params.abandon)
    deals.is_stalled[left] = (silent | falls) & ~wakes
    deals.is_abandoned[left] |= dropped


def draw_event(rng: np.random.Generator, rates: Hazards) -> Ints:
    """At most one event a deal and week: PROPOSE stands for the next stage, -1 for none."""
    total = rates.advance + rates.loss + rates.win
    happens = rng.random(len(total)) < -np.expm1(-total)
    which = rng.random(len(total)) * total
    event = np.where(which < rates.advance, deal.PROPOSE, deal.LOST)
    event = np.where(which >= rates.advance + rates.loss, deal.WON, event)
    return np.where(happens & (total > 0), event, -1)
